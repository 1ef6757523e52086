/** Scales of proposals: the factor L of a covariance Σ = L Lᵀ, [1 or chains, d] if diagonal, [1 or chains, d, d] if dense. */
import { matmul, type Tensor } from "../../tensor/index.ts";

/** L v for v [chains, d]; v itself without a scale. */
export function scaleBy(scale: Tensor | undefined, v: Tensor): Tensor {
  if (!scale) return v;
  return scale.rank === 2 ? v.mul(scale) : apply(scale, v, true);
}

/** Lᵀ v. */
export function scaleByTransposed(scale: Tensor | undefined, v: Tensor): Tensor {
  if (!scale) return v;
  return scale.rank === 2 ? v.mul(scale) : apply(scale, v, false);
}

/** Rows v L or v Lᵀ; a shared factor is one product of matrices. */
function apply(scale: Tensor, v: Tensor, transposed: boolean): Tensor {
  const factor = transposed ? scale.transpose([0, 2, 1]) : scale;
  return factor.shape[0] === 1 ? matmul(v, factor.squeeze(0)) : matmul(v.expandDims(1), factor).squeeze(1);
}
