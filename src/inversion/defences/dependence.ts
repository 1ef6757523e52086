/** How much two batches of rows depend on each other, by kernels: what bilateral dependency optimisation weighs. */
import { eye, inverse, maximum, sqrt, stack, type Tensor } from "../../tensor/index.ts";

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

/** Regularisation of the normalised criterion. */
const epsilon = 1e-5;

/**
 * A measure of dependence in two parts: each kernel matrix [m, m] of a batch is prepared once, all of them together, and pairs are joined.
 */
export interface Dependence {
  prepare(kernels: readonly Tensor[]): Tensor[];
  join(a: Tensor, b: Tensor): Tensor;
}

/**
 * Normalised Hilbert-Schmidt independence criterion tr(R_K R_L), R = A (A + ε m)⁻¹ = 1 - ε m (A + ε m)⁻¹ with A = H K H: 0 of independent
 * rows, at most m - 1. (With A = K H, as it is often written, the trace is the same, and the matrix not symmetric.)
 *
 * @source  Fukumizu et al., NeurIPS 2007; Peng et al. (BiDO), KDD 2022
 */
export const normalisedHsic: Dependence = {
  // one elimination for the whole stack: its m steps cost more than what they do
  prepare(kernels) {
    const about = stack(kernels.map(centred));
    const m = about.shape[1];
    const one = eye(m, about.dtype === "f64" ? "f64" : "f32");
    const shares = one.sub(inverse(about.add(one.mul(epsilon * m))).mul(epsilon * m));
    return kernels.map((_, i) => shares.slice(i));
  },
  join: (a, b) => a.mul(b.transpose()).sum(),
};

/**
 * Constrained covariance √‖(H K H)(H L H)‖ / m, with the Frobenius norm, as in BiDO, in place of the spectral one.
 *
 * @source  Gretton et al., AISTATS 2005; Peng et al., KDD 2022
 */
export const coco: Dependence = {
  prepare: (kernels) => kernels.map(centred),
  join: (a, b) => sqrt(sqrt(maximum(a.matmul(b).square().sum(), 1e-24))).div(a.shape[0]),
};
