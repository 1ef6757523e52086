/** Natural gradient on layers: the numbers of the specification, and the identities behind them. */
import { describe, expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import * as nn from "../../src/nn/index.ts";
import { gradientRows, inputRows } from "../../src/optim/curvature/rows.ts";
import * as optim from "../../src/optim/index.ts";
import type { Parts } from "../../src/optim/structures/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { eye, f64, inverse, type Matrix, mat, matrixOf, norm, plus, scale, T, times, trace } from "./matrices.ts";
import { inside, near } from "./steps.ts";

interface Linear<A = Tensor> {
  readonly w: A;
  readonly b?: A;
}

/** The papers' form: dense, every step, from the identity, without a cap. */
const paper: optim.SingdOptions = {
  precondLr: 0.1,
  damping: 0.01,
  momentum: 0.9,
  weightDecay: 0.001,
  precondEvery: 1,
  precondMomentum: 0.5,
  momentumMode: "heavy",
  cap: "none",
  initialScale: "identity",
  structure: "dense",
};

interface Seen {
  readonly params: Linear<NdArray>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into states by path.
  readonly factors: any;
  readonly value: number;
}

/** The regression of the specification: one layer 3 -> 2 with bias, loss ½ mean |Wx + b - y|². */
async function regression(optimizer: optim.Optimizer, steps: number): Promise<Seen[]> {
  const loss = (p: Linear, x: Tensor, y: Tensor): Tensor =>
    x
      .matmul(p.w)
      .add(p.b as Tensor)
      .sub(y)
      .square()
      .sum(-1)
      .mean()
      .mul(0.5);
  const run = optim.training(loss, optimizer);
  const [x, y] = [f64(mat(4, 3, 3)), f64(mat(4, 2, 4))];
  let params: Linear<NdArray> = { w: f64(T(scale(mat(2, 3, 1), 0.5))), b: f64(scale(mat(1, 2, 2), 0.5)[0]) };
  let state = run.init(params, x, y);
  const seen: Seen[] = [];
  for (let i = 0; i < steps; i++) {
    const next = await run.step(params, state, x, y);
    params = next.params;
    state = next.state;
    seen.push({
      params,
      factors: inside(state).inner.factors.w,
      value: next.value,
    });
  }
  return seen;
}

/** Row i of [W | b]. */
const rowOf = ({ w, b }: Linear<NdArray>, i: number): number[] => [...T(matrixOf(w))[i], toNumbers(b as NdArray)[i]];

test("INGD follows the authors' package on a regression", async () => {
  const s = await regression(optim.singd(0.05, paper), 3);
  [0.56155, 0.5237587589, 0.4557282186].forEach((v, t) => expect(s[t].value).toBeCloseTo(v, 9));
  const k = matrixOf(s[0].factors.k.full);
  [1.043603725, 1.0319515625, 1.0393921, 1.0214225].forEach((v, i) => expect(k[i][i]).toBeCloseTo(v, 9));
  expect(k[0][1]).toBeCloseTo(0.0077213125, 9);
  near(s[0].factors.c.full, [
    [1.0222792563, -0.003018125],
    [-0.003018125, 1.0459056875],
  ]);
  near(f64(rowOf(s[2].params, 0)), [-0.1918441401, 0.2728577301, -0.0264755969, 0.3807230621]);
  near(f64(rowOf(s[2].params, 1)), [-0.5082914098, 0.1868489548, -0.312908065, -0.0091211152]);
});

test("C loses its symmetry at the second step, and blocks that cover all are dense to the last digit", async () => {
  const dense = await regression(optim.singd(0.05, paper), 8);
  const c = matrixOf(dense[1].factors.c.full);
  expect(c[0][1]).toBeCloseTo(-0.0075110509, 9);
  expect(c[1][0]).toBeCloseTo(-0.0075013429, 9);
  const block = await regression(optim.singd(0.05, { ...paper, structure: "block(30)" }), 8);
  expect(rowOf(block[7].params, 0)).toEqual(rowOf(dense[7].params, 0));
});

test.each([
  [
    "IKFAC",
    optim.ikfac(0.05, { ...paper } as object),
    [0.56155, 0.5267495946, 0.4671054809],
    [-0.2076771033, 0.2929698078, -0.0287663006, 0.407807581],
  ],
  [
    "diagonal",
    optim.singd(0.05, { ...paper, structure: "diagonal" }),
    [0.56155, 0.5230406448, 0.4529288128],
    [-0.185367378, 0.2659876418, -0.0302353061, 0.3775551827],
  ],
  [
    "Toeplitz",
    optim.singd(0.05, { ...paper, structure: { k: "toeplitz-lower", c: "toeplitz-upper" } }),
    [0.56155, 0.5225417028, 0.4510184699],
    [-0.1873409736, 0.2621389157, -0.031739119, 0.3650605147],
  ],
] as const)("%s follows the authors' package", async (name, optimizer, values, row) => {
  const s = await regression(optimizer, 3);
  values.forEach((v, t) => expect(s[t].value).toBeCloseTo(v, 9));
  near(f64(rowOf(s[2].params, 0)), row);
  if (name === "Toeplitz") near(s[0].factors.k.t, [1.0340924719, 0.001403875, -0.008704025, 0.0056155]);
});

const KKT = (k: Matrix): number[][] => times(k, T(k));

test("IKFAC's K Kᵀ is KFAC's inverse up to O(β²) a step and O(β) after 1/β steps", async () => {
  const U = [
    [2, 1],
    [1, 1],
  ];
  const after = async (beta: number, steps: number): Promise<number[][]> => {
    // One layer whose inputs have the second moment U: K is driven by U alone.
    const l = matrixOf(await jit((u: Tensor) => pf.cholesky(u))(f64(U)));
    const x = f64(T(scale(l, Math.SQRT2)));
    const run = optim.training(
      (p: Linear, x: Tensor) => x.matmul(p.w).mean(),
      optim.ikfac(1e-9, {
        damping: 0.1,
        precondLr: beta,
        precondEvery: 1,
        cap: "none",
        initialScale: "identity",
        structure: "dense",
      }),
    );
    let [params, state] = [{ w: f64([[1], [1]]) }, run.init({ w: f64([[1], [1]]) }, x)];
    for (let i = 0; i < steps; i++) ({ params, state } = await run.step(params, state, x));
    return KKT(matrixOf(inside(state).inner.factors.w.k.full));
  };
  const kfac = (beta: number, steps: number): number[][] => {
    let S = scale(eye(2), 0.9);
    for (let i = 0; i < steps; i++) S = plus(scale(S, 1 - beta), U, beta);
    return inverse(plus(S, eye(2), 0.1));
  };
  near(f64(await after(0.1, 1)), [
    [0.895525, -0.097],
    [-0.097, 0.992525],
  ]);
  near(f64(kfac(0.1, 1)), [
    [0.9090090901, -0.0900009],
    [-0.0900009, 0.9990099901],
  ]);
  const betas = [0.2, 0.1, 0.05, 0.025, 0.0125];
  const once = await Promise.all(betas.map(async (b) => norm(plus(await after(b, 1), kfac(b, 1), -1))));
  [0.0590908, 0.0179402, 0.0049779, 0.0013139, 0.0003377].forEach((v, i) => expect(once[i]).toBeCloseTo(v, 6));
  const long = await Promise.all(betas.map(async (b) => norm(plus(await after(b, 1 / b), kfac(b, 1 / b), -1))));
  [0.03514, 0.01609, 0.00773, 0.00379, 0.00188].forEach((v, i) => expect(long[i]).toBeCloseTo(v, 4));
  near(f64(await after(0.1, 400)), [
    [0.8396946565, -0.7633587786],
    [-0.7633587786, 1.6030534351],
  ]);
});

/** A layer 3 -> 2 without bias that sees the rows A/√N and, whatever the weights, the gradients Ĝ. */
const fixedRows = (p: Linear, a: Tensor, g: Tensor): Tensor => a.matmul(p.w).mul(g).sum();

/** Factors after n steps on fixed rows A and Ĝ (6 rows, of which the loss is a sum). */
async function fixedFactors(
  options: optim.SingdOptions,
  n: number,
  start?: { k: Matrix; c: Matrix },
): Promise<{ k: number[][]; c: number[][] }> {
  const optimizer = optim.singd(1e-12, {
    ...paper,
    momentum: 0,
    weightDecay: 0,
    precondMomentum: 0,
    lossAverage: "none",
    ...options,
  });
  const [a, g] = [f64(mat(6, 3, 1)), f64(mat(6, 2, 2))];
  const { layers } = optim.layersOf(fixedRows)({ w: f64(mat(3, 2, 0)) }, a, g);
  const state = optimizer.init({ w: f64(mat(3, 2, 0)) }, layers);
  if (start) Object.assign(inside(state).factors.w, { k: { full: f64(start.k) }, c: { full: f64(start.c) } });
  const program = jit(
    (p: Linear, s: optim.State, a: Tensor, g: Tensor) =>
      pf.scan(
        (s: optim.State) => {
          const [, grads, curvature] = optim.withCurvature(fixedRows)(p, a, g);
          return { carry: optimizer.update(grads, s, p, { curvature, batchSize: 6 }).state };
        },
        s,
        n,
      ).carry,
  );
  const { k, c } = inside(await program({ w: f64(mat(3, 2, 0)) }, state, a, g)).factors.w;
  return { k: matrixOf(k.full), c: matrixOf(c.full) };
}

test("on fixed data INGD's factors reach the inverse Kronecker product", async () => {
  const [A, G] = [scale(mat(6, 3, 1), 1 / Math.sqrt(6)), mat(6, 2, 2)];
  const { k, c } = await fixedFactors({ damping: 0, precondLr: 0.05 }, 4000);
  const [P, Q] = [KKT(k), KKT(c)];
  expect(P[0][0]).toBeCloseTo(1.2878570048, 9);
  expect(Q[0][0]).toBeCloseTo(0.8431350217, 9);
  const [IA, IG] = [inverse(times(T(A), A)), inverse(times(T(G), G))];
  const kron = (x: Matrix, y: Matrix): number[][] => x.flat().map((p) => y.flat().map((q) => p * q));
  expect(norm(plus(kron(P, Q), kron(IA, IG), -1)) / norm(kron(IA, IG))).toBeLessThan(1e-10);
  const damped = await fixedFactors({ damping: 0.01, precondLr: 0.05 }, 4000);
  expect(KKT(damped.k)[0][0]).toBeCloseTo(1.2728558241, 9);
  expect(KKT(damped.c)[0][0]).toBeCloseTo(0.8391585287, 9);
});

test("scaling K and unscaling C leaves their product, and so every direction, alone", async () => {
  const plain = await fixedFactors({}, 5);
  const scaled = await fixedFactors({}, 5, { k: scale(eye(3), 2), c: scale(eye(2), 0.5) });
  near(f64(scaled.k), scale(plain.k, 2), 1e-12);
  near(f64(scaled.c), scale(plain.c, 0.5), 1e-12);
});

test.each([
  "dense",
  "diagonal",
  "block(2)",
  "lower",
  "upper",
  "rank(1)",
  "rank-lower(1)",
  "hierarchical(1,1)",
  "toeplitz-lower",
  "toeplitz-upper",
])("average traces of both momenta agree in every step: %s", async (structure) => {
  const s = await regression(optim.singd(0.05, { ...paper, structure }), 4);
  const family = optim.structureOf(structure);
  const traces = jit((k: Parts, c: Parts) => [family(4).averageTrace(k), family(2).averageTrace(c)]);
  for (const { factors } of s) {
    const [k, c] = await traces(factors.mk, factors.mc);
    expect(nd.item(k)).toBeCloseTo(nd.item(c), 12);
  }
});

test("the path does not depend on the coordinates of inputs and outputs", async () => {
  const [A, B] = [
    [
      [2, 1],
      [0, 1],
    ],
    [
      [1, 0, 0.3],
      [3, 0.5, 0],
      [0, 0.2, 1],
    ],
  ];
  const optimizer = optim.singd(0.05, { ...paper, weightDecay: 0, damping: 0 });
  const x = f64(mat(5, 3, 2));
  const y = f64(mat(5, 2, 3));
  // V = B⁻¹ Wᵗ A⁻ᵗ in the layout [in, out]: w = B v Aᵗ.
  const follow = async (b: Matrix, a: Matrix, v0: Matrix, k: Matrix, c: Matrix): Promise<number[][]> => {
    const g = (p: Linear, x: Tensor, y: Tensor): Tensor =>
      x
        .matmul(pf.constant(f64(b)))
        .matmul(p.w)
        .matmul(pf.constant(f64(T(a))))
        .sub(y)
        .square()
        .sum(-1)
        .mean()
        .mul(0.5);
    const { layers } = optim.layersOf(g)({ w: f64(v0) }, x, y);
    const state = optimizer.init({ w: f64(v0) }, layers);
    Object.assign(inside(state).factors.w, { k: { full: f64(k) }, c: { full: f64(c) } });
    const step = jit((p: Linear, s: optim.State, x: Tensor, y: Tensor) => {
      const [, grads, curvature] = optim.withCurvature(g)(p, x, y);
      const { updates, state } = optimizer.update(grads, s, p, { curvature, batchSize: 5 });
      return { p: optim.applyUpdates(p, updates), s: state };
    });
    let [p, s]: [Linear<NdArray>, typeof state] = [{ w: f64(v0) }, state];
    for (let i = 0; i < 20; i++) ({ p, s } = await step(p, s, x, y));
    return matrixOf(p.w);
  };
  const W0 = mat(3, 2, 7);
  const W = await follow(eye(3), eye(2), W0, eye(3), eye(2));
  // K = B̃⁻¹ in the coordinates of v: inputs x b, so that K_v = b⁻¹ K; likewise C.
  const V0 = times(times(inverse(B), W0), T(inverse(A)));
  const V = await follow(B, A, V0, inverse(B), inverse(A));
  expect(norm(plus(W, times(times(B, V), T(A)), -1))).toBeLessThan(1e-11 * norm(W));
});

test("a single layer with squared loss: Gauss–Newton factors give the exact matrix", async () => {
  const x = mat(5, 3, 1);
  const rows = jit((w: Tensor, x: Tensor) => {
    const loss = (p: Linear, x: Tensor) => {
      const z = x.matmul(p.w);
      return [z.square().sum(-1).mean().mul(0.5), optim.gaussNewtonSquared(z)] as const;
    };
    const [, , { layers, seen }] = optim.withCurvature(loss)({ w }, x);
    const gram = (r: Tensor): Tensor => r.transpose().matmul(r);
    return [gram(inputRows(layers[0], seen.w, 5, "expand")), gram(gradientRows(layers[0], seen.w, 5, "expand", "batch"))];
  });
  const [U, S] = (await rows(f64(mat(3, 2, 2)), f64(x))).map(matrixOf);
  // JᵀJ / n = xᵀx / n ⊗ I.
  near(f64(U), scale(times(T(x), x), 1 / 5), 1e-12);
  near(f64(S), eye(2), 1e-12);
});

test("the Fisher matrix of sampled labels is unbiased: all labels, weighted by the model, give the exact one", async () => {
  const X = [
    [1, 2],
    [-1, 1],
  ];
  const W = [
    [0.2, 0, -0.4],
    [-0.1, 0.3, 0.1],
  ];
  const logits = times(X, W);
  const probabilities = logits.map((z) => {
    const e = z.map(Math.exp);
    const s = e.reduce((a, b) => a + b);
    return e.map((v) => v / s);
  });
  const gradient = jit((w: Tensor, x: Tensor, gumbel: Tensor) => pf.grad((w: Tensor) => optim.sampledFisher(x.matmul(w), gumbel))(w));
  let mean = scale(eye(6), 0);
  for (const [a, b] of [0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => [a, b]))) {
    // A Gumbel number that decides.
    const gumbel = [a, b].map((c) => [0, 1, 2].map((k) => (k === c ? 100 : 0)));
    const g = toNumbers(await gradient(f64(W), f64(X), f64(gumbel)));
    const weight = probabilities[0][a] * probabilities[1][b];
    mean = plus(
      mean,
      g.map((p) => g.map((q) => 2 * p * q)),
      weight,
    );
  }
  const exact = scale(eye(6), 0).map((row, i) =>
    row.map((_, j) => {
      const [[ia, ca], [ib, cb]] = [i, j].map((n) => [Math.floor(n / 3), n % 3]);
      return probabilities.reduce((s, p, n) => s + (X[n][ia] * X[n][ib] * ((ca === cb ? p[ca] : 0) - p[ca] * p[cb])) / 2, 0);
    }),
  );
  expect(norm(plus(mean, exact, -1))).toBeLessThan(1e-14);
  expect(trace(exact)).toBeCloseTo(2.1948645594, 9);
  // The specification orders coordinates class by class: its F[0, 0] is that of class 0, input 0.
  expect(exact[0][0]).toBeCloseTo(0.1790429062, 9);
  const scalars = await jit((z: Tensor) =>
    pf.stack(
      optim.gaussNewton(z).map((s, i) =>
        pf
          .grad((z: Tensor) => optim.gaussNewton(z)[i])(z)
          .add(s.mul(0)),
      ),
    ),
  )(f64(logits));
  const rows = matrixOf({ ...scalars, shape: [6, 3] } as NdArray);
  // Rows of all classes for an example: Σ_c = (diag p - p pᵀ) / n².
  for (const n of [0, 1]) {
    const own = [0, 1, 2].map((c) => rows[2 * c + n]);
    const p = probabilities[n];
    near(
      f64(times(T(own), own)),
      scale(
        eye(3).map((r, i) => r.map((v, j) => v * p[i] - p[i] * p[j])),
        0.25,
      ),
      1e-12,
    );
  }
});

test("an embedding is a dense layer of one-hot rows whose diagonal factor is exact", async () => {
  const [tokens, target] = [nd.array([0, 3, 1, 3, 3, 2], "i32"), randomStream("target").normal([6, 2], "f64")];
  const table = randomStream("table").normal([5, 2], "f64");
  const looked = (p: Linear, i: Tensor, y: Tensor): Tensor => pf.take(p.w, i).sub(y).square().sum(-1).mean();
  const multiplied = (p: Linear, i: Tensor, y: Tensor): Tensor => pf.oneHot(i, 5, "f64").matmul(p.w).sub(y).square().sum(-1).mean();
  const [a, b] = await Promise.all(
    [looked, multiplied].map(async (loss) => {
      const run = optim.training(loss, optim.singd(0.1, { structure: { k: "diagonal", c: "dense" }, precondEvery: 1, tables: true }));
      let [params, state]: [Linear<NdArray>, ReturnType<typeof run.init>] = [{ w: table }, run.init({ w: table }, tokens, target)];
      for (let i = 0; i < 4; i++) ({ params, state } = await run.step(params, state, tokens, target));
      return params.w;
    }),
  );
  near(a, toNumbers(b), 1e-12);
});

test.each(["expand", "reduce"] as const)(
  "in deep linear networks the factors of the first layer are its exact Gauss–Newton block: %s",
  async (approximation) => {
    const [x, w1, w2] = [randomStream("x").normal([3, 2, 3], "f64"), f64(mat(3, 2, 1)), f64(mat(2, 2, 5))];
    const outputs = (w: Tensor, x: Tensor): Tensor =>
      (approximation === "reduce" ? x.mean(1) : x.reshape([6, 3])).matmul(w).matmul(pf.constant(w2));
    const [jacobian, u, s] = await jit((w: Tensor, x: Tensor) => {
      // Positions are averaged after the layer, which for linear layers is the same as before.
      const z = (p: Linear, x: Tensor): Tensor => {
        const h = x.matmul(p.w).matmul(pf.constant(w2));
        return approximation === "reduce" ? h.mean(1) : h;
      };
      const loss = (p: Linear, x: Tensor) => {
        const out = z(p, x);
        return [out.square().sum(-1).mean().mul(0.5), optim.gaussNewtonSquared(out)] as const;
      };
      const [, , { layers, seen }] = optim.withCurvature(loss)({ w }, x);
      const gram = (r: Tensor): Tensor => r.transpose().matmul(r);
      const average = approximation === "reduce" ? "batch" : "batch+sequence";
      const rows = [inputRows(layers[0], seen.w, 3, approximation), gradientRows(layers[0], seen.w, 3, approximation, average)];
      return [pf.jacobian((w: Tensor) => outputs(w, x))(w), ...rows.map(gram)];
    })(w1, x);
    const n = approximation === "reduce" ? 3 : 6;
    const J = matrixOf({ ...jacobian, shape: [2 * n, 6] } as NdArray);
    const [U, S] = [matrixOf(u), matrixOf(s)];
    // Coordinates of w are (input, output), outputs fastest.
    const kron = [0, 1, 2].flatMap((i) => [0, 1].map((a) => [0, 1, 2].flatMap((j) => [0, 1].map((b) => U[i][j] * S[a][b]))));
    expect(norm(plus(kron, scale(times(T(J), J), 1 / n), -1))).toBeLessThan(1e-12 * norm(kron));
  },
);

test.each([
  ["dense", 768 ** 2],
  ["diagonal", 768],
  ["lower", 295_296],
  ["hierarchical(15,15)", 23_553],
  ["toeplitz-lower", 768],
  ["block(30)", 22_824],
] as const)("a 768 x 768 layer keeps two factors and two momenta of the structure %s", (structure, numbers) => {
  const layer = { kind: "dense", weight: "w", inputs: 768, outputs: 768, inputsFirst: true, uses: 1 } as const;
  const state = optim.singd(1e-3, { structure, precondEvery: 1 }).init({ w: nd.allocate("f32", [768, 768]) }, [layer]);
  // Besides: the step's momentum, like the weights; the step and a counter.
  expect(optim.stateSize(state).numbers).toBe(4 * numbers + 768 ** 2 + 2);
});

test("advice before training: rates that are too large, constant, or for another optimizer", () => {
  const advice = (name: string, settings: object, more: object = {}): string =>
    optim.warningsFor({ name, settings: { ...settings }, batchSize: 128, ...more }).join("\n");
  expect(advice("adamw", {}, { constantRate: true })).toBe("");
  expect(advice("rf-rmsprop", { lr: 0.01 })).toBe("");
  expect(advice("rf-rmsprop", { lr: 0.1 })).toMatch(/up to 4.4 in a step/);
  expect(advice("rf-rmsprop", { lr: 1e-3 })).toMatch(/a rate for AdamW/);
  expect(advice("if-shampoo", { damping: 0 }, { constantRate: true })).toMatch(/constant(.|\n)*damping is 0/);
  expect(advice("singd", { precision: "bf16", precondLr: 0.01, cap: "none" }, { batchSize: 2 })).toMatch(
    /half precision(.|\n)*without a cap(.|\n)*2 examples/,
  );
});

const deep = {
  init: (seed: number) => ({
    first: nn.dense.init(randomStream(seed), 3, 4, { dtype: "f64" }),
    last: nn.dense.init(randomStream(seed + 1), 4, 2, { dtype: "f64" }),
  }),
  loss: (p: { first: nn.Dense; last: nn.Dense }, x: Tensor, y: Tensor): Tensor =>
    nn.dense.apply(p.last, nn.dense.apply(p.first, x).tanh()).sub(y).square().sum(-1).mean().mul(0.5),
};

describe("micro-batches are one batch", () => {
  const x = randomStream("x").normal([8, 3], "f64");
  const y = randomStream("y").normal([8, 2], "f64");
  test.each([
    ["singd", "mean"],
    ["ikfac", "mean"],
    ["kfac", "mean"],
    ["singd", "sum"],
    ["ikfac", "sum"],
    ["kfac", "sum"],
    ["if-shampoo", "mean"],
  ] as const)("%s, %s loss", async (name, reduction) => {
    const loss =
      reduction === "mean" ? deep.loss : (p: Parameters<typeof deep.loss>[0], x: Tensor, y: Tensor) => deep.loss(p, x, y).mul(x.shape[0]);
    const extra = name === "if-shampoo" ? {} : { lossAverage: reduction === "mean" ? "batch" : "none" };
    const results = await Promise.all(
      [1, 4].map(async (microBatches) => {
        const run = optim.training(loss, optim.makeOptimizer(name, { lr: 0.01, precondEvery: 2, ...extra }), {
          microBatches,
          reduction,
        });
        let [params, state] = [deep.init(3), run.init(deep.init(3), x, y)];
        for (let i = 0; i < 5; i++) ({ params, state } = await run.step(params, state, x, y));
        return params;
      }),
    );
    near(results[1].first.w, toNumbers(results[0].first.w), 1e-10);
  });
});

test.each(["singd", "ikfac", "kfac"])(
  "%s: statistics are told apart by their own keys, whatever the parameters are called",
  async (name) => {
    const [x, y] = [randomStream("x").normal([8, 3], "f64"), randomStream("y").normal([8, 2], "f64")];
    interface Names<A = Tensor> {
      readonly hc: { readonly g: A };
      readonly u: { readonly gradients: { readonly inputs: A } };
    }
    const loss = (p: Names, x: Tensor, y: Tensor): Tensor =>
      pf.tanh(x.matmul(p.hc.g)).matmul(p.u.gradients.inputs).sub(y).square().sum().mul(0.5);
    const init: Names<NdArray> = {
      hc: { g: randomStream("g").normal([3, 4], "f64") },
      u: { gradients: { inputs: randomStream("i").normal([4, 2], "f64") } },
    };
    const [one, four] = await Promise.all(
      [1, 4].map(async (microBatches) => {
        const own = optim.makeOptimizer(name, { lr: 0.01, precondEvery: 1, lossAverage: "none" });
        const run = optim.training(
          loss,
          optim.partition(() => "hc", { hc: own }),
          { microBatches, reduction: "sum" },
        );
        let [params, state] = [init, run.init(init, x, y)];
        for (let i = 0; i < 3; i++) ({ params, state } = await run.step(params, state, x, y));
        return params;
      }),
    );
    near(four.hc.g, toNumbers(one.hc.g), 1e-10);
    near(four.u.gradients.inputs, toNumbers(one.u.gradients.inputs), 1e-10);
  },
);

test("tables follow the fallback unless they are asked for", () => {
  const loss = (p: { table: Tensor }, i: Tensor): Tensor => pf.take(p.table, i).square().mean();
  const [params, tokens] = [{ table: nd.allocate("f32", [5, 2]) }, nd.array([0, 3], "i32")];
  const { layers } = optim.layersOf(loss)(params, tokens);
  const covered = (options: optim.SingdOptions) => Object.keys(inside(optim.singd(0.1, options).init(params, layers)).factors);
  expect(covered({})).toEqual([]);
  expect(covered({ tables: true })).toEqual(["table"]);
});

test("with T = 3 the factors change in steps 0, 3, 6 only", async () => {
  const s = await regression(optim.singd(0.05, { ...paper, precondEvery: 3 }), 7);
  const k = s.map(({ factors }) => toNumbers(factors.k.full));
  [1, 2, 4, 5].forEach((t) => expect(k[t]).toEqual(k[t - 1]));
  [3, 6].forEach((t) => expect(k[t]).not.toEqual(k[t - 1]));
});

test("inputs scaled by 100 do not explode when the start is matched to the first batch", async () => {
  const big = (options: optim.SingdOptions) => {
    const loss = (p: Linear, x: Tensor, y: Tensor): Tensor => x.mul(100).matmul(p.w).sub(y).square().sum(-1).mean().mul(0.5);
    return {
      run: optim.training(loss, optim.singd(0.05, { ...paper, cap: "frobenius", momentumMode: "ema", weightDecay: 0, ...options })),
      loss,
    };
  };
  const values = async (options: optim.SingdOptions): Promise<number[]> => {
    const { run } = big(options);
    const [x, y] = [f64(mat(4, 3, 3)), f64(mat(4, 2, 4))];
    let [params, state] = [{ w: f64(mat(3, 2, 1)) }, run.init({ w: f64(mat(3, 2, 1)) }, x, y)];
    const seen: number[] = [];
    for (let i = 0; i < 6; i++) {
      const next = await run.step(params, state, x, y);
      seen.push(next.value);
      [params, state] = [next.params, next.state];
    }
    return seen;
  };
  expect(Math.max(...(await values({})))).toBeGreaterThan(1e10);
  const matched = await values({ initialScale: "first-batch" });
  matched.slice(1).forEach((v, i) => expect(v).toBeLessThan(matched[i]));
});
