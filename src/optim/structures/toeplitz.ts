/** Triangular Toeplitz matrices: one number a diagonal, t_0 on the main one. Products are truncated products of polynomials. */
import { allocate, concat, constant, greaterEqual, iota, mul, pad, type Tensor, take, where } from "../../tensor/index.ts";
import { type Float, filled, type Parts, type Structure } from "./structure.ts";

/** The lower triangular matrix of t: entry (i, j) is t_{i-j}. */
function lowerMatrix(t: Tensor): Tensor {
  const [d] = t.shape;
  const offset = iota(d).expandDims(1).sub(iota(d));
  return where(greaterEqual(offset, 0), take(t, offset.abs()), 0);
}

/** Sums of a square matrix along its diagonals: s_j = Σ_i M_{i+j, i}, j ≥ 0. */
function diagonalSums(m: Tensor): Tensor {
  const [d] = m.shape;
  // Rows of 2d numbers, read as rows of 2d - 1: row i moves i to the right, so that column d - 1 + i - j of reversed rows is one diagonal.
  const reversed = take(m, constant(countdown(d)), 1);
  const wide = pad(reversed, [
    [0, 0],
    [0, d],
  ]); // prettier-ignore
  const shifted = wide
    .reshape([2 * d * d])
    .slice([0, 2 * d * d - d])
    .reshape([d, 2 * d - 1]);
  return shifted.sum(0).slice([d - 1, 2 * d - 1]);
}

function countdown(d: number) {
  const a = allocate("i32", [d]);
  for (let i = 0; i < d; i++) a.data[i] = d - 1 - i;
  return a;
}

/** Lengths d - j of the diagonals, and 2 for those off the main one. */
const lengths = (d: number, dtype: Float): Tensor => iota(d, dtype).neg().add(d);
const doubled = (d: number, dtype: Float): Tensor => where(greaterEqual(iota(d), 1), 2, 1).cast(dtype);

/** Means along diagonals, those off the main one doubled. */
const tie = (sums: Tensor): Tensor => {
  const [d] = sums.shape;
  const dtype = sums.dtype as Float;
  return sums.mul(doubled(d, dtype)).div(lengths(d, dtype));
};

function toeplitz(size: number, side: "lower" | "upper"): Structure {
  const matrix = (k: Parts): Tensor => (side === "lower" ? lowerMatrix(k.t) : lowerMatrix(k.t).transpose());
  return {
    name: `toeplitz-${side}`,
    size,
    shapes: { t: [size] },
    identity(value, dtype) {
      const t = filled([size], 0, dtype);
      t.data[0] = value;
      return { t };
    },
    product: (k, l) => ({ t: lowerMatrix(k.t).matmul(l.t) }),
    times: (x, k) => x.matmul(matrix(k)),
    timesTransposed: (x, k) => x.matmul(matrix(k).transpose()),
    gram: (x) => ({ t: tie(diagonalSums(x.transpose().matmul(x))) }),
    // Along diagonal j: Σ_q (d - q) t_q t_{q-j}, the same for both sides. Entry (q, j) of the matrix below is t_{q-j}.
    selfGram: ({ t }) => ({
      t: tie(
        lowerMatrix(t)
          .transpose()
          .matmul(mul(t, lengths(size, t.dtype as Float))),
      ),
    }),
    addIdentity: ({ t }, value) => ({
      t: size === 1 ? t.add(value) : concat([t.slice([0, 1]).add(value), t.slice([1, size])], 0),
    }),
    averageTrace: ({ t }) => t.slice(0),
    squaredNorm: ({ t }) =>
      t
        .square()
        .mul(lengths(size, t.dtype as Float))
        .sum(),
    toDense: matrix,
    project: (m) => ({ t: tie(diagonalSums(m)) }),
  };
}

export const toeplitzLower = (size: number): Structure => toeplitz(size, "lower");
export const toeplitzUpper = (size: number): Structure => toeplitz(size, "upper");
