/**
 * What twists are learned by. Every loss is a mean over the T steps; weights of samples are never differentiated.
 *
 * Groups: K texts are G groups of K / G, each with an observation of its own; expectations are within a group, and averaged over groups.
 */

import * as t from "../../tensor/index.ts";
import {
  exp,
  logSigmoid,
  logSoftmax,
  logsumexp,
  maximum,
  minimum,
  scalar,
  softmax,
  square,
  stopGradient,
  type Tensor,
  where,
} from "../../tensor/index.ts";
import type { Rollout } from "./rollout.ts";

/** A rollout with its twists: log ψ_t(s_{1:t}) [K, T], and for all next tokens [K, T, V] where the loss needs them. */
export interface Twisted {
  readonly rollout: Rollout;
  readonly selected: Tensor;
  readonly all?: Tensor;
}

/** Texts that stand for σ: weights [K], adding up to 1 in each group. */
export interface Positives extends Twisted {
  readonly weights: Tensor;
}

const steps = (x: Tensor): number => x.shape[1];
/** [K, ...] -> [G, K / G, ...] */
export const grouped = (x: Tensor, groups: number): Tensor => x.reshape([groups, x.shape[0] / groups, ...x.shape.slice(1)]);
export const sums = (x: Tensor): Tensor => t.cumsum(x, 1);

/** log ψ_t of texts that go on, and log φ of those that had ended before. */
const effective = ({ rollout, selected }: Twisted): Tensor =>
  where(t.greater(rollout.active, 0), selected, rollout.logPotential.expandDims(1));

/** log σ̃ - log q of whole texts, [K]. */
export const logWeights = ({ logModel, logProposal, logPassed, logPotential }: Rollout): Tensor => {
  const T = steps(logPassed);
  const passed = logPassed.slice([0, logPassed.shape[0]], [T - 1, T]).reshape([logPassed.shape[0]]);
  return logModel.sub(logProposal).sum(1).add(logPotential).add(passed);
};

/** Self-normalised importance weights for σ, within groups: [K]. */
export const approximatePositives = (rollout: Rollout, groups: number): Tensor =>
  stopGradient(softmax(grouped(logWeights(rollout), groups), 1)).reshape([rollout.tokens.shape[0]]);

/**
 * Importance weights for σ by a mean weight Ẑ that other texts gave: w_k / (K Ẑ), [K]. Given Ẑ a gradient of theirs is unbiased up to the
 * factor Z / Ẑ, where self-normalised weights bias it.
 *
 * @source  Parshakova et al., 2019; Korbak et al., NeurIPS 2022
 */
export const runningPositives = (rollout: Rollout, logMass: Tensor): Tensor =>
  stopGradient(exp(logWeights(rollout).sub(logMass)).div(rollout.tokens.shape[0]));

/**
 * Contrastive twist learning: Σ_t KL(σ(s_{1:t}) ‖ π_t) up to a constant, with
 *
 *   ∇ = Σ_t (E_{π_t} ∇log ψ_t - E_σ ∇log ψ_t),
 *
 * the first expectation by self-normalised weights p0 ψ_t / q of every step. The value is -E_σ log ψ_t + log Σ_k weights / K.
 *
 * @source  Zhao et al., ICML 2024, section 4.1 (Eq. 22 has the other sign)
 */
export function contrastive(positive: Positives, negative: Twisted, groups: number): Tensor {
  const logs = prefixLogs(negative, groups);
  const size = logs.shape[1];
  const partition = logsumexp(logs, 1).sub(Math.log(size)).mean(0);
  const attracted = expectation(positive, effective(positive), groups);
  return partition.sub(attracted).mean();
}

/** log of weights p0 ψ_t / q of every prefix, [G, K / G, T]: draws of π_t. */
const prefixLogs = (twisted: Twisted, groups: number): Tensor => {
  const { logModel, logProposal, logPassed } = twisted.rollout;
  return grouped(sums(logModel).sub(sums(logProposal)).add(logPassed).add(effective(twisted)), groups);
};

/**
 * Nested variational inference: contrastive learning whose positives of step t are the draws of π_{t+1}, as of now, and those of σ only at
 * the end. Nothing pulls at ψ* where ψ is ψ*, for then π_{t+1} and σ have one law of prefixes.
 *
 *   Σ_{t<T} (E_{π_t} ∇log ψ_t - E_{π_{t+1}} ∇log ψ_t) + E_{π_T} ∇log ψ_T - E_σ ∇log ψ_T
 *
 * @param positive  draws of σ, for the last step
 * @source  Zimmermann et al., NeurIPS 2021; "NVI" of the code of Zhao et al., ICML 2024
 */
export function nested(positive: Positives, main: Twisted, groups: number): Tensor {
  const [K, T] = main.selected.shape;
  const psi = grouped(effective(main), groups);
  const weights = stopGradient(softmax(prefixLogs(main, groups), 1));
  const weighted = (w: Tensor, x: Tensor): Tensor => where(t.greater(w, 0), w.mul(x), 0).sum(1).mean(0).sum();
  const n = K / groups;
  const final = expectation(positive, effective(positive), groups)
    .slice([T - 1, T])
    .sum();
  const later =
    T === 1 ? scalar(0, psi.dtype) : weighted(weights.slice([0, groups], [0, n], [1, T]), psi.slice([0, groups], [0, n], [0, T - 1]));
  return weighted(weights, psi).sub(later).sub(final).div(T);
}

/** Σ_k W_k x_k within groups, averaged over groups: [K, T] -> [T]. */
const expectation = ({ weights }: Positives, x: Tensor, groups: number): Tensor => {
  const w = weights.expandDims(1);
  return where(t.greater(w, 0), w.mul(x), 0).sum(0).div(groups); // log φ = -∞ has weight 0, and counts for nothing
};

/** What a next step is worth: V_t = log Σ_v p0(v | s_{1:t-1}) ψ_t(s_{1:t-1}, v), [K, T]. */
export const values = ({ rollout, all }: Twisted): Tensor => logsumexp(logSoftmax(rollout.logits).add(all!), -1);

/** Mean over texts of the sum over active steps, over T. */
export const overActive = (x: Tensor, { active }: Rollout): Tensor => where(t.greater(active, 0), x, 0).mean(0).mean();

/**
 * Noise contrast: -E_σ log sigmoid(log ψ_t) - E_{p0} log sigmoid(-log ψ_t), least where ψ_t = σ(s_{1:t}) / p0(s_{1:t}).
 *
 * @param noise  texts of p0
 * @source  Lawson et al., NeurIPS 2022 (SIXO)
 */
export const noiseContrastive = (positive: Positives, noise: Twisted, groups: number): Tensor => {
  const attracted = expectation(positive, logSigmoid(effective(positive)), groups);
  return attracted
    .add(logSigmoid(effective(noise).neg()).mean(0))
    .neg()
    .mean();
};

/**
 * Cross entropy of φ in [0, 1] with a head that is a probability: -E_{p0}[φ log ψ_t + (1 - φ) log(1 - ψ_t)].
 *
 * @param base  texts of p0
 * @source  Yang & Klein, NAACL 2021 (FUDGE)
 */
export function discriminator({ rollout, selected }: Twisted): Tensor {
  const phi = exp(rollout.logPotential).expandDims(1);
  const complement = t.log(maximum(t.neg(t.expm1(minimum(selected, -1e-7))), 1e-37));
  return overActive(phi.mul(selected).add(phi.neg().add(1).mul(complement)).neg(), rollout);
}

/** Squares instead: E_{p0}(ψ_t - φ)². Mudgal et al., 2023 (CD-FUDGE). */
export const regression = ({ rollout, selected }: Twisted): Tensor =>
  overActive(square(exp(selected).sub(exp(rollout.logPotential).expandDims(1))), rollout);

/** log q(s) of the twist-induced proposal, [K]. */
export const logProposals = ({ rollout, selected, all }: Twisted): Tensor =>
  where(t.greater(rollout.active, 0), rollout.logModel.add(selected).sub(values({ rollout, selected, all })), 0).sum(1);

/** Distributional policy gradient: KL(σ ‖ q) up to a constant, -E_σ log q(s) over T. Parshakova et al., 2019. */
export const distributional = (positive: Positives, groups: number): Tensor =>
  positive.weights
    .mul(logProposals(positive))
    .sum()
    .div(-groups * steps(positive.rollout.tokens));

/**
 * Policy gradient of KL(q ‖ σ) with a baseline: -mean A log q(s), A = log σ̃ - log q minus its mean. The texts must come from q.
 *
 * @source  Williams, 1992
 */
export function policyGradient(twisted: Twisted, groups: number): Tensor {
  const log = grouped(logWeights(twisted.rollout), groups);
  const advantage = stopGradient(log.sub(log.mean(1, true)));
  return grouped(logProposals(twisted), groups).mul(advantage).mean().div(-steps(twisted.rollout.tokens));
}

/**
 * PPO's clipped surrogate a token, with the error of the values: -mean min(r A, clip(r, 1 ± ε) A) + ½ mean (value - return)², r = q / q_old.
 *
 * @param advantage  [K, T], and returns [K, T] likewise
 * @source  Schulman et al., 2017
 */
export function clippedPolicy(twisted: Twisted, advantage: Tensor, returns: Tensor, value: Tensor, epsilon = 0.2): Tensor {
  const { rollout, selected } = twisted;
  const log = rollout.logModel.add(selected).sub(values(twisted));
  const ratio = exp(log.sub(rollout.logProposal));
  const gain = minimum(ratio.mul(advantage), t.clamp(ratio, 1 - epsilon, 1 + epsilon).mul(advantage));
  return overActive(square(value.sub(returns)).mul(0.5).sub(gain), rollout);
}
