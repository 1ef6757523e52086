/** How much two batches of rows depend on each other, by kernels: what bilateral dependency optimisation weighs. */
import { eye, inverse, maximum, sqrt, type Tensor } from "../../tensor/index.ts";

/** k(a, b) = e^{-|a - b|² / (2 σ² d)} of rows [m, d]: [m, m]. σ is in units of a coordinate. */
export function gaussianKernel(x: Tensor, sigma = 5): Tensor {
  const norms = x.square().sum(1, true);
  const squares = maximum(norms.add(norms.transpose()).sub(x.matmul(x.transpose()).mul(2)), 0);
  return squares.mul(-1 / (2 * sigma * sigma * x.shape[1])).exp();
}

/** k(a, b) = a·b. */
export const linearKernel = (x: Tensor): Tensor => x.matmul(x.transpose());

/** H K H with H = 1 - 11ᵀ/m: the kernel of rows about their mean. */
function centred(k: Tensor): Tensor {
  const rows = k.sub(k.mean(0, true));
  return rows.sub(rows.mean(1, true));
}

const identity = (k: Tensor): Tensor => eye(k.shape[0], k.dtype === "f64" ? "f64" : "f32");

/** Regularisation of the normalised criterion. */
const epsilon = 1e-5;

/**
 * Normalised Hilbert-Schmidt independence criterion tr(R_K R_L), R = A (A + ε m)⁻¹ = 1 - ε m (A + ε m)⁻¹ with A = H K H: 0 of independent
 * rows, at most m - 1. (With A = K H, as it is often written, the trace is the same, and the matrix not symmetric.)
 *
 * @param k  kernel matrices [m, m] of one batch
 * @source  Fukumizu et al., NeurIPS 2007; Peng et al. (BiDO), KDD 2022
 */
export function normalisedHsic(k: Tensor, l: Tensor): Tensor {
  const m = k.shape[0];
  const share = (kernel: Tensor): Tensor => {
    const one = identity(kernel);
    return one.sub(inverse(centred(kernel).add(one.mul(epsilon * m))).mul(epsilon * m));
  };
  return share(k).mul(share(l).transpose()).sum();
}

/** tr(K H L H) / (m - 1)². Gretton et al., ALT 2005. */
export const hsic = (k: Tensor, l: Tensor): Tensor =>
  centred(k)
    .mul(l)
    .sum()
    .div((k.shape[0] - 1) ** 2);

/**
 * Constrained covariance √‖(H K H)(H L H)‖ / m, with the Frobenius norm, as in BiDO, in place of the spectral one.
 *
 * @source  Gretton et al., AISTATS 2005; Peng et al., KDD 2022
 */
export function coco(k: Tensor, l: Tensor): Tensor {
  const squares = centred(k).matmul(centred(l)).square().sum();
  return sqrt(sqrt(maximum(squares, 1e-24))).div(k.shape[0]);
}
