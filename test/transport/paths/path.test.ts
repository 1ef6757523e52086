import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { lineTransport, optimalTransport, wasserstein } from "../../../src/distances/index.ts";
import type { Mlp } from "../../../src/nn/index.ts";
import { jit, type Tensor } from "../../../src/tensor/index.ts";
import {
  coneGeodesic,
  densityAtKnots,
  drawPath,
  generate,
  initGenerator,
  initTimeDensity,
  invertDensity,
  type PathBatch,
  type PathOptions,
  pathPoints,
  pathThrough,
  reachPlan,
  type TimeDensity,
  updateTimeDensity,
} from "../../../src/transport/index.ts";
import { column } from "../quadrature.ts";

const rng = randomStream(8);
const clouds = [rng.normal([40, 2]), rng.normal([30, 2]), rng.normal([50, 2])];
const numbers = (a: NdArray | undefined): number[] => toNumbers(a as NdArray);

test.each(["independent", "ot", "sinkhorn"] as const)(
  "%s pairs: points lie on their lines and move with their velocity",
  async (coupling) => {
    const path = await pathThrough([0, 1, 3], clouds, { coupling });
    const batch = drawPath(path, rng, 400);
    const { x, v } = await jit((p: Tensor, b: PathBatch<Tensor>) => pathPoints(p, b, path.options))(path.points, batch);
    const rows = numbers(path.points);
    numbers(x).forEach((value, e) => {
      const [i, j] = [e >> 1, e & 1];
      const [a, b] = [rows[Number(batch.from.data[i]) * 2 + j], rows[Number(batch.to.data[i]) * 2 + j]];
      const [u, gap, t] = [batch.u, batch.gap, batch.t].map((c) => Number(c.data[i]));
      expect(value).toBeCloseTo((1 - u) * a + u * b, 5);
      expect(numbers(v)[e]).toBeCloseTo((b - a) / gap, 4);
      expect(u >= 0 && u <= 1 && gap === (t < 1 ? 1 : 2)).toBe(true);
      expect(Array.from(batch.interval.data.slice(2 * i, 2 * i + 2), Number)).toEqual(t < 1 ? [1, 0] : [0, 1]);
    });
  },
);

test("chains of optimal plans keep the weights of every snapshot and pair only what the plans pair", async () => {
  const weights = clouds.map((c, k) => Float64Array.from({ length: c.shape[0] }, (_, i) => 1 + ((i + k) % 3)));
  const weighted = clouds.map((points, k) => ({ points, weights: weights[k], mass: 1 }));
  const path = await pathThrough([0, 1, 2], weighted, { coupling: "ot" });
  const batch = drawPath(path, randomStream(4), 40_000);
  const share = (rows: NdArray, k: number): void => {
    const counts = new Float64Array(clouds[k].shape[0]);
    for (const r of numbers(rows)) if (r >= path.offsets[k] && r < path.offsets[k + 1]) counts[r - path.offsets[k]]++;
    const n = counts.reduce((a, b) => a + b);
    const total = weights[k].reduce((a, b) => a + b);
    // 120 proportions are tested at 5 standard errors
    counts.forEach((c, i) => {
      const p = weights[k][i] / total;
      expect(Math.abs(c / n - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / n));
    });
  };
  share(batch.first, 0);
  share(batch.to, 1);
  share(batch.from, 1);
  share(batch.last, 2);
  const plan = optimalTransport(clouds[0], clouds[1], { weights: { x: weights[0], y: weights[1] } });
  const allowed = new Set(Array.from(plan.from, (i, e) => `${i},${plan.to[e]}`));
  const from = numbers(batch.from);
  const to = numbers(batch.to);
  from.forEach((i, e) => {
    if (i < 40) expect(allowed.has(`${i},${to[e] - 40}`)).toBe(true);
  });
});

test("bridges have the variance of a Brownian bridge, and mixtures fade over", async () => {
  const zero = ndarray(new Float32Array(2), [1, 2], "f32");
  const far = ndarray(Float32Array.of(10, 10), [1, 2], "f32");
  const points = async (options: PathOptions) => {
    const path = await pathThrough([0, 2], [zero, far], { coupling: "independent", ...options });
    const batch = drawPath(path, randomStream(5), 20_000);
    return { batch, ...(await jit((p: Tensor, b: PathBatch<Tensor>) => pathPoints(p, b, path.options))(path.points, batch)) };
  };
  const bridge = await points({ shape: "bridge", noise: 0.8 });
  const u = numbers(bridge.batch.u);
  const off = numbers(bridge.x).map((x, e) => (x - 10 * u[e >> 1]) / Math.sqrt(0.64 * 2 * u[e >> 1] * (1 - u[e >> 1]) + 1e-5));
  const variance = off.reduce((s, z) => s + z * z, 0) / off.length;
  expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / off.length) + 0.005);
  const mixture = await points({ shape: "mixture" });
  expect(mixture.v).toBeUndefined();
  const places = numbers(mixture.batch.u);
  const late = numbers(mixture.x).filter((_, e) => e % 2 === 0 && Math.abs(places[e >> 1] - 0.75) < 0.05);
  const share = late.filter((x) => x === 10).length / late.length;
  expect(Math.abs(share - 0.75)).toBeLessThan(5 * Math.sqrt(0.19 / late.length) + 0.01);
}, 60_000);

test("masses go from snapshot to snapshot along their curve, with its slope", async () => {
  const heavy = clouds.slice(0, 2).map((points, k) => ({ points, mass: k ? 12 : 3 }));
  for (const [massCurve, at] of [
    ["log", (u: number) => 4 ** u],
    ["linear", (u: number) => 1 + 3 * u],
    ["geodesic", (u: number) => (1 + u) ** 2],
  ] as const) {
    const path = await pathThrough([0, 2], heavy, { massCurve });
    const batch = drawPath(path, rng, 100);
    const { mass, massRate } = await jit((p: Tensor, b: PathBatch<Tensor>) => pathPoints(p, b, path.options))(path.points, batch);
    numbers(batch.u).forEach((u, i) => {
      expect(numbers(mass)[i]).toBeCloseTo(at(u), 4);
      expect(numbers(massRate)[i]).toBeCloseTo((at(u + 1e-4) - at(u - 1e-4)) / 2e-4 / 2, 2);
    });
  }
});

test("the generator meets the snapshots exactly whatever its weights", async () => {
  const form = { growing: true, switched: true, bound: 5 };
  const net = initGenerator(randomStream(1), 2, form);
  const run = jit(
    (p: Mlp, t: Tensor, u: Tensor, a: Tensor, b: Tensor) => generate(p, form, t, u, a, b) as { x: Tensor; massFactor: Tensor },
  );
  const [a, b] = [rng.normal([60, 2]), rng.normal([60, 2])];
  for (const [place, end] of [
    [0, a],
    [1, b],
  ] as const) {
    const u = ndarray(new Float32Array(60).fill(place), [60, 1], "f32");
    const { x, massFactor } = await run(net, u, u, a, b);
    expect(numbers(x)).toEqual(numbers(end));
    expect(numbers(massFactor)).toEqual(new Array(60).fill(1));
  }
});

test("times drawn by a density follow it, and the density follows the spread of the loss", async () => {
  const p = Float64Array.from({ length: 100 }, (_, k) => 0.5 + k / 99);
  for (const level of [0, 0.01, 0.3, 0.77, 1]) {
    const { u, density } = invertDensity(p, level);
    expect(u / 2 + (u * u) / 2).toBeCloseTo(level, 10);
    expect(density).toBeCloseTo(0.5 + u, 10);
  }
  const drawn = Array.from({ length: 2000 }, (_, i) => invertDensity(p, (i + 0.5) / 2000).u);
  const exact = Array.from({ length: 2000 }, (_, i) => (Math.sqrt(1 + (8 * (i + 0.5)) / 2000) - 1) / 2);
  expect(lineTransport(drawn, exact, 1)).toBeLessThan(1e-9);
  // an integrand that is ±(1 + 3u) with equal chances: p ∝ 1 + 3u, mean 2.5
  let state = initTimeDensity();
  const update = jit((s: TimeDensity<Tensor>, u: Tensor, f: Tensor) => updateTimeDensity(s, u, f));
  for (let k = 0; k < 400; k++) {
    const u = rng.uniform([256, 1]);
    const f = ndarray(u.data.map((v, i) => (i % 2 ? 1 : -1) * (1 + 3 * v)) as Float32Array<ArrayBuffer>, [256], "f32");
    state = await update(state, u, f);
  }
  const density = densityAtKnots(state);
  for (const k of [10, 50, 90]) expect(Math.abs(density[k] - (0.99 * (1 + (3 * k) / 99)) / 2.5 - 0.01)).toBeLessThan(0.05);
});

test("pairs on the cone: growth alone, transport alone, and the action of two Dirac masses", async () => {
  const u = column(Array.from({ length: 201 }, (_, i) => i / 200));
  const run = async (distance: number, z0: number, z1: number, growth: number) => {
    const fill = (v: number): NdArray => column(new Array(201).fill(v));
    const program = jit((a: Tensor, b: Tensor, m0: Tensor, m1: Tensor, w: Tensor) => coneGeodesic(a, b, m0, m1, w, growth));
    const { x, mass } = await program(fill(0), fill(distance), fill(z0), fill(z1), u);
    return { x: numbers(x), mass: numbers(mass) };
  };
  const grow = await run(0, 1, 2, 1);
  grow.mass.forEach((m, i) => void expect(m).toBeCloseTo((1 - i / 200 + (i / 200) * Math.SQRT2) ** 2, 9));
  for (const [distance, z0, z1, growth] of [
    [1.5, 1, 1, 1],
    [2, 1, 3, 0.5],
    [0.7, 2, 0.4, 2],
  ]) {
    const { x, mass } = await run(distance, z0, z1, growth);
    let action = 0;
    for (let i = 0; i < 200; i++) {
      const [m, v, rate] = [(mass[i] + mass[i + 1]) / 2, (x[i + 1] - x[i]) * 200, (mass[i + 1] - mass[i]) * 200];
      action += (m * v * v + rate ** 2 / (growth * m)) / 400;
    }
    const exact = (2 / growth) * (z0 + z1 - 2 * Math.sqrt(z0 * z1) * Math.cos((Math.sqrt(growth) * distance) / 2));
    expect(Math.abs(action / exact - 1)).toBeLessThan(1e-3);
    // the mass law of all geodesics, M(t) = (1-t) M0 + t M1 - (λ/2) t (1-t) S
    mass.forEach(
      (m, i) => void expect(m).toBeCloseTo((1 - i / 200) * z0 + (i / 200) * z1 - (growth / 2) * (i / 200) * (1 - i / 200) * exact, 9),
    );
  }
});

test.each([
  [1, 0.25, 0.04, 1.60974, 1.60998],
  [0.25, 0.25, 0.04, 1.9355, 1.9372],
  [1, 0.09, 0.09, 1.646, 1.6463],
])(
  "λ = %f, variances %f and %f: the action of the unbalanced plan is in [%f, %f]",
  async (growth, v0, v1, low, high) => {
    // Gaussians N(-1, v0) and N(1, v1) as weights on grids
    const grid = (mean: number, v: number) => {
      const n = 161;
      const points = Float32Array.from({ length: n }, (_, i) => mean + Math.sqrt(v) * 10 * (i / (n - 1) - 0.5));
      return {
        points: ndarray(points, [n, 1], "f32"),
        weights: points.map((x) => Math.exp(-((x - mean) ** 2) / (2 * v))),
        mass: 1,
      };
    };
    const { primal, dual } = await reachPlan(grid(-1, v0), grid(1, v1), growth, { epsilon: 2e-3, iterations: 4000 });
    expect(dual).toBeLessThan(primal + 1e-9);
    // the entropy of the plan is a few units, and costs ε each
    const slack = (2 / growth) * 2e-3;
    expect(dual).toBeGreaterThan(low - slack);
    expect(primal).toBeLessThan(high + slack);
  },
  60_000,
);

test("dear growth leaves the plan as sharp as that of balanced transport", async () => {
  const [a, b] = [randomStream(3).normal([120, 2]), randomStream(4).normal([120, 2])];
  const [x, y] = [a, b].map((points) => ({ points, mass: 1 }));
  const { primal, dual } = await reachPlan(x, y, 0.03);
  // S is at most ½ W2² for every λ, and less by what growth saves; the entropy of the plan costs a tenth of it here, with a constant ε
  // of 0.01 five times as much as all of it
  const balanced = wasserstein(a, b, { power: 2 }) ** 2 / 2;
  expect(primal).toBeLessThan(1.2 * balanced);
  expect(dual).toBeLessThan(balanced);
  expect(dual).toBeGreaterThan(0.8 * balanced);
});

test("the lower bound of unbalanced transport is that of potentials as great as they may be", async () => {
  const [a, b] = [randomStream(1).normal([40, 2]), randomStream(2).normal([50, 2])];
  const moved = ndarray(b.data.map((v) => v + 0.8) as Float32Array<ArrayBuffer>, b.shape, "f32");
  const [x, y] = [
    { points: a, mass: 1 },
    { points: moved, mass: 1.5 },
  ];
  const fine = await reachPlan(x, y, 1, { epsilon: 5e-4, iterations: 20_000 });
  const coarse = await reachPlan(x, y, 1);
  // the bounds of the fine plan are 1.5e-4 apart; lowering the potentials of the coarse one to min(f, ·) instead leaves 4.0e-3, transforms 2.3e-3
  expect(fine.primal - fine.dual).toBeLessThan(3e-4);
  expect(coarse.dual).toBeLessThan(fine.primal);
  expect(coarse.dual).toBeGreaterThan(fine.primal - 3e-3);
});

test("unbalanced pairs follow the total mass that is prescribed, or that of their geodesics", async () => {
  const heavy = [clouds[0], clouds[2]].map((points, k) => ({ points, mass: k ? 3 : 1 }));
  for (const massCurve of ["linear", "geodesic"] as const) {
    const path = await pathThrough([0, 1], heavy, { coupling: "unbalanced", growth: 0.5, massCurve });
    const batch = drawPath(path, randomStream(9), 40_000);
    const { mass } = await jit((p: Tensor, b: PathBatch<Tensor>) => pathPoints(p, b, path.options))(path.points, batch);
    const u = numbers(batch.u);
    const near = numbers(mass).filter((_, i) => Math.abs(u[i] - 0.5) < 0.05);
    const mean = near.reduce((a, b) => a + b) / near.length;
    const sd = Math.sqrt(near.reduce((s, v) => s + (v - mean) ** 2, 0) / near.length);
    // (1-u)² 1 + u² 3 + 2u(1-u) C at one half, or 2
    const expected = massCurve === "linear" ? 2 : 1 + (path.couplings[0]?.overlap as number) / 2;
    expect(Math.abs(mean - expected)).toBeLessThan((5 * sd) / Math.sqrt(near.length) + 0.01);
  }
});

test("unbalanced pairs carry the masses of both snapshots", async () => {
  const heavy = [clouds[0], clouds[2]].map((points, k) => ({ points, mass: k ? 3 : 1 }));
  const path = await pathThrough([0, 1], heavy, { coupling: "unbalanced", growth: 0.5 });
  const batch = drawPath(path, randomStream(9), 20_000);
  for (const [masses, total] of [
    [batch.mass0, 1],
    [batch.mass1, 3],
  ] as const) {
    const values = numbers(masses);
    const mean = values.reduce((a, b) => a + b) / values.length;
    const sd = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean - total)).toBeLessThan((5 * sd) / Math.sqrt(values.length) + 1e-6);
  }
});

test("particles without weight change nothing in a plan with growth, wherever they are", async () => {
  const [x, y] = [randomStream(31).normal([30, 2]), randomStream(32).normal([20, 2])] as NdArray<"f32">[];
  const more = (cloud: NdArray<"f32">, n: number): NdArray<"f32"> =>
    ndarray(Float32Array.of(...cloud.data, 50, 50, -90, 3), [n + 2, 2], "f32");
  const weights = (n: number) => Array.from({ length: n + 2 }, (_, i) => (i < n ? 1 : 0));
  const plain = await reachPlan({ points: x, mass: 1 }, { points: y, mass: 2 }, 1);
  const padded = await reachPlan(
    { points: more(x, 30), weights: weights(30), mass: 1 },
    { points: more(y, 20), weights: weights(20), mass: 2 },
    1,
  );
  expect(padded.primal).toBeCloseTo(plain.primal, 8);
  expect(padded.dual).toBeCloseTo(plain.dual, 8);
  for (let i = 0; i < 30; i++)
    for (let j = 0; j < 20; j++) expect(padded.plan.data[i * 22 + j]).toBeCloseTo(plain.plan.data[i * 20 + j], 10);
  expect(Math.max(...padded.plan.data.slice(30 * 22))).toBe(0);
});
