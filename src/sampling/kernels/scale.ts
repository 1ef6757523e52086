/**
 * Scales of proposals: the factor L of a covariance Σ = L Lᵀ, [1 or chains, d] if diagonal, [groups, d, d] if dense, for as many groups of
 * consecutive chains, all of one size.
 */
import { broadcastTo, matmul, type Tensor } from "../../tensor/index.ts";

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

/** Rows v L or v Lᵀ, one product of matrices a group. */
function apply(scale: Tensor, v: Tensor, transposed: boolean): Tensor {
  const factor = transposed ? scale.transpose([0, 2, 1]) : scale;
  const [groups, d] = factor.shape;
  if (groups === 1) return matmul(v, factor.squeeze(0));
  return matmul(v.reshape([groups, v.shape[0] / groups, d]), factor).reshape(v.shape);
}

/** [groups, ...] as [chains, ...]. */
export function spread(parameter: Tensor, chains: number): Tensor {
  const [groups, ...rest] = parameter.shape;
  if (groups === 1 || groups === chains) return parameter;
  return broadcastTo(parameter.expandDims(1), [groups, chains / groups, ...rest]).reshape([chains, ...rest]);
}
