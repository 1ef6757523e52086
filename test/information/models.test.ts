/** Models: closed forms of their information and its invariances, densities, gradients and draws of their noise, priors. */
import { expect, test } from "vitest";
import { array, mapTree, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import {
  decoderJoint,
  type LinearModel,
  likelihoodOf,
  linearInformation,
  linearJoint,
  pointBounds,
  simulate,
  sineWeights,
} from "../../src/information/index.ts";
import type { LikelihoodName, OutputKind } from "../../src/information/models/likelihood.ts";
import { priorOf } from "../../src/information/models/prior.ts";
import { type Mlp, mlp } from "../../src/nn/index.ts";
import { toOnnx } from "../../src/onnx/index.ts";
import { readOnnx } from "../../src/onnx/read.ts";
import { constant, grad, jit, like, type Tensor } from "../../src/tensor/index.ts";
import {
  annealed,
  expectAtLeast,
  expectAtMost,
  expectMean,
  f64,
  integral,
  jointOf,
  kolmogorov,
  linearEvidence,
  minus,
  rowsOf,
} from "./measure.ts";

const informationOfWeights = (weights: readonly (readonly number[])[], variance: readonly number[]): number =>
  linearInformation({ weights: { data: weights.flat(), shape: [weights.length, weights[0].length] }, variance });

test.each([
  [2, 1, 1, 0.4650761531],
  [3, 2, 1, 0.9225317362],
  [5, 3, 0.25, 3.2478225915],
  [20, 10, 0.01, 34.7230177364],
  [100, 20, 0.01, 85.2118421692],
  [784, 10, 0.03, 47.3920808821],
  [784, 100, 0.03, 473.6829531917],
])("W_ij = sin(ij) of %i x %i with noise %d carries %d nats", (D, d, variance, expected) => {
  expect(linearInformation({ weights: sineWeights(D, d), variance: [variance] })).toBeCloseTo(expected, 9);
});

test("scalar channels: weak, strong, and of a correlation", () => {
  expect(informationOfWeights([[0.1]], [1])).toBeCloseTo(0.004975165427, 11);
  expect(informationOfWeights([[1000]], [1])).toBeCloseTo(6.907755778982, 11);
  // x = ρ z + √(1 - ρ²) ε
  expect(informationOfWeights([[0.75]], [1 - 0.75 ** 2])).toBeCloseTo(0.413339286592, 11);
  const fifty = Array.from({ length: 50 }, (_, i) => Array.from({ length: 50 }, (_, j) => (i === j ? 0.99 : 0)));
  expect(informationOfWeights(fifty, [1 - 0.99 ** 2])).toBeCloseTo(97.925888681292, 9);
});

test("the information of a linear model does not change with rotations of z or x, nor with the scale of W and σ together", () => {
  const weights = rowsOf(randomStream(1).normal([4, 3], "f64"));
  const expected = informationOfWeights(weights, [0.3]);
  const turn = (n: number, i: number, j: number, angle: number) =>
    Array.from({ length: n }, (_, a) =>
      Array.from({ length: n }, (_, b) => {
        if (a === b) return a === i || a === j ? Math.cos(angle) : 1;
        if (a === i && b === j) return -Math.sin(angle);
        return a === j && b === i ? Math.sin(angle) : 0;
      }),
    );
  const product = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]) =>
    a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));
  const turnedX = product(turn(4, 0, 2, 0.7), product(turn(4, 1, 3, -1.1), weights));
  const turnedZ = product(product(weights, turn(3, 0, 1, 0.4)), turn(3, 1, 2, 2));
  expect(informationOfWeights(turnedX, [0.3])).toBeCloseTo(expected, 11);
  expect(informationOfWeights(turnedZ, [0.3])).toBeCloseTo(expected, 11);
  const scaled = weights.map((row) => row.map((v) => 7 * v));
  expect(informationOfWeights(scaled, [49 * 0.3])).toBeCloseTo(expected, 11);
  // each coordinate of x in its own unit: its row and its standard deviation together
  const units = [0.1, 3, 20, 1];
  const perUnit = weights.map((row, i) => row.map((v) => v * units[i]));
  expect(
    informationOfWeights(
      perUnit,
      units.map((s) => 0.3 * s * s),
    ),
  ).toBeCloseTo(expected, 11);
});

test("information adds over independent blocks and falls where coordinates of x are dropped", () => {
  const [a, b] = [rowsOf(randomStream(2).normal([3, 2], "f64")), rowsOf(randomStream(3).normal([4, 1], "f64"))];
  const both = [...a.map((row) => [...row, 0]), ...b.map((row) => [0, 0, ...row])];
  const separate = informationOfWeights(a, [0.2]) + informationOfWeights(b, [0.2]);
  expect(informationOfWeights(both, [0.2])).toBeCloseTo(separate, 11);
  let before = separate;
  for (let kept = 6; kept >= 1; kept--) {
    const now = informationOfWeights(both.slice(0, kept), [0.2]);
    expect(now).toBeLessThan(before);
    before = now;
  }
});

test("drawn pairs of a linear model have the closed form for the mean of their pointwise information, with a bias and noise by coordinate", async () => {
  const model: LinearModel = { weights: sineWeights(5, 3), bias: [1, -2, 0, 4, 0.5], variance: [0.25, 0.1, 1, 0.5, 2] };
  const joint = linearJoint(model, "f64");
  const { u, x } = await simulate(joint, 4000, randomStream(4));
  const density = jit((z: Tensor, seen: Tensor) => joint.likelihood.logDensity(joint.decode(z), seen));
  const fit = toNumbers(await density(u, x));
  const pointwise = minus(fit, linearEvidence(model, x));
  expectMean(pointwise, linearInformation(model));
  // Var i(x, z) = Σ ρ_j² is at most d
  const variance = pointwise.reduce((sum, v) => sum + (v - linearInformation(model)) ** 2, 0) / pointwise.length;
  expect(variance).toBeLessThan(3 * (1 + 4.5 * Math.sqrt(2 / 4000)));
});

/** Likelihoods of one coordinate at an output, and where their mass ends. */
const scalars: [string, LikelihoodName, OutputKind, number, number][] = [
  ["gaussian", "gaussian", "mean", 0.3, -1.7],
  ["laplace", "laplace", "mean", 0.5, 0.4],
];

test.each(scalars)(
  "a %s density with its constant integrates to 1 and has the mean and variance it says",
  async (_, name, output, variance, mean) => {
    const likelihood = likelihoodOf(name, output, [variance], "f64");
    // Simpson's rule on each side of the mean, where a Laplace density has its edge; both densities are below 1e-17 at 28 deviations
    const [half, n] = [28 * Math.sqrt(variance), 4000];
    const grid = Float64Array.from({ length: 2 * n + 1 }, (_, i) => mean + (half * (i - n)) / n);
    const density = jit((x: Tensor) => likelihood.logDensity(constant(f64([[mean]])), x));
    const logs = toNumbers(await density(ndarray(grid, [grid.length, 1], "f64")));
    const p = logs.map((l) => Math.exp(l + likelihood.constant(1)));
    const simpson = (f: (i: number) => number): number => {
      const weigh = (i: number): number => (i === 0 || i === n ? 1 : i % 2 ? 4 : 2);
      let sum = 0;
      for (let i = 0; i <= n; i++) sum += weigh(i) * (f(i) + f(i + n));
      return (sum * half) / n / 3;
    };
    expect(simpson((i) => p[i])).toBeCloseTo(1, 8);
    expect(simpson((i) => p[i] * (grid[i] - mean))).toBeCloseTo(0, 10);
    expect(simpson((i) => p[i] * (grid[i] - mean) ** 2)).toBeCloseTo(variance, 8);
  },
);

test("the probabilities of a Bernoulli density add up to 1 over all x", async () => {
  const logits = [-3, 0.2, 1.5];
  const all = Array.from({ length: 8 }, (_, i) => [i & 1, (i >> 1) & 1, (i >> 2) & 1]);
  for (const output of ["logits", "probabilities"] as const) {
    const likelihood = likelihoodOf("bernoulli", output, [1], "f64");
    const given = output === "logits" ? logits : logits.map((a) => 1 / (1 + Math.exp(-a)));
    const logs = toNumbers(await jit((x: Tensor) => likelihood.logDensity(constant(f64([given])), x))(f64(all)));
    expect(logs.reduce((sum, l) => sum + Math.exp(l + likelihood.constant(3)), 0)).toBeCloseTo(1, 12);
  }
});

test("log densities are their formulas, with one variance or one a coordinate", async () => {
  const [mean, x, variances] = [
    [0.3, -1, 2],
    [0.1, 0.7, 1.6],
    [0.2, 1.5, 0.01],
  ];
  const of = async (name: LikelihoodName, output: OutputKind, variance: number[], given = mean, seen = x): Promise<number> => {
    const likelihood = likelihoodOf(name, output, variance, "f64");
    const [value] = toNumbers(await jit((y: Tensor, s: Tensor) => likelihood.logDensity(y, s))(f64([given]), f64([seen])));
    return value + likelihood.constant(3);
  };
  const sum = (f: (i: number) => number): number => f(0) + f(1) + f(2);
  const normal = (i: number, v: number) => -0.5 * Math.log(2 * Math.PI * v) - (x[i] - mean[i]) ** 2 / (2 * v);
  expect(await of("gaussian", "mean", [0.4])).toBeCloseTo(
    sum((i) => normal(i, 0.4)),
    12,
  );
  expect(await of("gaussian", "mean", variances)).toBeCloseTo(
    sum((i) => normal(i, variances[i])),
    12,
  );
  const laplace = (i: number, v: number) => -Math.log(2 * Math.sqrt(v / 2)) - Math.abs(x[i] - mean[i]) / Math.sqrt(v / 2);
  expect(await of("laplace", "mean", [0.4])).toBeCloseTo(
    sum((i) => laplace(i, 0.4)),
    12,
  );
  expect(await of("laplace", "mean", variances)).toBeCloseTo(
    sum((i) => laplace(i, variances[i])),
    12,
  );
  const bits = [1, 0, 1];
  const chance = (i: number) => 1 / (1 + Math.exp(-mean[i]));
  const bernoulli = sum((i) => Math.log(bits[i] ? chance(i) : 1 - chance(i)));
  expect(await of("bernoulli", "logits", [1], mean, bits)).toBeCloseTo(bernoulli, 12);
  expect(
    await of(
      "bernoulli",
      "probabilities",
      [1],
      mean.map((_, i) => chance(i)),
      bits,
    ),
  ).toBeCloseTo(bernoulli, 12);
});

const decoders: [string, LikelihoodName, OutputKind, number[]][] = [
  ["gaussian, one variance", "gaussian", "mean", [0.3]],
  ["gaussian, a variance by coordinate", "gaussian", "mean", [0.3, 0.1, 2, 1, 0.5, 0.02]],
  ["laplace", "laplace", "mean", [0.4]],
  ["bernoulli, logits", "bernoulli", "logits", [1]],
  ["bernoulli, probabilities", "bernoulli", "probabilities", [1]],
];

test.each(decoders)("∇_z log p(x|z) is that of finite differences: %s", async (_, likelihood, output, variance) => {
  const layers = mapTree<Mlp, [NdArray]>((a) => constant(a), mlp.init(randomStream(5), [3, 8, 6], { dtype: "f64" }));
  const network = (z: Tensor): Tensor => {
    const y = mlp.apply(layers, z, "tanh");
    return output === "probabilities" ? y.sigmoid() : y;
  };
  const model = readOnnx(toOnnx(network, [like([1, 3], "f64")], { anyRows: true }), "decoder.onnx", { dtype: "f64" });
  const joint = await decoderJoint(model, { path: "decoder.onnx", likelihood, output, variance, prior: priorOf("normal"), dtype: "f64" });
  const { x } = await simulate(joint, 20, randomStream(6));
  const z = randomStream(7).normal([20, 3], "f64");
  const density = (u: Tensor, seen: Tensor): Tensor => joint.likelihood.logDensity(joint.decode(u), seen);
  const value = jit(density);
  const gradient = toNumbers(await jit((u: Tensor, seen: Tensor) => grad((v: Tensor) => density(v, seen).sum())(u))(z, x));
  const h = 1e-5;
  for (let j = 0; j < 3; j++) {
    const moved = async (by: number): Promise<number[]> => {
      const data = Float64Array.from(z.data as Float64Array, (v, e) => (e % 3 === j ? v + by : v));
      return toNumbers(await value(ndarray(data, [20, 3], "f64"), x));
    };
    const [up, down] = [await moved(h), await moved(-h)];
    // f‴ h² / 6 and rounding ε f / h are both below 1e-7 of the scale
    const scale = Math.max(1, ...gradient.map(Math.abs));
    up.forEach((v, b) => void expect(Math.abs((v - down[b]) / (2 * h) - gradient[3 * b + j])).toBeLessThan(1e-6 * scale));
  }
});

/** Φ, by the integral of its density. */
const normalCdf = (t: number): number =>
  0.5 + Math.sign(t) * integral((s) => Math.exp((-s * s) / 2) / Math.sqrt(2 * Math.PI), 0, Math.min(9, Math.abs(t)), 100);
const laplaceCdf = (t: number): number => (t < 0 ? Math.exp(t) / 2 : 1 - Math.exp(-t) / 2);

test.each(["f32", "f64"] as const)(
  "draws of noise have the law of the density, and squares of mean 1 in units of its variance (%s)",
  async (dtype) => {
    const n = 20_000;
    const means = [0.5, -3];
    const variance = [0.3, 4];
    for (const name of ["gaussian", "laplace"] as const) {
      const likelihood = likelihoodOf(name, "mean", variance, dtype);
      const mean = constant(array([means], dtype));
      const program = jit((noise: Tensor) => {
        const x = likelihood.sample(mean, noise);
        return { x, squares: likelihood.standardSquares(mean, x) };
      });
      const { x, squares } = await program(likelihood.noise(randomStream(8), [n, 2], dtype));
      const values = rowsOf(x);
      means.forEach((m, j) => {
        const unit = name === "gaussian" ? Math.sqrt(variance[j]) : Math.sqrt(variance[j] / 2);
        const column = values.map((row) => (row[j] - m) / unit);
        expect(kolmogorov(column, name === "gaussian" ? normalCdf : laplaceCdf)).toBeLessThan(2.5);
        expectMean(column, 0);
      });
      expectMean(toNumbers(squares), 1);
    }
  },
);

test("draws of a Bernoulli have its probabilities, and squares of mean 1", async () => {
  const n = 20_000;
  const logits = [-4, 0, 1.5];
  const chances = logits.map((a) => 1 / (1 + Math.exp(-a)));
  for (const output of ["logits", "probabilities"] as const) {
    const likelihood = likelihoodOf("bernoulli", output, [1], "f32");
    const y = constant(array([output === "logits" ? logits : chances], "f32"));
    const program = jit((noise: Tensor) => {
      const x = likelihood.sample(y, noise);
      return { x, squares: likelihood.standardSquares(y, x), mean: likelihood.mean(y) };
    });
    const { x, squares, mean } = await program(likelihood.noise(randomStream(9), [n, 3], "f32"));
    const values = rowsOf(x);
    expect(values.flat().every((v) => v === 0 || v === 1)).toBe(true);
    chances.forEach((p, j) => {
      const frequency = values.reduce((sum, row) => sum + row[j], 0) / n;
      // the standard error of a frequency is √(p (1 - p) / n)
      expect(Math.abs(frequency - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / n));
      expect(toNumbers(mean)[j]).toBeCloseTo(p, 6);
    });
    // one row's squares are dependent by their common divisor only: means of rows are independent
    expectMean(
      rowsOf(squares).map((row) => (row[0] + row[1] + row[2]) / 3),
      1,
    );
  }
});

test.each([
  ["uniform", 0, 1],
  ["uniform:-2,5", -2, 5],
])("the prior %s maps normal coordinates to its law", async (text, low, high) => {
  const prior = priorOf(text);
  const z = await jit((u: Tensor) => prior.toLatent(u))(randomStream(10).normal([20_000, 1], "f64"));
  expect(kolmogorov(toNumbers(z), (v) => (v - low) / (high - low))).toBeLessThan(2.5);
  const far: NdArray = await jit((u: Tensor) => prior.toLatent(u))(f64([[-40], [40]]));
  expect(toNumbers(far)).toEqual([low, high]);
});

test("a uniform latent seen through Gaussian noise: the bounds enclose the information by quadrature", async () => {
  // z ~ U(-1, 2), x = z + σ ε: I = h(x) - ½ log 2πe σ²
  const [low, high, sigma] = [-1, 2, 0.25];
  const marginal = (x: number): number => (normalCdf((x - low) / sigma) - normalCdf((x - high) / sigma)) / (high - low);
  const entropy = integral(
    (x) => (marginal(x) > 1e-300 ? -marginal(x) * Math.log(marginal(x)) : 0),
    low - 9 * sigma,
    high + 9 * sigma,
    1200,
  );
  const information = entropy - 0.5 * Math.log(2 * Math.PI * Math.E * sigma * sigma);
  const joint = jointOf((z) => z, 1, 1, {
    prior: priorOf(`uniform:${low},${high}`),
    likelihood: likelihoodOf("gaussian", "mean", [sigma * sigma], "f64"),
  });
  const { weights, pairs } = await annealed(joint, { pairs: 400, chains: 4, temperatures: 50, rng: randomStream(11) });
  const points = pointBounds(weights);
  const exact = toNumbers(pairs.x).map((x) => Math.log(marginal(x)) - joint.likelihood.constant(1));
  // by datum: log p(x) is known, and only the chains' noise is left
  const [below, above] = [minus(points.mixtureLower, exact), minus(points.reverseUpper, exact)];
  const mean = (v: ArrayLike<number>): number => Array.from(v).reduce((a, b) => a + b, 0) / v.length;
  expectAtMost(below, 0);
  expectAtLeast(above, 0);
  expect(mean(above) - mean(below)).toBeLessThan(0.2);
  expectMean(minus(weights.fit, exact), information);
});
