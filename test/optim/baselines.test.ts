/** The published updates of the optimizers to compare with, line by line in plain numbers, and their invariances. */
import { describe, expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { randomStream, toNumbers } from "../../src/array/index.ts";
import * as optim from "../../src/optim/index.ts";
import { eigenStep, inverseRoot, newtonInverse, orthogonalized, orthonormalColumns } from "../../src/optim/roots.ts";
import * as pf from "../../src/tensor/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { eye, f64, matrixOf, norm, plus, scale, T, times } from "./matrices.ts";
import { descend, follow, inside, near } from "./steps.ts";

const numbers = [[0.3], [-2], [5], [1e-3]];

test("Lion is the published update", async () => {
  const traces = await follow(optim.lion(0.1, { beta1: 0.8, beta2: 0.95, weightDecay: 0.3 }), f64([1]), numbers.map(f64));
  let [w, m] = [1, 0];
  numbers.forEach(([g], t) => {
    w -= 0.1 * (Math.sign(0.8 * m + 0.2 * g) + 0.3 * w);
    m = 0.95 * m + 0.05 * g;
    near(traces[t].w, [w], 1e-13);
  });
});

describe("LAMB", () => {
  const rate = 0.01;
  /** Where one array goes by its gradients. */
  const path = async (w: number[], gradients: number[][], options: optim.LambOptions = {}): Promise<number[][]> =>
    (await follow(optim.lamb(rate, { epsilon: 0, weightDecay: 0, ...options }), f64(w), gradients.map(f64))).map((step) =>
      toNumbers(step.w),
    );
  const close = (mine: readonly number[], wanted: readonly number[], digits: number) =>
    mine.forEach((v, i) => expect(v).toBeCloseTo(wanted[i], digits));

  test("first moves by -η ‖w‖ sign(g) / √n", async () => {
    // m̂ / √v̂ of one gradient is its sign, of length √n
    const [w] = await path([3, 0, -4], [[0.2, -7, 1e-5]]);
    const step = (rate * 5) / Math.sqrt(3);
    close(w, [3 - step, step, -4 - step], 13);
  });

  test("moves every array by the share η of its length, with decay too, whatever the scale of the gradients", async () => {
    const gradients = numbers.map(([g]) => [g, -3 * g, g * g]);
    const [small, large] = await Promise.all(
      [1, 1e6].map((c) =>
        path(
          [1, 2, -2],
          gradients.map((g) => g.map((v) => c * v)),
          { weightDecay: 0.3 },
        ),
      ),
    );
    let before = [1, 2, -2];
    small.forEach((w, t) => {
      expect(Math.hypot(...w.map((v, i) => v - before[i]))).toBeCloseTo(rate * Math.hypot(...before), 13);
      close(large[t], w, 12);
      before = w;
    });
  });

  test("takes Adam's step from an array of zeros, and stays where nothing pulls", async () => {
    close((await path([0, 0], [[2, -5]]))[0], [-rate, rate], 14);
    expect(await path([1, 2], [[0, 0]], { epsilon: 1e-6 })).toEqual([[1, 2]]);
  });
});

test("NAdamW is Adam with the mean one step ahead", async () => {
  const traces = await follow(optim.nadamw(0.01, { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.3 }), f64([1]), numbers.map(f64));
  let [w, m, v] = [1, 0, 0];
  numbers.forEach(([g], i) => {
    const t = i + 1;
    m = 0.8 * m + 0.2 * g;
    v = 0.95 * v + 0.05 * g * g;
    const ahead = (0.8 * m) / (1 - 0.8 ** (t + 1)) + (0.2 * g) / (1 - 0.8 ** t);
    w -= 0.01 * (ahead / (Math.sqrt(v / (1 - 0.95 ** t)) + 1e-3) + 0.3 * w);
    near(traces[i].w, [w], 1e-12);
  });
});

const spd = (n: number, seed: number): number[][] => {
  const a = matrixOf(randomStream(seed).normal([n, n], "f64"));
  return plus(times(a, T(a)), eye(n), 0.1);
};

describe("matrix functions made of products", () => {
  test.each([1, 2, 3, 4, 6])("inverse root p = %i", async (p) => {
    const a = spd(5, p);
    const r = matrixOf(await jit((x: Tensor) => inverseRoot(x, p))(f64(a)));
    let power = eye(5);
    for (let i = 0; i < p; i++) power = times(power, r);
    expect(norm(plus(times(power, a), eye(5), -1))).toBeLessThan(1e-9);
  });

  test("inverse, in f64 and f32", async () => {
    const a = spd(6, 9);
    const run = jit((x: Tensor) => newtonInverse(x));
    expect(norm(plus(times(matrixOf(await run(f64(a))), a), eye(6), -1))).toBeLessThan(1e-9);
    expect(norm(plus(times(matrixOf(await run(nd.array(a))), a), eye(6), -1))).toBeLessThan(1e-3);
  });

  test("the polar factor of Newton–Schulz has singular values near one and the directions of U Vᵀ", async () => {
    const x = randomStream(4).normal([4, 7], "f64");
    const o = matrixOf(await jit((x: Tensor) => orthogonalized(x))(x));
    const g = times(o, T(o));
    // Values in [0.68, 1.13]² are what five steps reach from the spectrum of a random matrix.
    g.forEach((row, i) => expect(row[i]).toBeGreaterThan(0.4));
    expect(norm(plus(g, eye(4), -1))).toBeLessThan(1);
    const X = matrixOf(x);
    const symmetric = times(o, T(X));
    expect(norm(plus(symmetric, T(symmetric), -1))).toBeLessThan(1e-8 * norm(symmetric));
  });

  test("orthonormal columns are the Q of QR, and a basis even of singular matrices", async () => {
    const a = matrixOf(randomStream(5).normal([5, 5], "f64"));
    const run = jit((x: Tensor) => orthonormalColumns(x));
    const q = matrixOf(await run(f64(a)));
    expect(norm(plus(times(T(q), q), eye(5), -1))).toBeLessThan(1e-12);
    const r = times(T(q), a);
    r.forEach((row, i) => row.slice(0, i).forEach((v) => expect(Math.abs(v)).toBeLessThan(1e-12)));
    for (const bad of [
      scale(eye(4), 0),
      [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
        [0, 0, 0, 0],
        [2, 4, 6, 8],
      ],
    ]) {
      const b = matrixOf(await run(f64(bad)));
      expect(norm(plus(times(T(b), b), eye(4), -1))).toBeLessThan(1e-10);
    }
  });

  test("orthogonal iteration finds eigenvectors, largest first", async () => {
    const q0 = matrixOf(await jit((x: Tensor) => orthonormalColumns(x))(randomStream(6).normal([4, 4], "f64")));
    const s = times(
      times(q0, [
        [8, 0, 0, 0],
        [0, 4, 0, 0],
        [0, 0, 2, 0],
        [0, 0, 0, 1],
      ]),
      T(q0),
    );
    const q = matrixOf(await jit((s: Tensor) => pf.scan((q: Tensor) => ({ carry: eigenStep(s, q) }), pf.eye(4, "f64"), 60).carry)(f64(s)));
    const d = times(times(T(q), s), q);
    near(
      f64(d),
      [
        [8, 0, 0, 0],
        [0, 4, 0, 0],
        [0, 0, 2, 0],
        [0, 0, 0, 1],
      ],
      1e-9,
    );
  });
});

const G = [
  [1, 2],
  [3, 4],
];
const once: optim.ShampooOptions = { precondLr: 1, epsilon: 1e-14, momentum: 0, weightDecay: 0, graft: "none", precondEvery: 1 };

test("from one square gradient Shampoo gives U Vᵀ, and with power -1/2 the inverse transpose", async () => {
  const [quarter] = await follow(optim.shampoo(1, once), f64(G), [f64(G)]);
  near(
    quarter.u,
    scale(
      [
        [-0.5144957554, 0.8574929257],
        [0.8574929257, 0.5144957554],
      ],
      -1,
    ),
    1e-8,
  );
  const [half] = await follow(optim.shampoo(1, { ...once, root: 2 }), f64(G), [f64(G)]);
  near(
    half.u,
    scale(
      [
        [-2, 1.5],
        [1, -0.5],
      ],
      -1,
    ),
    1e-6,
  );
});

test("Muon's direction from the same gradient is U Vᵀ up to its iteration's error", async () => {
  const [{ u }] = await follow(optim.muon(1), f64(G), [f64(G)]);
  const unit = [
    [-0.5144957554, 0.8574929257],
    [0.8574929257, 0.5144957554],
  ];
  // Singular values of five steps lie in [0.68, 1.13].
  expect(norm(plus(matrixOf(u), unit))).toBeLessThan(0.35 * norm(unit));
});

test("grafted Shampoo has the step length of Adam's second moment", async () => {
  const [{ u }] = await follow(optim.shampoo(0.1, { ...once, graft: "adam", epsilon: 1e-6 }), f64(G), [f64(G)]);
  // One step: g / √g² = signs, of norm √4.
  expect(norm(matrixOf(u))).toBeCloseTo(0.2, 6);
});

test("statistics in blocks are those of the blocks alone", async () => {
  const g = randomStream(8).normal([5, 4], "f64");
  const options = { ...once, precondLr: 0.5, epsilon: 1e-3 };
  const [{ u }] = await follow(optim.shampoo(1, { ...options, blockSize: 3 }), g, [g]);
  const whole = matrixOf(g);
  for (const rows of [
    [0, 2],
    [2, 5],
  ])
    for (const columns of [
      [0, 2],
      [2, 4],
    ]) {
      const cut = (m: number[][]) => m.slice(...rows).map((r) => r.slice(...columns));
      const [{ u: own }] = await follow(optim.shampoo(1, options), f64(cut(whole)), [f64(cut(whole))]);
      near(f64(cut(matrixOf(u))), matrixOf(own), 1e-10);
    }
});

test("SOAP without rotation is Adam from the second step on; in the eigenbasis it does not depend on the basis", async () => {
  const grads = Array.from({ length: 6 }, (_, i) => randomStream(i).normal([3, 2], "f64"));
  const options = { beta1: 0.8, beta2: 0.9, weightDecay: 0, epsilon: 1e-9 };
  const flat = await follow(optim.soap(0.1, { ...options, maxDense: 1 }), grads[0], grads);
  near(flat[0].u, new Array(6).fill(0), 0);
  const adam = await follow(optim.adam(0.1, { beta1: 0.8, beta2: 0.9, epsilon: 1e-9 }), grads[0], grads.slice(1));
  near(flat[5].u, toNumbers(adam[4].u), 1e-10);
  // Rotated gradients give rotated steps.
  const q = matrixOf(await jit((x: Tensor) => orthonormalColumns(x))(randomStream("q").normal([3, 3], "f64")));
  const soap = optim.soap(0.1, { ...options, precondEvery: 1 });
  const many = Array.from({ length: 40 }, (_, i) => randomStream(`many ${i}`).normal([3, 2], "f64"));
  const a = await follow(soap, many[0], many);
  const b = await follow(
    soap,
    many[0],
    many.map((g) => f64(times(q, matrixOf(g)))),
  );
  // Bases come from one step of orthogonal iteration each, so that they agree only roughly.
  expect(norm(plus(times(q, matrixOf(a[39].u)), matrixOf(b[39].u), -1))).toBeLessThan(0.5 * norm(matrixOf(a[39].u)));
});

test("KL-Shampoo's factors solve the two-sided equations of a matrix-normal covariance", async () => {
  const [A, B] = [
    [
      [1, 0, 0],
      [0.5, 1, 0],
      [0, 0.3, 0.7],
    ],
    [
      [1, 0],
      [0.8, 0.5],
    ],
  ];
  const optimizer = optim.klShampoo(0.1, { precondLr: 0.005, precondEvery: 1, weightDecay: 0, momentum: 0 });
  const z = randomStream("kl").normal([3000, 3, 2], "f64");
  const state = await jit(
    (z: Tensor, state: optim.State) =>
      pf.scan(
        (s: optim.State, zi: Tensor) => {
          const g = pf.matmul(pf.matmul(f64(A), zi), f64(T(B)));
          return { carry: optimizer.update({ w: g }, s, { w: g }).state };
        },
        state,
        z,
      ).carry,
  )(z, optimizer.init({ w: nd.allocate("f64", [3, 2]) }));
  const { s } = inside(state).factors.w;
  const [SA, SB] = [matrixOf(s[0]), matrixOf(s[1])];
  const exact = times(A, T(A))
    .flat()
    .map((p) =>
      times(B, T(B))
        .flat()
        .map((q) => p * q),
    );
  const got = SA.flat().map((p) => SB.flat().map((q) => p * q));
  // 400 effective samples of 2 to 3 rows each: about 5 % each factor.
  expect(norm(plus(got, exact, -1)) / norm(exact)).toBeLessThan(0.25);
});

const bowl = (w: Tensor): Tensor =>
  w
    .sub(
      f64([
        [1, -1, 0.5],
        [2, 0.5, -2],
      ]),
    )
    .square()
    .mul(
      f64([
        [1, 2, 3],
        [30, 40, 10],
      ]),
    )
    .sum()
    .mul(0.5);

test.each(Object.keys(optim.optimizers))("%s with its defaults and a falling rate finds the minimum of a quadratic", async (name) => {
  const entry = optim.optimizerEntry(name);
  if (entry.needs.includes("curvature")) return;
  const decay = "weightDecay" in entry.parameters ? { weightDecay: 0 } : {};
  // Root-free steps have the scale of the inverse curvature, 1 to 40 here, and need a damping above η h / 2.
  const lr = { sgd: 0.01, "rf-rmsprop": 0.02, "rf-adamw": 1.5 }[name] ?? (entry.family === "matrix" ? 0.05 : 0.1);
  const damping = name === "rf-adamw" ? { damping: 10, precondLr: 0.1 } : name.startsWith("rf") ? { damping: 1 } : {};
  const start = nd.allocate("f64", [2, 3]);
  const before = toNumbers(await jit(bowl)(start))[0];
  const { w } = await descend(optim.makeOptimizer(name, { lr: optim.cosine(lr, 300), ...decay, ...damping }), start, bowl, 300, 1);
  expect(toNumbers(await jit(bowl)(w))[0]).toBeLessThan(1e-2 * before);
});

describe("the registry", () => {
  test.each(Object.entries(optim.optimizers) as [string, optim.OptimizerEntry][])(
    "%s: defaults are legal, search ranges too",
    (name, entry) => {
      const defaults = Object.fromEntries(Object.entries(entry.parameters).map(([key, p]) => [key, p.default]));
      expect(() => optim.makeOptimizer(name, defaults)).not.toThrow();
      for (const [key, p] of [...Object.entries(entry.parameters), ["lr", entry.rate] as const]) {
        if (p.kind !== "number" && p.kind !== "integer") continue;
        for (const value of p.search ? [p.search.low, p.search.high] : [])
          expect(() => optim.makeOptimizer(name, { [key]: value })).not.toThrow();
        const outside = p.range[0] - 1;
        expect(() => optim.makeOptimizer(name, { [key]: outside })).toThrow(new RegExp(`${key} = ${outside}`));
        expect(() => optim.makeOptimizer(name, { [key]: Number.NaN })).toThrow(/is not a number/);
      }
    },
  );

  test("unknown names and options are refused with the nearest one", () => {
    expect(() => optim.makeOptimizer("adamx")).toThrow(/no optimizer "adamx"/);
    expect(() => optim.makeOptimizer("lion", { beta3: 0.1 })).toThrow(/lion: there is no option beta3/);
    try {
      optim.makeOptimizer("if-shampo");
    } catch (e) {
      expect((e as { hint: string }).hint).toBe("did you mean if-shampoo?");
    }
  });
});

describe("groups and guards", () => {
  test("each group has its own optimizer; a group without one is frozen", async () => {
    const grouped = optim.partition((path) => (path === "a" ? "fast" : path === "b" ? "slow" : "frozen"), {
      fast: optim.sgd(1),
      slow: optim.sgd(0.1),
    });
    const params = { a: f64([1]), b: f64([1]), c: f64([1]) };
    const { updates } = await jit((p: { a: Tensor; b: Tensor; c: Tensor }, s: optim.State) => grouped.update(p, s, p))(
      params,
      grouped.init(params),
    );
    expect([updates.a, updates.b, updates.c].map((x) => toNumbers(x)[0])).toEqual([-1, -0.1, 0]);
  });

  test("a step whose gradient is not finite leaves parameters and state alone, and is counted", async () => {
    const guarded = optim.skipNonFinite(optim.ifShampoo(0.1, { precondEvery: 1, damping: 0.1 }));
    const good = randomStream(1).normal([2, 2], "f64");
    const bad = f64([
      [1, Number.NaN],
      [0, 1],
    ]);
    const worse = f64([
      [Number.POSITIVE_INFINITY, 0],
      [0, 1],
    ]);
    const [a, b, c, d] = await follow(guarded, good, [good, bad, worse, good], 4);
    expect(toNumbers(c.w)).toEqual(toNumbers(a.w));
    expect(JSON.stringify(c.state.inner)).toBe(JSON.stringify(a.state.inner));
    expect([a, b, c, d].map((t) => [toNumbers(t.state.skipped)[0], toNumbers(t.state.inRow)[0]])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [2, 0],
    ]);
    const plain = await follow(optim.ifShampoo(0.1, { precondEvery: 1, damping: 0.1 }), good, [good, good], 4);
    near(d.w, toNumbers(plain[1].w), 1e-14);
  });

  test("a state of another structure, shape or optimizer is told apart", () => {
    const params = {
      w: f64([
        [1, 2],
        [3, 4],
      ]),
    };
    const dense = optim.ifShampoo(0.1, { structure: "dense" });
    const diagonal = optim.ifShampoo(0.1, { structure: "diagonal" });
    expect(() => optim.checkState(dense, params, dense.init(params))).not.toThrow();
    expect(() => optim.checkState(dense, params, diagonal.init(params))).toThrow(
      /factors\.w\.k\.0\.full is missing, should be f64\[2, 2\] \(and \d+ more\)/,
    );
    expect(() => optim.checkState(optim.adam(1), params, optim.adam(1).init({ w: f64([1]) }))).toThrow(
      /squares\.w is f64\[1\], should be f64\[2, 2\]/,
    );
  });
});
