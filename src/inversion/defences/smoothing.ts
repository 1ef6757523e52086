/** Cross-entropy with smoothed labels. Positive smoothing helps inversion, negative hinders it. */
import { logSoftmax, maximum, minimum, oneHot, type Tensor } from "../../tensor/index.ts";

/**
 * Mean over rows of
 *
 *   (1 - α) (-log p_y) + α mean_k (-log p_k)                    over all classes, or
 *   (1 - α) (-log p_y) + α Σ_{k ≠ y} (-log p_k) / (K - 1)       over the others.
 *
 * For α < 0 it has no lower bound: wrong classes are pushed away for ever, and α near 0 and few steps keep it in hand.
 *
 * @param logits  [n, K] @param y  [n], i32
 * @param alpha   a number, or a scalar that changes with the step
 * @source  Szegedy et al., CVPR 2016; negative: Struppek et al., ICLR 2024
 */
export function smoothedCrossEntropy(logits: Tensor, y: Tensor, alpha: number | Tensor, over: "all" | "others" = "all"): Tensor {
  const surprise = logSoftmax(logits).neg();
  const k = logits.shape[1];
  const own = surprise.mul(oneHot(y, k, surprise.dtype === "f64" ? "f64" : "f32")).sum(1);
  const sum = surprise.sum(1);
  const rest = over === "all" ? sum.div(k) : sum.sub(own).div(k - 1);
  return own.add(rest.sub(own).mul(alpha)).mean();
}

/** 0 until step `from`, 1 from step `to` on, straight between: training first finds the classes, then pushes them apart. */
export const ramp = (step: Tensor, from: number, to: number): Tensor =>
  minimum(
    maximum(
      step
        .cast("f32")
        .sub(from)
        .div(Math.max(1, to - from)),
      0,
    ),
    1,
  );
