/** Half precision, by rounding after every operation: what stays bounded and what does not. */
import { describe, expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import { stepFactor } from "../../src/optim/factor.ts";
import * as optim from "../../src/optim/index.ts";
import { inverseRoot, newtonInverse, orthonormalColumns } from "../../src/optim/roots.ts";
import { structureOf } from "../../src/optim/structures/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { jit, lowPrecision, type Tensor } from "../../src/tensor/index.ts";
import { eye, inverse, type Matrix, matrixOf, norm, plus, scale, T, times } from "./matrices.ts";
import { inside } from "./steps.ts";

const n = 16;

/** Rows A and S = AᵀA with eigenvalues from low to high, evenly in the logarithm. */
async function spectrum(low: number, high: number): Promise<{ rows: number[][]; s: number[][] }> {
  const q = matrixOf(await jit((x: Tensor) => orthonormalColumns(x))(randomStream("spectrum").normal([n, n], "f64")));
  const rows = q.map((row, i) => row.map((v) => v * Math.sqrt(low * (high / low) ** (i / (n - 1)))));
  return { rows, s: times(T(rows), rows) };
}

const f32 = (a: Matrix): NdArray => nd.array(a as number[][]);

interface Factors {
  readonly k: { readonly full: NdArray };
  readonly mk?: { readonly full: NdArray };
  readonly pk: NdArray;
}

/** The state of a layer of 16 inputs, whose second moment is S in every one of the steps. */
async function onFixedInputs(optimizer: optim.Optimizer, rows: Matrix, steps: number): Promise<Factors> {
  const loss = (p: { w: Tensor }, x: Tensor): Tensor => x.matmul(p.w).sum();
  const params = { w: nd.allocate("f32", [n, 1]) };
  const x = f32(scale(rows, Math.sqrt(n)));
  const { layers } = optim.layersOf(loss)(params, x);
  const program = jit(
    (p: { w: Tensor }, s: optim.State, x: Tensor) =>
      pf.scan(
        (s: optim.State) => {
          const [, grads, curvature] = optim.withCurvature(loss)(p, x);
          return { carry: optimizer.update(grads, s, p, { curvature, batchSize: n }).state };
        },
        s,
        steps,
      ).carry,
  );
  return inside(await program(params, optimizer.init(params, layers), x)).factors.w;
}

const residual = (inverse: Matrix, s: Matrix, damping: number): number =>
  norm(plus(times(inverse, plus(s, eye(n), damping)), eye(n), -1)) / Math.sqrt(n);
const square = (k: Matrix): number[][] => times(k, T(k));

describe("factors kept by products in bf16", () => {
  const settings = {
    damping: 1e-3,
    precondLr: 0.2,
    precision: "bf16",
    precondEvery: 1,
    structure: "dense",
    initialScale: "identity",
  } as const;

  test("stay finite and near their fixed point for 800 updates at condition 10⁴", async () => {
    const { rows, s } = await spectrum(1e-3, 10);
    const { k } = await onFixedInputs(optim.ikfac(1e-9, settings as object), rows, 800);
    const K = matrixOf(k.full);
    expect(toNumbers(k.full).every(Number.isFinite)).toBe(true);
    // m = ½ (Kᵀ (S + λI) K - I) may stall where β m / 2 is half a bf16 ulp: at 2⁻⁸ / β = 0.02.
    const m = scale(plus(times(times(T(K), plus(s, eye(n), 1e-3)), K), eye(n), -1), 0.5);
    expect(Math.max(...m.flat().map(Math.abs))).toBeLessThan(0.05);
  });

  test("invert the curvature at condition 10² to 10 %", async () => {
    const { rows, s } = await spectrum(0.1, 10);
    const { k } = await onFixedInputs(optim.ikfac(1e-9, settings as object), rows, 800);
    expect(residual(square(matrixOf(k.full)), s, 1e-3)).toBeLessThan(0.1);
  });
});

test("KFAC's inverse is right in f32 and not in bf16 or f16", async () => {
  const { rows, s } = await spectrum(1e-3, 10);
  const run = async (precision: "full" | "bf16" | "f16") => {
    const { pk } = await onFixedInputs(optim.kfac(1e-9, { damping: 1e-3, precondLr: 0.2, precondEvery: 1, precision }), rows, 100);
    return residual(matrixOf(pk), s, 1e-3);
  };
  const [full, bf16, f16] = [await run("full"), await run("bf16"), await run("f16")];
  // Some times n κ ε = 10 · 10⁴ · 6e-8: the order of additions decides.
  expect(full).toBeLessThan(0.02);
  // Eight bits are too few for a condition of 10⁴, and eleven too.
  expect(bf16).toBeGreaterThan(0.5);
  expect(f16).toBeGreaterThan(0.1);
});

test("Shampoo's root is right in f32 and not in bf16", async () => {
  const { s } = await spectrum(1e-3, 10);
  const root = async (mode: "bf16" | undefined) => {
    const f = (a: Tensor): Tensor => inverseRoot(a, 4);
    const r = matrixOf(await jit(mode ? lowPrecision(mode, f) : f)(f32(s)));
    const four = times(times(r, r), times(r, r));
    return norm(plus(times(four, s), eye(n), -1)) / Math.sqrt(n);
  };
  expect(await root(undefined)).toBeLessThan(0.01);
  expect(await root("bf16")).toBeGreaterThan(0.5);
});

test("Kᵀ(SK) with S kept in bf16 is no longer positive and diverges; rows times K, then their product, does not", async () => {
  const { rows, s } = await spectrum(1e-3, 10);
  const family = structureOf("dense")(n);
  const settings = { precondMomentum: 0, momentumMode: "ema", cap: "none", exponential: 1 } as const;
  const largest = async (curvature: (k: Tensor, s: Tensor, a: Tensor) => Tensor): Promise<number> => {
    const update = lowPrecision("bf16", ({ k }: { k: Tensor }, s: Tensor, a: Tensor) => {
      const h = { full: curvature(k, s, a) };
      const m = family.addIdentity({ full: h.full.mul(0.5) }, -0.5);
      return { carry: { k: stepFactor(family, { full: k }, undefined, m, 0.05, settings).k.full } };
    });
    const k = await jit((s: Tensor, a: Tensor) => pf.scan((c: { k: Tensor }) => update(c, s, a), { k: pf.eye(n) }, 800).carry.k)(
      f32(s),
      f32(rows),
    );
    const values = toNumbers(k).map(Math.abs);
    return values.every(Number.isFinite) ? Math.max(...values) : Number.POSITIVE_INFINITY;
  };
  expect(await largest((k, s) => k.transpose().matmul(s.roundTo("bf16").matmul(k)))).toBeGreaterThan(1e6);
  expect(
    await largest((k, _, a) => {
      const y = a.matmul(k);
      return y.transpose().matmul(y);
    }),
  ).toBeLessThan(100);
});

describe("training with every factor rounded", () => {
  const rng = randomStream("precision");
  const x = rng.normal([64, 12]);
  // Badly scaled inputs: a condition number of 10⁴ of their second moment.
  for (let i = 0; i < x.data.length; i++) (x.data as Float32Array)[i] *= 10 ** (-2 * ((i % 12) / 11));
  const teacher = rng.normal([12, 3]);
  const labels = jit((x: Tensor, t: Tensor) => pf.argmax(x.matmul(t), -1));
  const loss = (p: { a: { w: Tensor; b: Tensor }; b: { w: Tensor; b: Tensor } }, x: Tensor, y: Tensor): Tensor =>
    pf
      .takeAlong(pf.logSoftmax(pf.tanh(x.matmul(p.a.w).add(p.a.b)).matmul(p.b.w).add(p.b.b)), y.expandDims(1))
      .mean()
      .neg();
  const normal = (shape: number[], by: number): NdArray => {
    const a = rng.normal(shape);
    for (let i = 0; i < a.data.length; i++) (a.data as Float32Array)[i] *= by;
    return a;
  };
  const init = {
    a: { w: normal([12, 16], 0.3), b: nd.allocate("f32", [16]) },
    b: { w: normal([16, 3], 0.25), b: nd.allocate("f32", [3]) },
  };

  const last = async (name: string, options: object): Promise<number> => {
    const y = await labels(x, teacher);
    const steps = 60;
    const run = optim.training(loss, optim.makeOptimizer(name, { lr: optim.cosine(0.02, steps), ...options }));
    let [params, state]: [pf.Arrays<Parameters<typeof loss>[0]>, ReturnType<typeof run.init>] = [init, run.init(init, x, y)];
    let value = Number.NaN;
    for (let i = 0; i < steps; i++) {
      const next = await run.step(params, state, x, y);
      [params, state, value] = [next.params, next.state, next.value];
    }
    return value;
  };

  test.each([
    ["if-shampoo", { damping: 1e-3 }],
    ["singd", { damping: 1e-3, structure: "dense" }],
    ["singd", { damping: 1e-3, structure: "hierarchical(4,4)" }],
    ["singd", { damping: 1e-3, structure: "toeplitz-lower" }],
    ["ikfac", { damping: 1e-3 }],
  ] as const)("%s %o reaches the loss it reaches in f32", async (name, options) => {
    const [full, half] = [await last(name, options), await last(name, { ...options, precision: "bf16" })];
    expect(half).toBeLessThan(1.1 * full + 0.02);
    expect(await last(name, { ...options, precision: "f16" })).toBeLessThan(1.1 * full + 0.02);
  });
});

test("the inverse of Newton's iteration in f32 is good up to a condition number of about 10⁵", async () => {
  const { s } = await spectrum(1e-4, 10);
  const x = matrixOf(await jit((a: Tensor) => newtonInverse(a))(f32(s)));
  const exact = inverse(s);
  expect(norm(plus(x, exact, -1)) / norm(exact)).toBeLessThan(0.05);
});

describe("a training in bf16 as long as bf16 cannot count", () => {
  const rng = randomStream("count");
  const [x, y] = [rng.normal([8, 3]), rng.normal([8, 2])];
  const loss = (p: { w: Tensor; b: Tensor }): Tensor =>
    pf.constant(x).matmul(p.w).add(p.b).sub(pf.constant(y)).square().sum(-1).mean().mul(0.5);
  const params = { w: nd.allocate("f32", [3, 2]), b: nd.allocate("f32", [2]) };
  const { layers } = optim.layersOf(loss)(params);

  /** Parameters and scalars of the state after n steps of a rate that falls to zero in 300. */
  const trainedFor = async (name: string, mode: "bf16" | undefined, n: number) => {
    const optimizer = optim.makeOptimizer(name, { lr: optim.warmUp(20, optim.linear(0.01, 0, 280)) });
    type Carry = { readonly p: { w: Tensor; b: Tensor }; readonly s: optim.State };
    const one = ({ p, s }: Carry): Carry => {
      const [, grads, curvature] = optim.withCurvature(loss)(p);
      const { updates, state } = optimizer.update(grads, s, p, { curvature, batchSize: 8 });
      return { p: optim.applyUpdates(p, updates), s: state };
    };
    const step = mode ? lowPrecision(mode, one) : one;
    const program = jit((c: Carry) => pf.scan((c: Carry) => ({ carry: step(c) }), c, n).carry);
    const end = await program({ p: params, s: optimizer.init(params, layers) });
    const scalars = (nd.flatten(end.s, nd.isArrayLeaf).leaves as NdArray[]).filter((a) => a.shape.length === 0).flatMap(toNumbers);
    return { p: [end.p.w, end.p.b].flatMap(toNumbers), scalars };
  };

  test.each(Object.keys(optim.optimizers))("%s: counters and weights are those of f32, and the rate reaches zero", async (name) => {
    const low = await trainedFor(name, "bf16", 300);
    expect(low.scalars).toContain(300);
    expect(low.scalars).toEqual((await trainedFor(name, undefined, 300)).scalars);
    expect(low.p.every(Number.isFinite)).toBe(true);
    expect((await trainedFor(name, "bf16", 310)).p).toEqual(low.p);
  });
});
