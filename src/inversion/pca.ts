/** A generator from public data without training: their principal components. */
import { type NdArray, ndarray, type Random, type Shape, symmetricEigen, toNumbers } from "../array/index.ts";
import { constant, jit, type Tensor } from "../tensor/index.ts";
import type { Prior } from "./prior.ts";

/** Numbers of a row up to which the covariance is made and taken apart; beyond, only its largest directions are sought. */
const whole = 300;
/** Directions that are sought besides those that are wanted, and rounds of the search. */
const [extra, rounds] = [10, 12];

/** Mean and directions, each as long as the standard deviation along it. */
interface Components {
  /** [D] */
  readonly mean: Float64Array;
  /** [d, D], longest first */
  readonly directions: Float64Array;
  /** Share of the variance that they hold. */
  readonly share: number;
}

/**
 * x = mean + Σ z_k s_k v_k over the first d principal components of public rows: N(0, I) codes give rows with their mean and covariance.
 *
 * @param rows  [m, D] in the units of the data
 * @param output  of one input: pixels [channels, height, width], cut to [0, 1], or features, standardised first, so that none counts for its unit
 * @param wanted  d; of more than D there are D
 * @returns  with the share of the variance that the components hold
 */
export async function componentsPrior(
  rows: NdArray<"f32">,
  output: Shape,
  wanted: number,
  rng: Random,
): Promise<{ readonly prior: Prior; readonly share: number }> {
  const isImage = output.length === 3;
  const latent = Math.min(wanted, rows.shape[1]);
  const scales = isImage ? undefined : deviations(rows);
  const { mean, directions, share } = await principalComponents(scales ? divided(rows, scales) : rows, latent, rng);
  const [m, D] = [latent, mean.length];
  const unit = (i: number): number => scales?.[i % D] ?? 1;
  const w = ndarray(
    Float32Array.from(directions, (v, i) => v * unit(i)),
    [m, D],
    "f32",
  );
  const b = ndarray(
    Float32Array.from(mean, (v, i) => v * unit(i)),
    [1, D],
    "f32",
  );
  const generate = (z: Tensor): Tensor => z.reshape([z.shape[0], latent]).cast("f32").matmul(constant(w)).add(constant(b));
  const name = `${latent} principal components of the public data`;
  return { prior: { name, latent, layers: 1, output, generate, ...(isImage && { range: [0, 1] as const }) }, share };
}

/** Standard deviation of each feature; a constant one counts as 1. */
function deviations({ data, shape: [m, D] }: NdArray<"f32">): Float64Array {
  const [mean, square] = [new Float64Array(D), new Float64Array(D)];
  for (let i = 0; i < m * D; i++) mean[i % D] += data[i] / m;
  for (let i = 0; i < m * D; i++) square[i % D] += (data[i] - mean[i % D]) ** 2 / m;
  return square.map((v) => (v > 0 ? Math.sqrt(v) : 1));
}

const divided = (rows: NdArray<"f32">, by: Float64Array): NdArray<"f32"> => ({
  ...rows,
  data: rows.data.map((v, i) => v / by[i % by.length]),
});

async function principalComponents(rows: NdArray<"f32">, d: number, rng: Random): Promise<Components> {
  const [m, D] = rows.shape;
  const { mean, centred, trace } = await jit((x: Tensor) => {
    const values = x.cast("f64");
    const mean = values.mean(0);
    const centred = values.sub(mean);
    return { mean, centred, trace: centred.square().sum().div(m) };
  })(rows);
  const { vectors, values } = D <= whole ? await decomposed(centred) : await largest(centred, Math.min(m, D, d + extra), rng);
  const count = values.length;
  const order = Array.from({ length: count }, (_, k) => k).sort((a, b) => values[b] - values[a]);
  const directions = new Float64Array(d * D);
  for (let k = 0; k < Math.min(d, count); k++)
    for (let i = 0; i < D; i++) directions[k * D + i] = Math.sqrt(Math.max(0, values[order[k]])) * vectors[i * count + order[k]];
  const held = order.slice(0, d).reduce((sum, k) => sum + values[k], 0);
  return { mean: Float64Array.from(toNumbers(mean)), directions, share: held / toNumbers(trace)[0] };
}

/** Eigenvalues and vectors, in columns, of the covariance of centred rows. */
async function decomposed(centred: NdArray) {
  const [m, D] = centred.shape;
  const covariance = await jit((x: Tensor) => x.transpose().matmul(x).div(m))(centred);
  return symmetricEigen(toNumbers(covariance), D);
}

/** Eigenvalues and vectors [D, k] of the largest k, by iteration of a subspace; the covariance itself is never made. */
async function largest(centred: NdArray, k: number, rng: Random) {
  const [m, D] = centred.shape;
  // orthonormal columns of Y: Y R⁻¹ with RᵀR = YᵀY, taken as V Λ⁻½ of YᵀY = V Λ Vᵀ
  const step = jit((x: Tensor, q: Tensor) => {
    const y = x.transpose().matmul(x.matmul(q)).div(m);
    return { y, gram: y.transpose().matmul(y) };
  });
  const times = jit((y: Tensor, r: Tensor) => y.matmul(r));
  let q: NdArray = rng.normal([D, k], "f64");
  for (let round = 0; round < rounds; round++) {
    const { y, gram } = await step(centred, q);
    const { values, vectors } = symmetricEigen(toNumbers(gram), k);
    const top = values.reduce((a, b) => Math.max(a, b), 0);
    const whitening = Float64Array.from(vectors, (v, i) => v / Math.sqrt(Math.max(values[i % k], 1e-14 * top)));
    q = await times(y, ndarray(whitening, [k, k], "f64"));
  }
  const inner = await jit((x: Tensor, q: Tensor) => {
    const y = x.matmul(q);
    return y.transpose().matmul(y).div(m);
  })(centred, q);
  const { values, vectors } = symmetricEigen(toNumbers(inner), k);
  const turned = await times(q, ndarray(Float64Array.from(vectors), [k, k], "f64"));
  return { values, vectors: Float64Array.from(toNumbers(turned)) };
}
