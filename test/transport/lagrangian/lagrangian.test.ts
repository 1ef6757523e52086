import { expect, test } from "vitest";
import { array, item, mapTree, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { mlp } from "../../../src/nn/index.ts";
import { concat, grad, jit, jvp, sign, type Tensor } from "../../../src/tensor/index.ts";
import {
  type Action,
  acceleration,
  type ConvexCost,
  freeMotion,
  type Lagrangian,
  laplacianOf,
  metricCost,
  powerCost,
  quadraticCost,
  residual,
  type ScalarField,
  type VectorField,
  velocity,
  velocityOfMomentum,
} from "../../../src/transport/index.ts";

const rng = randomStream(21);
const t = rng.uniform([40, 1], "f64");
const x = rng.normal([40, 2], "f64");
const worst = (a: NdArray): number => Math.max(...toNumbers(a).map(Math.abs));

/**
 * Per dimension: means m0 to m1 in a straight line or another curve, variance v(t), drift slope k(t): s = m'(x - m) + k (x - m)²/2 + c(t).
 */
type Curve = (t: Tensor) => Tensor;
const quadratic =
  (mean: Curve[], slope: Curve[]): Action =>
  (time, z) => {
    const terms = mean.map((m, j) => {
      const [at, rate] = jvp(m, [time], [time.mul(0).add(1)]);
      const y = z.slice(null, [j, j + 1]).sub(at);
      return rate.mul(y).add(slope[j](time).mul(y.square()).mul(0.5));
    });
    return concat(terms, 1).sum(1);
  };
const halfLogRate =
  (v: Curve, less = 0): Curve =>
  (time) => {
    const [at, rate] = jvp(v, [time], [time.mul(0).add(1)]);
    return rate.sub(less).div(at.mul(2));
  };
/** Pair A of the specification. */
const [m0, m1, s0, s1] = [
  [-1, 0],
  [1, 0.5],
  [0.5, 0.3],
  [0.2, 0.6],
];
const line =
  (j: number): Curve =>
  (time) =>
    time.mul(m1[j] - m0[j]).add(m0[j]);

test("the residual of the optimal-transport action of Gaussians is constant in space, with the right gauge zero", async () => {
  const sd =
    (j: number): Curve =>
    (time) =>
      time.mul(s1[j] - s0[j]).add(s0[j]);
  const slope =
    (j: number): Curve =>
    (time) =>
      sd(j)(time)
        .pow(-1)
        .mul(s1[j] - s0[j]);
  const drift = m0.reduce((s, m, j) => s + (m1[j] - m) ** 2, 0) / 2;
  const s: Action = (time, z) => quadratic([line(0), line(1)], [slope(0), slope(1)])(time, z).add(time.squeeze(1).mul(drift));
  const [r, a] = await jit((at: Tensor, z: Tensor) => [residual(freeMotion, s, at, z), acceleration(freeMotion, s, at, z)])(t, x);
  expect(worst(r)).toBeLessThan(1e-10);
  expect(worst(a)).toBeLessThan(1e-10);
});

test("the Schrödinger bridge of Gaussians has no missing force, and the drift of the specification", async () => {
  const sigma = 0.5;
  const variance =
    (j: number): Curve =>
    (time) => {
      const C = (Math.sqrt(4 * s0[j] ** 2 * s1[j] ** 2 + sigma ** 4) - sigma ** 2) / 2;
      const rest = time.neg().add(1);
      return rest
        .square()
        .mul(s0[j] ** 2)
        .add(time.square().mul(s1[j] ** 2))
        .add(rest.mul(time).mul(2 * C + sigma ** 2));
    };
  const s = quadratic(
    [line(0), line(1)],
    [0, 1].map((j) => halfLogRate(variance(j), sigma ** 2)),
  );
  const l: Lagrangian = { ...freeMotion, noise: sigma };
  expect(worst(await jit((at: Tensor, z: Tensor) => acceleration(l, s, at, z))(t, x))).toBeLessThan(1e-9);
  const slope = halfLogRate((time) => {
    const rest = time.neg().add(1);
    return rest
      .square()
      .add(time.square().mul(0.25))
      .add(rest.mul(time).mul(2 * 0.2071067812 + 1));
  }, 1);
  expect(item(await jit(slope)(array([[0.5]], "f64")))).toBeCloseTo(-1.313708499, 9);
});

test.each([
  ["harmonic", 1, 1.3646325975],
  ["inverted", -1, 2.9060788534],
])("%s potential: the known motion has no missing force and costs %s %f", async (_, direction, cost) => {
  const omega = Math.SQRT2;
  // x_t = [x0 sin ω(1-t) + x1 sin ωt] / sin ω, or with sinh: means and deviations move alike
  const wave = (time: Tensor): Tensor => (direction > 0 ? time.mul(omega).sin() : time.mul(omega).exp().sub(time.mul(-omega).exp()).div(2));
  const end = direction > 0 ? Math.sin(omega) : Math.sinh(omega);
  const between =
    (a: number, b: number): Curve =>
    (time) =>
      wave(time.neg().add(1)).mul(a).add(wave(time).mul(b)).div(end);
  const s = quadratic(
    [0, 1].map((j) => between(m0[j], m1[j])),
    [0, 1].map((j) => halfLogRate((time) => between(s0[j], s1[j])(time).square())),
  );
  const potential: ScalarField = (_t, z) => z.square().sum(1).mul(direction); // ω² / 2 = 1
  const l: Lagrangian = { ...freeMotion, potential };
  expect(worst(await jit((at: Tensor, z: Tensor) => acceleration(l, s, at, z))(t, x))).toBeLessThan(1e-9);
  // ∫ ½ E|v|² - E V over time by the midpoint rule on 2000 pieces: error 1e-7
  const energy = await jit((time: Tensor) => {
    const parts = [0, 1]
      .flatMap((j) => [between(m0[j], m1[j]), between(s0[j], s1[j])])
      .map((curve) => {
        const [at, rate] = jvp(curve, [time], [time.mul(0).add(1)]);
        return rate.square().mul(0.5).sub(at.square().mul(direction));
      });
    return parts.reduce((a, b) => a.add(b)).mean();
  })(
    ndarray(
      Float64Array.from({ length: 2000 }, (_v, i) => (i + 0.5) / 2000),
      [2000, 1],
      "f64",
    ),
  );
  expect(item(energy)).toBeCloseTo(cost, 5);
});

test("a free drift is a change of frame: optimal transport in the moving and in the turning frame has residual zero", async () => {
  const [b, omega] = [[0.8, -1.5], 1.1];
  const frames: { drift: VectorField; own: (at: Tensor, z: Tensor) => Tensor }[] = [
    { drift: (_, z) => z.mul(0).add(array(b, "f64")), own: (at, z) => z.sub(at.mul(array([b], "f64"))) },
    {
      drift: (_, z) => concat([z.slice(null, [1, 2]).mul(-omega), z.slice(null, [0, 1]).mul(omega)], 1),
      own: (at, z) => {
        const [cos, sin] = [at.mul(omega).cos(), at.mul(omega).sin()];
        const [p, q] = [z.slice(null, [0, 1]), z.slice(null, [1, 2])];
        return concat([p.mul(cos).add(q.mul(sin)), q.mul(cos).sub(p.mul(sin))], 1);
      },
    },
  ];
  const slope = (j: number): Curve =>
    halfLogRate((time) =>
      time
        .mul(s1[j] - s0[j])
        .add(s0[j])
        .square(),
    );
  const still = m0.reduce((sum, m, j) => sum + (m1[j] - m) ** 2, 0) / 2;
  for (const { drift, own } of frames) {
    const l = { ...freeMotion, drift };
    const s: Action = (at, z) => quadratic([line(0), line(1)], [slope(0), slope(1)])(at, own(at, z)).add(at.squeeze(1).mul(still));
    const [r, a] = await jit((at: Tensor, z: Tensor) => [residual(l, s, at, z), acceleration(l, s, at, z)])(t, x);
    expect(worst(r)).toBeLessThan(1e-9);
    expect(worst(a)).toBeLessThan(1e-9);
  }
});

test("a constant force bends straight lines by half of it, and pure growth solves its Riccati equation", async () => {
  const a = [0.7, -1.2];
  // V = -<a, x>: x_t = line - (a/2) t (1 - t), unchanged deviations
  const mean =
    (j: number): Curve =>
    (time) =>
      line(j)(time).sub(time.mul(time.neg().add(1)).mul(a[j] / 2));
  const sd =
    (j: number): Curve =>
    (time) =>
      time.mul(s1[j] - s0[j]).add(s0[j]);
  const s = quadratic(
    [mean(0), mean(1)],
    [0, 1].map((j) => halfLogRate((time) => sd(j)(time).square())),
  );
  const potential: ScalarField = (_, z) => z.mul(array(a, "f64")).sum(1).neg();
  expect(worst(await jit((at: Tensor, z: Tensor) => acceleration({ ...freeMotion, potential }, s, at, z))(t, x))).toBeLessThan(1e-9);
  const start = 2 * (Math.SQRT2 - 1);
  const grow: Action = (time, z) =>
    time
      .mul(start / 2)
      .add(1)
      .pow(-1)
      .mul(start)
      .squeeze(1)
      .add(z.sum(1).mul(0));
  const l: Lagrangian = { ...freeMotion, growth: 1 };
  expect(start).toBeCloseTo(0.8284271247, 9);
  expect(worst(await jit((at: Tensor, z: Tensor) => residual(l, grow, at, z))(t, x))).toBeLessThan(1e-12);
});

test("acceleration is the gradient of the residual, for a network and every term at once", async () => {
  const net = mapTree<never>(
    (w: NdArray) => ndarray(Float64Array.from(w.data as Float32Array), w.shape, "f64"),
    mlp.init(randomStream(3), [3, 12, 12, 1]),
  );
  const probe = rng.normal([40, 2], "f64");
  const everything: Lagrangian = {
    growth: 0.6,
    noise: 0.8,
    cost: metricCost([2, 0.5]),
    potential: (at, z) => z.square().sum(1).mul(at.squeeze(1)),
    drift: (at, z) => z.sin().mul(at.add(1)),
  };
  for (const [l, e] of [
    [freeMotion, false],
    [everything, false],
    [everything, true],
    [{ ...freeMotion, cost: powerCost(3) }, false],
  ] as [Lagrangian, boolean][]) {
    const both = jit((p: never, at: Tensor, z: Tensor, noise: Tensor) => {
      const s: Action = (time, y) => mlp.apply(p, concat([time, y], 1), "silu").squeeze(1);
      const signs = e ? sign(noise) : undefined;
      const direct = acceleration(l, s, at, z, signs);
      return direct.sub(grad((y: Tensor) => residual(l, s, at, y, signs).sum())(z));
    });
    expect(worst(await both(net, t, x, probe))).toBeLessThan(1e-10);
  }
});

test("probes of signs give the Laplacian exactly for diagonal Hessians, and on average for others", async () => {
  const hessian = [
    [2, 1.5],
    [1.5, -1],
  ];
  const quadraticForm =
    (off: number): Action =>
    (_, z) => {
      const [a, b] = [z.slice(null, 0), z.slice(null, 1)];
      return a
        .square()
        .mul(hessian[0][0] / 2)
        .add(b.square().mul(hessian[1][1] / 2))
        .add(a.mul(b).mul(off));
    };
  const many = {
    t: randomStream(1).uniform([10_000, 1], "f64"),
    x: randomStream(2).normal([10_000, 2], "f64"),
    e: randomStream(3).normal([10_000, 2], "f64"),
  };
  const run = (off: number) =>
    jit((at: Tensor, z: Tensor, e: Tensor) => laplacianOf(quadraticForm(off), at, z, sign(e)))(many.t, many.x, many.e);
  expect(worst({ ...(await run(0)), data: Float64Array.from(toNumbers(await run(0)), (v) => v - 1) })).toBeLessThan(1e-12);
  const values = toNumbers(await run(hessian[0][1]));
  const mean = values.reduce((a, b) => a + b) / values.length;
  // estimates are 1 ± 2 · 1.5, each with probability ½: standard error 3 / 100
  expect(Math.abs(mean - 1)).toBeLessThan(5 * 0.03);
});

test("velocities are those of the convex cost: Fenchel's equality, and a given drift is added", async () => {
  const p = rng.normal([50, 2], "f64");
  // <p, v> = c(v) + c*(p) at v = ∇c*(p), and more than <p, v> elsewhere
  const gap = (cost: ConvexCost, factor: number) =>
    jit((q: Tensor) => {
      const v = velocityOfMomentum(cost, q).mul(factor);
      return cost.of(v).add(cost.conjugate(q)).sub(q.mul(v).sum(1));
    })(p);
  for (const [cost, tolerance] of [
    [quadraticCost, 1e-12],
    [metricCost([2, 0.5]), 1e-12],
    [powerCost(3), 1e-6],
    [powerCost(1.5), 1e-6],
  ] as const) {
    expect(worst(await gap(cost, 1))).toBeLessThan(tolerance);
    for (const factor of [0.5, 1.3]) expect(Math.min(...toNumbers(await gap(cost, factor)))).toBeGreaterThan(tolerance);
  }
  // costs are those of their formulas: a velocity of length 5
  const at5 = async (cost: ConvexCost): Promise<number> => item(await jit((v: Tensor) => cost.of(v).sum())(array([[3, 4]], "f64")));
  expect(await at5(powerCost(3))).toBeCloseTo(125 / 3, 6);
  expect(await at5(metricCost([2, 0.5]))).toBeCloseTo(13, 12);
  const s: Action = (_, z) => z.square().sum(1).mul(0.5);
  const moved = await jit((at: Tensor, z: Tensor) => velocity(s, { ...freeMotion, drift: (_, y) => y.mul(2) })(at, z).sub(z.mul(3)))(t, x);
  expect(worst(moved)).toBeLessThan(1e-12);
  expect(() => powerCost(1)).toThrow(/exceed 1/);
  expect(() => metricCost([1, 0])).toThrow(/positive/);
});
