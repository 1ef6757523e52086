/** The heat equation on pictures with insulated borders, by their cosine transform. */
import { array } from "../../../array/index.ts";
import { constant, exp, scalar, sqrt, type Tensor } from "../../../tensor/index.ts";

const floatOf = (x: Tensor) => (x.dtype === "f64" ? "f64" : "f32");

/** A table [rows, columns] as a constant of the kind of floats of x. */
function table(rows: number, columns: number, entry: (row: number, column: number) => number, x: Tensor): Tensor {
  const values = Array.from({ length: rows * columns }, (_, i) => entry(Math.floor(i / columns), i % columns));
  return constant(array(values, floatOf(x), [rows, columns]));
}

/** Rows are the orthonormal cosines of n places: c_k cos(π k (j + ½) / n). */
const cosines = (n: number, x: Tensor): Tensor =>
  table(n, n, (k, j) => Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * k * (j + 0.5)) / n), x);

/** x [..., H, W] times a matrix along both axes: A_H x A_Wᵀ. */
const alongBoth = (x: Tensor, matrix: (n: number) => Tensor): Tensor => {
  const [height, width] = x.shape.slice(-2);
  return matrix(height).matmul(x).matmul(matrix(width).transpose());
};

/** Coefficients of the cosine transform (DCT-II) along both axes, [..., H, W]. */
export const cosineTransform = (x: Tensor): Tensor => alongBoth(x, (n) => cosines(n, x));

/** The picture of coefficients. */
export const inverseCosineTransform = (y: Tensor): Tensor => alongBoth(y, (n) => cosines(n, y).transpose());

/** |frequency|² of each coefficient of x [..., H, W], [H, W], in radians a pixel. */
function squaredFrequencies(x: Tensor): Tensor {
  const [height, width] = x.shape.slice(-2);
  return table(height, width, (row, column) => Math.PI ** 2 * ((row / height) ** 2 + (column / width) ** 2), x);
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
const damping = (x: Tensor, tau: Tensor): Tensor => exp(tau.neg().mul(squaredFrequencies(x)));

/** The picture after heat for τ, the variance of a Gaussian blur over two. Heat for τ₁ and then τ₂ is heat for τ₁ + τ₂. */
export const heated = (x: Tensor, tau: Tensor): Tensor => inverseCosineTransform(cosineTransform(x).mul(damping(x, tau)));

/** The picture as blurred as at a time in [0, 1]. Rissanen, Heinonen & Solin, ICLR 2023, with their range of blurs. */
export const blurred = (x: Tensor, time: Tensor): Tensor => heated(x, heatTime(time));

/**
 * Starts at time 1: what heat leaves of pictures, their brightness above all, drawn from normal laws that are fitted to some pictures, coefficient by
 * coefficient, and noise.
 *
 * @param z         normal noise [B, C, H, W]
 * @param pictures  [N, C, H, W]
 * @throws RangeError  without pictures
 */
export function blurredPrior(z: Tensor, pictures?: Tensor): Tensor {
  if (!pictures) throw new RangeError("blurredPrior: starts of heat are fitted to pictures, which are not given");
  const left = cosineTransform(pictures).mul(damping(pictures, heatTime(scalar(1, floatOf(pictures)))));
  const mean = left.mean(0, true);
  const variance = left.sub(mean).square().mean(0, true);
  return inverseCosineTransform(z.mul(sqrt(variance.add(1))).add(mean));
}
