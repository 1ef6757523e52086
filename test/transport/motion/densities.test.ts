import { describe, expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { adaptiveSteps } from "../../../src/solve/index.ts";
import { concat, constant, jit, type Tensor } from "../../../src/tensor/index.ts";
import {
  actionDynamics,
  type Dynamics,
  densities,
  freeMotion,
  gaussianDensity,
  kernelDensity,
  logMixture,
  type Model,
  traceFlow,
  withDivergence,
} from "../../../src/transport/index.ts";
import { legendre } from "../quadrature.ts";
import { normals } from "../training.ts";

const double = (values: ArrayLike<number>, shape: readonly number[]): NdArray => ndarray(Float64Array.from(values), shape, "f64");
const tight = adaptiveSteps({ rtol: 1e-9, atol: 1e-9 });
const logNormal = (x: number, mean: number, variance: number): number =>
  -((x - mean) ** 2) / (2 * variance) - Math.log(2 * Math.PI * variance) / 2;

/** Velocity m' + k (x - m) and growth of a Gaussian path as programs, mean and variance as numbers. */
interface Path {
  readonly dynamics: Dynamics;
  readonly mean: (t: number) => number;
  readonly variance: (t: number) => number;
}
const linear = { mean: (t: number) => 2 * t, variance: (t: number) => (1 - t) ** 2 + t ** 2 / 4 };
const linearVariance = (t: Tensor): Tensor => t.neg().add(1).square().add(t.square().div(4));
const linearRate = (t: Tensor): Tensor => t.mul(1.25).sub(1).div(linearVariance(t));
const ouVariance = (t: Tensor): Tensor => t.mul(-2).exp().mul(-0.4).add(0.5);

const paths: Record<string, Path> = {
  "independent linear path": {
    dynamics: { noise: 0, drift: (t, x) => x.sub(t.mul(2)).mul(linearRate(t)).add(2) },
    ...linear,
  },
  "heat flow, by its action": {
    dynamics: actionDynamics(freeMotion, (t, x) => x.square().div(t.add(0.1).mul(4)).squeeze(1)),
    mean: () => 0,
    variance: (t) => 0.1 + t,
  },
  // the drift of the entropic action moves particles with noise; the flow has the same densities
  "Ornstein–Uhlenbeck, by its flow": {
    dynamics: { noise: 1, drift: (_, x) => x.neg(), flow: (t, x) => x.neg().add(x.sub(t.neg().exp().mul(2)).div(ouVariance(t)).div(2)) },
    mean: (t) => 2 * Math.exp(-t),
    variance: (t) => 0.1 * Math.exp(-2 * t) + 0.5 * (1 - Math.exp(-2 * t)),
  },
  // growth keeps the density normalised, because the mean of the action is zero at all times
  "linear path, unbalanced": {
    dynamics: actionDynamics({ ...freeMotion, growth: 1 }, (t, x) => {
      const v = linearVariance(t);
      const y = x.sub(t.mul(2));
      const bend = linearRate(t).div(v.mul(0.5).add(1)).mul(0.5);
      return y
        .mul(2)
        .div(v.add(1))
        .add(bend.mul(y.square().sub(v)))
        .squeeze(1);
    }),
    ...linear,
  },
};

describe("log densities of Gaussian paths", () => {
  test.each(Object.entries(paths))("%s: exact to 1e-7, from either end", async (_, { dynamics, mean, variance }) => {
    const x = [-1, 0.2, 1, 2.5];
    const run = jit((z: Tensor, times: Tensor) => traceFlow(dynamics, z, times, undefined, { control: tight }));
    for (const [from, at] of [
      [0, 1],
      [0, 0.4],
      [1, 0.3],
    ]) {
      const back = await run(double(x, [4, 1]), double([at, from], [2]));
      x.forEach((v, i) => {
        const start = logNormal(Number(back.x.data[i]), mean(from), variance(from));
        const log = start + Number(back.divergence.data[i]) - Number(back.growth.data[i]);
        expect(Math.abs(log - logNormal(v, mean(at), variance(at)))).toBeLessThan(1e-7);
      });
    }
  });
});

/** A nonlinear field in three dimensions, and one whose divergence is zero. */
const twisted = (t: Tensor, x: Tensor): Tensor => {
  const [a, b, c] = [0, 1, 2].map((j) => x.slice(null, [j, j + 1]));
  return concat([a.mul(b).sin().add(t), b.square().mul(c).mul(0.3), a.add(c.tanh()).mul(b.cos())], 1);
};
const circling = (_: Tensor, x: Tensor): Tensor => {
  const [a, b] = [0, 1].map((j) => x.slice(null, [j, j + 1]));
  const speed = a.square().add(b.square());
  return concat([b.neg().mul(speed), a.mul(speed)], 1);
};
/** All rows of signs. */
const signs = (d: number): number[][] =>
  Array.from({ length: 2 ** d }, (_, k) => Array.from({ length: d }, (_, j) => (k & (1 << j) ? 1 : -1)));

describe("divergences", () => {
  test("the mean over all probes of signs is the exact divergence, at a point and along the flow", async () => {
    const probes = signs(3);
    const n = probes.length;
    const x = double(
      probes.flatMap(() => [0.4, -0.7, 0.2]),
      [n, 3],
    );
    const e = double(probes.flat(), [n, 3]);
    const at = jit((z: Tensor, p: Tensor) => {
      const t = z.slice(null, [0, 1]).mul(0).add(0.3);
      return [withDivergence(twisted, t, z).divergence, withDivergence(twisted, t, z, p).divergence];
    });
    const along = jit((z: Tensor, p: Tensor) => {
      const times = constant(array([1, 0], "f64"));
      const dynamics = { drift: twisted, noise: 0 };
      return [
        traceFlow(dynamics, z, times, undefined, { control: tight }).divergence,
        traceFlow(dynamics, z, times, p, { control: tight }).divergence,
      ];
    });
    for (const [exact, probed] of [await at(x, e), await along(x, e)]) {
      const mean = toNumbers(probed).reduce((a, b) => a + b, 0) / n;
      expect(Math.abs(mean - Number(exact.data[0]))).toBeLessThan(1e-7);
      expect(new Set(toNumbers(probed).map((v) => v.toFixed(6))).size).toBeGreaterThan(1);
    }
  });

  test("a flow without divergence carries densities unchanged, whatever it does to the points", async () => {
    const x = randomStream(1).normal([20, 2], "f64");
    const run = jit((z: Tensor) => traceFlow({ drift: circling }, z, constant(array([2, 0], "f64")), undefined, { control: tight }));
    const { divergence, x: origin } = await run(x);
    for (const v of toNumbers(divergence)) expect(Math.abs(v)).toBeLessThan(1e-8);
    // |x|² turns and does not change
    for (let i = 0; i < 20; i++)
      expect(Math.hypot(...toNumbers(origin).slice(2 * i, 2 * i + 2))).toBeCloseTo(Math.hypot(...x.data.subarray(2 * i, 2 * i + 2)), 7);
  });
});

describe("base densities", () => {
  test("a Gaussian of correlated points is the closed form of its moments", async () => {
    const x = normals([1, -2], [1, 1], 400, 1);
    for (let i = 0; i < 400; i++) x.data[2 * i + 1] += 0.8 * x.data[2 * i];
    const cloud = { points: x, mass: 1 };
    const mean = [0, 1].map((j) => x.data.reduce((s, v, i) => s + (i % 2 === j ? v / 400 : 0), 0));
    const covariance = (a: number, b: number) =>
      Array.from({ length: 400 }, (_, i) => ((x.data[2 * i + a] - mean[a]) * (x.data[2 * i + b] - mean[b])) / 400).reduce((s, v) => s + v);
    const [p, q, r] = [covariance(0, 0), covariance(0, 1), covariance(1, 1)];
    const det = p * r - q * q;
    const log = await jit(logMixture)(await gaussianDensity(cloud), x);
    for (let i = 0; i < 10; i++) {
      const [a, b] = [x.data[2 * i] - mean[0], x.data[2 * i + 1] - mean[1]];
      const exact = -(r * a * a - 2 * q * a * b + p * b * b) / (2 * det) - Math.log(2 * Math.PI) - Math.log(det) / 2;
      expect(Math.abs(Number(log.data[i]) - exact)).toBeLessThan(2e-5);
    }
  });

  test("kernels: the mean over the points by hand, with weights, and an integral of one", async () => {
    const points = ndarray(Float32Array.of(-1, 0.5, 2, 2.2), [4, 1], "f32");
    const weights = [1, 2, 1, 0];
    const total = 4;
    const mean = (-1 + 2 * 0.5 + 2) / total;
    const variance = ((-1 - mean) ** 2 + 2 * (0.5 - mean) ** 2 + (2 - mean) ** 2) / total;
    const h2 = (total ** 2 / 6) ** (-2 / 5) * variance; // effective n = 16 / (1 + 4 + 1)
    const density = await kernelDensity({ points, weights, mass: 1 });
    const run = jit(logMixture);
    const exact = (x: number) => Math.log([-1, 0.5, 2].reduce((s, c, i) => s + (weights[i] / total) * Math.exp(logNormal(x, c, h2)), 0));
    const at = [-2, 0, 0.7, 3];
    const log = await run(density, ndarray(Float32Array.from(at), [4, 1], "f32"));
    at.forEach((x, i) => void expect(Math.abs(Number(log.data[i]) - exact(x))).toBeLessThan(1e-5));
    const { x, w } = legendre(60);
    const all = await run(
      density,
      ndarray(
        Float32Array.from(x, (u) => 24 * u - 12),
        [60, 1],
        "f32",
      ),
    );
    expect(w.reduce((s, v, i) => s + 24 * v * Math.exp(Number(all.data[i])), 0)).toBeCloseTo(1, 4);
  });

  test("points in a plane have no density", async () => {
    const flat = ndarray(Float32Array.of(0, 0, 1, 1, 2, 2), [3, 2], "f32");
    await expect(gaussianDensity({ points: flat, mass: 1 })).rejects.toThrow(/3 points that lie in a plane/);
  });
});

const still = (dynamics: Dynamics, knots?: readonly number[]): Model => ({
  init: () => ({}),
  step: async (state) => ({ state, metrics: {} }),
  average: () => ({}),
  dynamics: () => dynamics,
  noise: dynamics.noise,
  knots,
});

describe("densities of a model", () => {
  const rng = randomStream(5);
  // more rows than a run takes, so that the last run overlaps the one before
  const x = normals([2], [0.7], 1500, 2);

  test("in single precision over several runs and pieces: the Gaussian path again", async () => {
    const { dynamics, mean, variance } = paths["linear path, unbalanced"];
    const base = {
      centres: ndarray(new Float32Array(1), [1, 1], "f32"),
      logWeights: ndarray(new Float32Array(1), [1], "f32"),
      factor: ndarray(Float32Array.of(1), [1, 1], "f32"),
    };
    for (const knots of [undefined, [0, 0.25, 1]]) {
      const { logDensity, logMass, origin } = await densities(still(dynamics, knots))({}, base, x, 0.8, 0, rng);
      for (let i = 0; i < 1500; i += 7) expect(Math.abs(logDensity[i] - logNormal(x.data[i], mean(0.8), variance(0.8)))).toBeLessThan(2e-4);
      expect(logMass[0]).not.toBe(0);
      expect(origin.data.length).toBe(1500);
    }
  });

  test("in many dimensions, by probes: exact where the Jacobian is diagonal, and the base itself at its own time", async () => {
    const d = 8;
    const cloud = { points: normals(new Array(d).fill(0), new Array(d).fill(1), 300, 3), mass: 1 };
    const base = await gaussianDensity(cloud);
    const density = densities(still({ drift: (_, z) => z.mul(0.5), noise: 0 }));
    const now = await density({}, base, cloud.points, 0, 0, rng);
    const later = await density({}, base, { ...cloud.points, data: cloud.points.data.map((v) => v * Math.exp(0.5)) }, 1, 0, rng);
    // x_1 = e^{1/2} x_0: the density falls by e^{d/2}
    for (let i = 0; i < 300; i++) expect(Math.abs(later.logDensity[i] - (now.logDensity[i] - d / 2))).toBeLessThan(1e-3);
  });
});
