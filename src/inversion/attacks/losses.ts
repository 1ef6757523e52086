/** How far logits are from a class, row by row: what attacks descend. */
import { acosh, logSoftmax, max, maximum, type Tensor } from "../../tensor/index.ts";

/** -log p(y|x), [n]. @param wanted  indicators of the classes [n, K] */
export const crossEntropy = (logits: Tensor, wanted: Tensor): Tensor => logSoftmax(logits).mul(wanted).sum(-1).neg();

/** -out_y, [n]: its gradient does not vanish where the class is already likely. Nguyen et al., CVPR 2023, eq. 4. */
export const logitLoss = (logits: Tensor, wanted: Tensor): Tensor => logits.mul(wanted).sum(-1).neg();

/** -out_y + max_{j ≠ y} out_j, [n]: nor does that of this. Yuan et al., AAAI 2023, eq. 6. */
export const maxMargin = (logits: Tensor, wanted: Tensor): Tensor => max(logits.sub(wanted.mul(1e30)), -1).sub(logits.mul(wanted).sum(-1));

/** How far the target of the Poincaré loss is from the border of the ball, where distances are infinite. */
const border = 1e-4;
/** Of one logit alone that is not 0, |u| is 1 and no distance finite: room is at least the rounding of f32. */
const leastRoom = 2 ** -24;

/**
 * Distance in the Poincaré ball of u = out / |out|₁ and the class v, moved inside by ξ = 10⁻⁴: arcosh(1 + 2|u - v|² / ((1 - |u|²)(1 - |v|²))),
 * [n]. |u|₁ = 1 and |v|₁ = 1 - ξ, so that they never meet, where arcosh has no derivative.
 *
 * @source  Struppek et al., ICML 2022, eq. 4
 */
export function poincare(logits: Tensor, wanted: Tensor): Tensor {
  const u = logits.div(maximum(logits.abs().sum(-1, true), 1e-30));
  const apart = u
    .sub(wanted.mul(1 - border))
    .square()
    .sum(-1);
  // 1 - |v|² = ξ (2 - ξ), which as a difference would lose four digits in f32
  const room = maximum(u.square().sum(-1).neg().add(1), leastRoom).mul(border * (2 - border));
  return acosh(apart.mul(2).div(room).add(1));
}
