/** The heat equation on pictures with insulated borders, by their cosine transform. */
import { ndarray } from "../../../array/index.ts";
import { exp, sqrt, type Tensor } from "../../../tensor/index.ts";

/** Rows are the orthonormal cosines of n places: c_k cos(π k (j + ½) / n). */
function cosines(n: number, dtype: "f32" | "f64") {
  const values = Float64Array.from({ length: n * n }, (_, i) => {
    const [k, j] = [Math.floor(i / n), i % n];
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * k * (j + 0.5)) / n);
  });
  return dtype === "f64" ? ndarray(values, [n, n], "f64") : ndarray(Float32Array.from(values), [n, n], "f32");
}

const floatOf = (x: Tensor) => (x.dtype === "f64" ? "f64" : "f32");

/** Coefficients of the cosine transform (DCT-II) along both axes, [..., H, W]. */
export function cosineTransform(x: Tensor): Tensor {
  const [height, width] = x.shape.slice(-2);
  const turned = x.matmul(turnedCosines(width, floatOf(x)));
  return turned
    .transpose()
    .matmul(turnedCosines(height, floatOf(x)))
    .transpose();
}

/** The picture of coefficients. */
export function inverseCosineTransform(y: Tensor): Tensor {
  const [height, width] = y.shape.slice(-2);
  return y
    .matmul(cosines(width, floatOf(y)))
    .transpose()
    .matmul(cosines(height, floatOf(y)))
    .transpose();
}

function turnedCosines(n: number, dtype: "f32" | "f64") {
  const rows = cosines(n, dtype);
  const data = rows.data.map((_, i) => rows.data[(i % n) * n + Math.floor(i / n)]);
  return { ...rows, data } as typeof rows; // the same kind of array, its entries in another order
}

/** |frequency|² of each coefficient, [H, W], in radians a pixel. */
function squaredFrequencies(height: number, width: number, dtype: "f32" | "f64") {
  const values = Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width) / height, (i % width) / width];
    return Math.PI ** 2 * (row ** 2 + column ** 2);
  });
  return dtype === "f64"
    ? ndarray(Float64Array.from(values), [height, width], "f64")
    : ndarray(Float32Array.from(values), [height, width], "f32");
}

/** Standard deviations of the blur at both ends of the time, in pixels. */
const [sharpest, softest] = [0.1, 20];

/** The time of the heat equation, σ² / 2 for a blur that grows from 0.1 to 20 pixels, evenly in its logarithm. */
export const heatTime = (time: Tensor): Tensor =>
  exp(
    time
      .mul(Math.log(softest / sharpest))
      .add(Math.log(sharpest))
      .mul(2),
  ).mul(0.5);

/** What is left of each coefficient after heat for so long: exp(-|frequency|² τ). */
const damping = (x: Tensor, tau: Tensor): Tensor =>
  exp(tau.neg().mul(squaredFrequencies(x.shape[x.rank - 2], x.shape[x.rank - 1], floatOf(x))));

/** The picture after heat for τ, the variance of a Gaussian blur over two. Heat for τ₁ and then τ₂ is heat for τ₁ + τ₂. */
export const heated = (x: Tensor, tau: Tensor): Tensor => inverseCosineTransform(cosineTransform(x).mul(damping(x, tau)));

/** The picture as blurred as at a time in [0, 1]. Rissanen, Heinonen & Solin, ICLR 2023, with their range of blurs. */
export const blurred = (x: Tensor, time: Tensor): Tensor => heated(x, heatTime(time));

/**
 * Starts at time 1: what heat leaves of pictures, their brightness above all, drawn from normal laws that are fitted to some pictures, coefficient by
 * coefficient, and noise.
 *
 * @param pictures  [N, C, H, W]
 * @param z         normal noise [B, C, H, W]
 */
export function blurredPrior(pictures: Tensor, z: Tensor): Tensor {
  const left = cosineTransform(pictures).mul(damping(pictures, heatTime(pictures.slice(0, 0, 0, 0).mul(0).add(1))));
  const mean = left.mean(0, true);
  const variance = left.sub(mean).square().mean(0, true);
  return inverseCosineTransform(z.mul(sqrt(variance.add(1))).add(mean));
}
