/** Principal components of public rows as a generator. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { componentsPrior } from "../../src/inversion/pca.ts";
import type { Prior } from "../../src/inversion/prior.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";

/** Rows mean + A ε with A [D, k]. */
function rowsOf(m: number, mean: readonly number[], factor: readonly (readonly number[])[], seed = 1): NdArray<"f32"> {
  const k = factor[0].length;
  const noise = randomStream(seed).normal([m, k], "f64").data;
  const x = Float32Array.from({ length: m * mean.length }, (_, e) => {
    const [i, j] = [Math.floor(e / mean.length), e % mean.length];
    return factor[j].reduce((sum, a, c) => sum + a * noise[i * k + c], mean[j]);
  });
  return ndarray(x, [m, mean.length], "f32");
}

/** Mean and covariance of rows. */
function momentsOf(rows: NdArray): { mean: number[]; covariance: number[][] } {
  const [m, D] = rows.shape;
  const x = toNumbers(rows);
  const mean = Array.from({ length: D }, (_, j) => x.reduce((s, v, e) => (e % D === j ? s + v / m : s), 0));
  const entry = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < m; i++) sum += ((x[i * D + a] - mean[a]) * (x[i * D + b] - mean[b])) / m;
    return sum;
  };
  return { mean, covariance: mean.map((_, a) => mean.map((_, b) => entry(a, b))) };
}

const generated = async ({ generate, latent }: Prior, z: NdArray): Promise<NdArray> =>
  jit((z: Tensor) => generate(z.reshape([z.shape[0], 1, latent])))(z);

/** The affine map itself: mean, and directions [d][D]. */
async function mapOf(prior: Prior): Promise<{ mean: number[]; directions: number[][] }> {
  const { latent } = prior;
  const codes = new Float32Array((latent + 1) * latent);
  for (let k = 0; k < latent; k++) codes[(k + 1) * latent + k] = 1;
  const x = await generated(prior, ndarray(codes, [latent + 1, latent], "f32"));
  const D = x.shape[1];
  const rows = Array.from({ length: latent + 1 }, (_, i) => toNumbers(x).slice(i * D, (i + 1) * D));
  return { mean: rows[0], directions: rows.slice(1).map((row) => row.map((v, j) => v - rows[0][j])) };
}

const product = (directions: readonly number[][], a: number, b: number): number => directions.reduce((s, w) => s + w[a] * w[b], 0);

const factor = [
  [2, 0, 0.1],
  [1, 1, 0],
  [0, -1, 0.3],
  [0.5, 0.5, 0.2],
  [0, 0, 1],
  [-1, 2, 0],
];
const mean = [1, -2, 0, 3, 0.5, 10];

test("all components have mean and covariance of the rows, exactly as a map and in draws", async () => {
  const full = factor.map((row, j) => [...row, ...mean.map((_, k) => (j === k ? 0.4 : 0))]);
  const rows = rowsOf(3000, mean, full);
  const { prior, share } = await componentsPrior(rows, [6], 6, randomStream(2));
  expect(share).toBeCloseTo(1, 6);
  const known = momentsOf(rows);
  const { mean: centre, directions } = await mapOf(prior);
  centre.forEach((v, j) => void expect(v).toBeCloseTo(known.mean[j], 4));
  const n = 20_000;
  const drawn = momentsOf(await generated(prior, randomStream(3).normal([n, 6])));
  for (let a = 0; a < 6; a++)
    for (let b = 0; b < 6; b++) {
      const c = known.covariance;
      expect(Math.abs(product(directions, a, b) - c[a][b])).toBeLessThan(1e-4 * Math.sqrt(c[a][a] * c[b][b]));
      expect(Math.abs(drawn.covariance[a][b] - c[a][b])).toBeLessThan(4 * Math.sqrt((c[a][a] * c[b][b] + c[a][b] ** 2) / n));
    }
});

test("of pictures the components that vary most, longest first and at right angles; what they leave is the rest of the variance", async () => {
  const rows = rowsOf(
    2000,
    mean,
    factor.map((row, j) => [...row, ...mean.map((_, k) => (j === k ? 0.2 : 0))]),
  );
  const { prior, share } = await componentsPrior(rows, [1, 2, 3], 3, randomStream(2));
  expect(prior).toMatchObject({ latent: 3, layers: 1, output: [1, 2, 3], range: [0, 1] });
  const { directions } = await mapOf(prior);
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, j) => s + v * b[j], 0);
  const lengths = directions.map((w) => dot(w, w));
  expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
  expect(Math.abs(dot(directions[0], directions[1]))).toBeLessThan(1e-3 * lengths[0]);
  const total = momentsOf(rows).covariance.reduce((s, row, j) => s + row[j], 0);
  expect(share).toBeCloseTo(lengths.reduce((a, b) => a + b) / total, 4);
  // noise of variance 0.04 in the three directions that are left
  expect(total * (1 - share)).toBeCloseTo(3 * 0.04, 1);
});

test.each([5, 12])("of more numbers than are taken apart whole, %i components of rows with five are all there is", async (latent) => {
  const D = 400;
  const wide = Array.from({ length: D }, (_, j) => Array.from({ length: 5 }, (_, k) => Math.sin((j + 1) * (k + 1)) * (k + 1)));
  const centre = Array.from({ length: D }, (_, j) => Math.cos(j));
  const rows = rowsOf(500, centre, wide);
  const { prior, share } = await componentsPrior(rows, [1, 20, 20], latent, randomStream(2));
  expect(share).toBeCloseTo(1, 5);
  const known = momentsOf(ndarray(Float32Array.from(toNumbers(rows).filter((_, e) => e % D < 8)), [500, 8], "f32"));
  const { mean: found, directions } = await mapOf(prior);
  for (let a = 0; a < 8; a++) {
    expect(found[a]).toBeCloseTo(known.mean[a], 4);
    for (let b = 0; b < 8; b++) expect(product(directions, a, b)).toBeCloseTo(known.covariance[a][b], 2);
  }
});

test("features count alike whatever their units, and one that never changes stays where it is", async () => {
  const [rho, unit] = [0.9, [1e6, 1e-3]];
  const rows = rowsOf(
    4000,
    [5e6, 2e-3, 7],
    [
      [unit[0], 0],
      [rho * unit[1], Math.sqrt(1 - rho ** 2) * unit[1]],
      [0, 0],
    ],
  );
  const { prior, share } = await componentsPrior(rows, [3], 1, randomStream(2));
  const { mean: centre, directions } = await mapOf(prior);
  const { covariance } = momentsOf(
    ndarray(
      rows.data.map((v, e) => (e % 3 === 0 ? v / 1e6 : e % 3 === 1 ? v * 1e3 : v)),
      rows.shape,
      "f32",
    ),
  );
  const found = covariance[0][1] / Math.sqrt(covariance[0][0] * covariance[1][1]);
  // [[1, ρ], [ρ, 1]]: the first direction is the diagonal, with the variance 1 + ρ
  expect(share).toBeCloseTo((1 + found) / 2, 3);
  for (const j of [0, 1]) {
    const deviation = unit[j] * Math.sqrt(covariance[j][j]);
    expect(Math.abs(directions[0][j]) / deviation).toBeCloseTo(Math.sqrt((1 + found) / 2), 2);
  }
  expect(centre[2]).toBeCloseTo(7, 5);
  expect(directions[0][2]).toBe(0);
});

test("of more components than numbers there are as many as numbers", async () => {
  const { prior } = await componentsPrior(rowsOf(50, mean, factor), [6], 40, randomStream(2));
  expect(prior.latent).toBe(6);
  for (const v of toNumbers(await generated(prior, randomStream(3).normal([10, 6])))) expect(Number.isFinite(v)).toBe(true);
});
