/** Losses that ask each step to agree with the next: they may learn from the texts of any law. */
import * as t from "../../tensor/index.ts";
import { concat, exp, scalar, square, stopGradient, type Tensor, where } from "../../tensor/index.ts";
import { grouped, overActive, sums, type Twisted, values } from "./losses.ts";

/** Σ_v p0(v | s_{1:t-1}) log ψ_t(s_{1:t-1}, v), [K, T]: never above `values`. */
const meanLogs = ({ rollout, all }: Twisted): Tensor => t.softmax(rollout.logits).mul(all!).sum(-1);

/** log φ_t and what the next step is worth, of steps that go on; log φ of the last: [K, T]. */
function targets(twisted: Twisted, worth: (twisted: Twisted) => Tensor = values): Tensor {
  const { rollout } = twisted;
  const [K, T] = rollout.tokens.shape;
  const { active, logPassed, logPotential } = rollout;
  const final = logPotential.expandDims(1);
  if (T === 1) return final;
  const own = logPassed.slice([0, K], [1, T]).sub(logPassed.slice([0, K], [0, T - 1]));
  const following = worth(twisted).slice([0, K], [1, T]).add(own);
  const goes = t.greater(active.slice([0, K], [1, T]), 0);
  return concat([where(goes, following, t.broadcastTo(final, [K, T - 1])), final], 1);
}

/**
 * Soft Q-learning, one-step consistency in logarithms: (stop(log V_{t+1}) - log ψ_t)², and (log φ - log ψ_T)² at the end. The texts may
 * come from any law. Without `stop` the target is differentiated too.
 *
 * @source  Zhao et al., ICML 2024, section 4.2 and appendix E
 */
export const softQ = (twisted: Twisted, stop = true): Tensor => overActive(square(residuals(twisted, stop)), twisted.rollout);

const residuals = (twisted: Twisted, stop: boolean): Tensor => {
  const goal = targets(twisted);
  return where(t.greater(twisted.rollout.active, 0), (stop ? stopGradient(goal) : goal).sub(twisted.selected), 0);
};

/** Many steps: the same, and the square of the sum of a text's residuals, over T. */
export const softQMany = (twisted: Twisted): Tensor => {
  const residual = residuals(twisted, true);
  return overActive(square(residual), twisted.rollout).add(square(residual.sum(1)).mean().div(twisted.selected.shape[1]));
};

/** The same without logarithms: (Σ_v p0 ψ_{t+1} - ψ_t)² and (φ - ψ_T)². Mudgal et al., 2023 (CD-Q). */
export const controlledDecoding = (twisted: Twisted): Tensor =>
  overActive(square(exp(stopGradient(targets(twisted))).sub(exp(twisted.selected))), twisted.rollout);

/**
 * One-step consistency with the mean of logarithms, (Σ_v p0 log ψ_{t+1} - log ψ_t)²: learned is E[log φ | s_{1:t}], which is below
 * log ψ*_t unless φ is certain.
 *
 * @source  Mudgal et al., ICML 2024 (controlled decoding); "googleCD" of the authors' code
 */
export const meanDecoding = (twisted: Twisted): Tensor =>
  overActive(square(stopGradient(targets(twisted, meanLogs)).sub(twisted.selected)), twisted.rollout);

/**
 * Path consistency of the twist-induced proposal: Σ over windows of c steps of (Σ log w)², log w_t = V_t - log ψ_{t-1}, at the end with
 * log φ - log ψ_T, and ψ_0 a learned Z. For c = T it is trajectory balance.
 *
 * @source  Nachum et al., NeurIPS 2017; Malkin et al., NeurIPS 2022
 */
export function pathConsistency(twisted: Twisted, logZ: Tensor, window: number): Tensor {
  const { rollout } = twisted;
  const [K, T] = rollout.tokens.shape;
  const log = stepWeights(twisted, logZ);
  const c = Math.min(window, T);
  if (c === 1) return overActive(square(log), rollout);
  const total = t.pad(sums(log), [
    [0, 0],
    [1, 0],
  ]);
  const windows = total.slice([0, K], [c, T + 1]).sub(total.slice([0, K], [0, T + 1 - c]));
  return square(windows).mean();
}

/**
 * Path consistency of the proposal q_ξ = p0 ψ_ξ / V_ξ with values V̄ of another network, which follows slowly:
 *
 *   Σ_t (log φ_t + log V̄_{t+1} - log V̄_t - log q_ξ / p0)².
 *
 * With the values of ψ* it is least where q_ξ is σ's conditional: ψ is right up to a factor of every prefix. The values V̄ themselves are
 * learned only as far as the network shares weights between log ψ and its mean.
 *
 * @param slow  log ψ of the other network
 * @source  Guo et al., EMNLP Findings 2022 (soft Q-learning of text); Zhao et al., ICML 2024, Eq. 61, which has lost the square
 */
export function proposalConsistency(twisted: Twisted, slow: Twisted): Tensor {
  const goal = stopGradient(targets(slow).sub(values(slow)));
  return overActive(square(goal.sub(twisted.selected).add(values(twisted))), twisted.rollout);
}

/** Var of log σ̃(s) - log q(s) over texts: trajectory balance that needs no Z. Richter et al., NeurIPS 2020. */
export function logVariance(twisted: Twisted, groups: number): Tensor {
  const log = grouped(stepWeights(twisted, scalar(0, twisted.selected.dtype)).sum(1), groups);
  return t.variance(log, 1).mean();
}

/** log w_t of the twist-induced proposal, 0 after the end: [K, T]. */
function stepWeights(twisted: Twisted, logZ: Tensor): Tensor {
  const { rollout, selected } = twisted;
  const { active, logPassed, logPotential } = rollout;
  const [K, T] = rollout.tokens.shape;
  const V = values(twisted);
  const first = t.broadcastTo(logZ.reshape([1, 1]), [K, 1]);
  const before = T === 1 ? first : concat([first, selected.slice([0, K], [0, T - 1])], 1);
  const own = T === 1 ? logPassed : logPassed.sub(concat([logPassed.slice([0, K], [0, 1]), logPassed.slice([0, K], [0, T - 1])], 1));
  const none = t.broadcastTo(scalar(0, active.dtype), [K, 1]);
  const goes = T === 1 ? none : concat([active.slice([0, K], [1, T]), none], 1);
  const end = logPotential.expandDims(1).sub(selected);
  const log = V.sub(before)
    .add(own)
    .add(where(t.greater(goes, 0), 0, end));
  return where(t.greater(active, 0), log, 0);
}
