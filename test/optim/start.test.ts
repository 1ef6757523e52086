/** How trainings of factors begin, and what keeps them in the middle of their format. */
import { describe, expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import * as optim from "../../src/optim/index.ts";
import { equal, jit, lowPrecision, type Tensor } from "../../src/tensor/index.ts";
import { eye, f64, scale } from "./matrices.ts";
import { follow, inside, near } from "./steps.ts";

interface Net<A = Tensor> {
  readonly first: { readonly w: A };
  readonly shift: A;
}

const rng = randomStream("start");
const x = rng.normal([8, 3], "f64");
const y = rng.normal([8, 2], "f64");
const loss = (p: Net, x: Tensor, y: Tensor): Tensor =>
  x.matmul(p.first.w).mul(p.shift.square().add(1)).sub(y).square().sum(-1).mean().mul(0.5);
const params: Net<NdArray> = { first: { w: rng.normal([3, 2], "f64") }, shift: nd.array([0.5, -0.2], "f64") };

/** Parameters and inner states after each step. */
async function trained(optimizer: optim.Optimizer, steps: number): Promise<{ params: Net<NdArray>; state: object }[]> {
  const run = optim.training(loss, optimizer);
  let [p, state] = [params, run.init(params, x, y)];
  const seen: { params: Net<NdArray>; state: object }[] = [];
  for (let i = 0; i < steps; i++) {
    ({ params: p, state } = await run.step(p, state, x, y));
    seen.push({ params: p, state: state.inner });
  }
  return seen;
}

describe("factors that start matched to a batch", () => {
  test("if-shampoo: the first update finds the scale, in whichever step it is due", async () => {
    const g = f64([
      [300, -20],
      [10, 4],
    ]);
    const settings = { momentum: 0, weightDecay: 0, precondMomentum: 0, cap: "none" } as const;
    const first = await follow(
      optim.ifShampoo(0.1, { ...settings, precondEvery: 1 }),
      f64([
        [0, 0],
        [0, 0],
      ]),
      [g],
      4,
    );
    const third = await follow(
      optim.ifShampoo(0.1, { ...settings, precondEvery: (s) => equal(s, 2) }),
      f64([
        [0, 0],
        [0, 0],
      ]),
      [g, g, g],
      4,
    );
    near(third[2].u, toNumbers(first[0].u), 1e-12);
  });

  test.each(["singd", "ikfac"])("%s: the first update finds the scale, in whichever step it is due", async (name) => {
    const still = { lr: 1e-300, weightDecay: 0, momentum: 0 };
    const [first] = await trained(optim.makeOptimizer(name, { ...still, precondEvery: 1 }), 1);
    const later = await trained(optim.makeOptimizer(name, { ...still, precondEvery: (s: Tensor) => equal(s, 2) }), 3);
    for (const part of ["k", "c"]) {
      near(inside(later[1].state).factors["first.w"][part].full, eye(part === "k" ? 3 : 2).flat(), 0);
      near(inside(later[2].state).factors["first.w"][part].full, toNumbers(inside(first.state).factors["first.w"][part].full), 1e-12);
    }
  });

  test("they wait for the first gradient that is not zero", async () => {
    const g = f64([
      [3, -2],
      [1, 4],
    ]);
    const settings = { momentum: 0, weightDecay: 0, precondEvery: 1 };
    const zero = f64(scale(eye(2), 0));
    const now = await follow(optim.ifShampoo(0.1, settings), zero, [g], 4);
    const later = await follow(optim.ifShampoo(0.1, settings), zero, [zero, zero, g], 4);
    near(later[2].u, toNumbers(now[0].u), 1e-12);
  });
});

describe("burn-in", () => {
  const settings = { precondEvery: 1, fallbackRatio: 1 };

  test("moves nothing but the factors: the fallback's moments stay at their start", async () => {
    const steps = await trained(optim.singd(0.1, { ...settings, burnIn: 3 }), 3);
    const { fallback, factors } = inside(steps[2].state);
    expect(steps[2].params).toEqual(params);
    expect(toNumbers(fallback.sum.shift)).toEqual([0, 0]);
    expect(toNumbers(fallback.step)).toEqual([0]);
    expect(toNumbers(factors["first.w"].k.full)).not.toEqual(eye(3).flat());
  });

  test("the fallback begins after it, at the rate that all others have then", async () => {
    const rate = optim.linear(0.1, 0, 10);
    const steps = await trained(optim.singd(rate, { ...settings, burnIn: 4, weightDecay: 0 }), 5);
    // Adam's first step is the rate times the sign of the gradient: 0.1 (1 - 4/10), up to ε
    const moved = toNumbers(steps[4].params.shift).map((v, i) => Math.abs(v - toNumbers(params.shift)[i]));
    near(nd.array(moved, "f64"), [0.06, 0.06], 1e-6);
  });
});

describe("sizes of factors in half precision", () => {
  /** A state with K times c and C divided by c. */
  const skewed = (state: object, c: number): object =>
    nd.mapTree((a: NdArray, path: string) => {
      const by = /\.k\.full$|\.k\.0\.full$/.test(path) ? c : /\.c\.full$|\.k\.1\.full$/.test(path) ? 1 / c : 1;
      return { ...a, data: (a.data as Float32Array).map((v) => v * by) };
    }, state);
  const size = (a: NdArray): number => toNumbers(a).reduce((s, v) => s + v * v, 0) / a.shape[0];
  const f32 = (a: NdArray): NdArray => nd.ndarray(Float32Array.from(toNumbers(a)), a.shape, "f32");

  test("singd: only the product counts, bit for bit, and sizes become equal within a factor of two", async () => {
    const small: Net<NdArray> = { first: { w: f32(params.first.w) }, shift: f32(params.shift) };
    const [x32, y32] = [f32(x), f32(y)];
    const optimizer = optim.singd(0.01, { precision: "bf16", precondEvery: 1, structure: "dense" });
    const { layers } = optim.layersOf(loss)(small, x32, y32);
    const step = jit(
      lowPrecision("bf16", (p: Net, state: optim.State, x: Tensor, y: Tensor) => {
        const [, grads, curvature] = optim.withCurvature(loss)(p, x, y);
        const { updates, state: next } = optimizer.update(grads, state, p, { curvature, batchSize: 8 });
        return { p: optim.applyUpdates(p, updates), state: next };
      }),
    );
    const start = await step(small, optimizer.init(small, layers), x32, y32);
    const plain = await step(start.p, start.state, x32, y32);
    const skew = await step(start.p, skewed(start.state, 64) as typeof start.state, x32, y32);
    expect(toNumbers(skew.p.first.w)).toEqual(toNumbers(plain.p.first.w));
    const { k, c } = inside(skew.state).factors["first.w"];
    expect(Math.abs(Math.log2(size(k.full) / size(c.full)))).toBeLessThan(2);
  });

  test("if-shampoo likewise", async () => {
    const w = f32(params.first.w);
    const optimizer = optim.ifShampoo(0.01, { precision: "f16", precondEvery: 1 });
    const step = jit((p: { w: Tensor }, state: optim.State, g: Tensor) => optimizer.update({ w: g }, state, p, { batchSize: 8 }));
    const start = await step({ w }, optimizer.init({ w }), w);
    const plain = await step({ w }, start.state, w);
    const skew = await step({ w }, skewed(start.state, 64) as typeof start.state, w);
    expect(toNumbers(skew.updates.w)).toEqual(toNumbers(plain.updates.w));
    const { k } = inside(skew.state).factors.w;
    expect(Math.abs(Math.log2(size(k[0].full) / size(k[1].full)))).toBeLessThan(2);
  });
});
