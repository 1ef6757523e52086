/**
 * What critics are trained for. Each loss is the negative of a value of the batch, from scores S [B, B]: pairs on the diagonal,
 * combinations beside it.
 */
import { diagonal, exp, eye, greater, minimum, softplus, stopGradient, type Tensor, where } from "../../../tensor/index.ts";
import { fenchelLegendre, infoNce } from "./statistics.ts";

/** Loss, and MINE's running mean of e^T. */
interface Step {
  readonly loss: Tensor;
  readonly running: Tensor;
}

/** Σ_{i≠j} G_ij / (B (B - 1)). */
function meanOfOthers(G: Tensor): Tensor {
  const n = G.shape[0];
  return where(eye(n).cast("bool"), 0, G)
    .sum()
    .div(n * (n - 1));
}

export const infoNceLoss = (S: Tensor, running: Tensor): Step => ({ loss: infoNce(S).value.neg(), running });

/** Scores above are as good as infinite: e^30 is no number of pairs. */
const top = 30;

export const nwjLoss = (S: Tensor, running: Tensor): Step => ({
  loss: meanOfOthers(exp(minimum(S, top).sub(1))).sub(diagonal(S).mean()),
  running,
});

/**
 * Donsker & Varadhan with the gradient of MINE: the mean of e^T in the denominator is a running one, m ← 0.9 m + 0.1 mean e^T, without
 * gradient, because the quotient of the batch's own means is biased. The running mean begins as that of the first batch.
 *
 * @source  Belghazi et al., ICML 2018, section 3.2
 */
export function mineLoss(S: Tensor, running: Tensor): Step {
  const mean = meanOfOthers(exp(S));
  const seen = stopGradient(mean);
  const next = where(greater(running, 0), running.mul(0.9).add(seen.mul(0.1)), seen);
  return { loss: mean.div(next).sub(diagonal(S).mean()), running: next };
}

/** The logistic loss of telling pairs from combinations, as many of each: Jensen & Shannon's divergence; its optimum is T = log p/pp. */
export const logisticLoss = (S: Tensor, running: Tensor): Step => ({
  loss: softplus(diagonal(S).neg())
    .mean()
    .add(meanOfOthers(softplus(S))),
  running,
});

/** @param u  of the pairs, [B] */
export const fenchelLegendreLoss = (S: Tensor, u: Tensor, running: Tensor): Step => ({ loss: fenchelLegendre(S, u).value.neg(), running });

/** The mean of -log q(z | x) over pairs. @param S  log q(z_j | x_i) */
export const likelihoodLoss = (S: Tensor, running: Tensor): Step => ({ loss: diagonal(S).mean().neg(), running });
