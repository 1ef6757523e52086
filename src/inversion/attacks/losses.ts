/** How far logits are from a class, row by row: what attacks descend. */
import { acosh, add, clamp, logSoftmax, max, type Tensor } from "../../tensor/index.ts";

/** -log p(y|x), [n]. @param wanted  indicators of the classes [n, K] */
export const crossEntropy = (logits: Tensor, wanted: Tensor): Tensor => logSoftmax(logits).mul(wanted).sum(-1).neg();

/** -out_y, [n]: its gradient does not vanish where the class is already likely. Nguyen et al., CVPR 2023, eq. 4. */
export const logitLoss = (logits: Tensor, wanted: Tensor): Tensor => logits.mul(wanted).sum(-1).neg();

/** -out_y + max_{j ≠ y} out_j, [n]. Yuan et al., AAAI 2023, eq. 6. */
export const maxMargin = (logits: Tensor, wanted: Tensor): Tensor => max(logits.sub(wanted.mul(1e30)), -1).sub(logits.mul(wanted).sum(-1));

/** How far the target of the Poincaré loss is from the border of the ball, where distances are infinite. */
const border = 1e-4;

/**
 * Distance in the Poincaré ball of u = out / |out|₁ and the class, moved inside by 10⁻⁴: arcosh(1 + 2|u - v|² / ((1 - |u|²)(1 - |v|²))), [n].
 *
 * @source  Struppek et al., ICML 2022, eq. 4
 */
export function poincare(logits: Tensor, wanted: Tensor): Tensor {
  const u = logits.div(logits.abs().sum(-1, true).add(1e-12));
  const v = clamp(wanted.sub(border), 0, 1);
  const inside = (x: Tensor): Tensor => x.square().sum(-1).neg().add(1);
  // of one logit that is not 0 alone |u| is 1: kept from dividing by 0
  const room = clamp(inside(u), 1e-7, 1).mul(inside(v));
  return acosh(add(u.sub(v).square().sum(-1).mul(2).div(room), 1 + 1e-7));
}
