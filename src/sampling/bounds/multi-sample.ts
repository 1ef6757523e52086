/**
 * Bounds on log Z from log weights alone. f: log weights of forward chains (or of draws from a proposal), E[e^f] = Z; r: log weights of
 * reverse chains (or of exact draws of the target), E[e^-r] = 1/Z. One value each; their means over independent data are the bounds.
 *
 *   one weight:             E f ≤ log Z ≤ E r                     (ELBO and EUBO)
 *   importance mixture:     log mean e^f                          (lower; IWAE)
 *                           log mean (e^r1, e^f2, …, e^fK)        (upper)
 *   reverse chains:         -log mean e^-r                        (upper; from one start: coupled, from independent ones: independent)
 *                           -log mean (e^-f1, e^-r2, …, e^-rK)    (lower; reverse chains from the end of the forward one)
 *
 * The mixture's upper bound improves on one weight by at most log K, and so does the reverse chains' lower one.
 *
 * @source  Brekelmans et al., ICLR 2022 (arXiv 2303.06992), section 4; Burda, Grosse & Salakhutdinov, ICLR 2016, eq. 8
 */
import { UserError } from "../../errors.ts";
import { logMeanExp } from "./log-mean-exp.ts";

/** Importance mixture, lower bound (IWAE; with annealing IM-AIS): increases with K, decreases the gap without a cap. */
export const mixtureLower = (forward: ArrayLike<number>): number => logMeanExp(forward);

/**
 * Importance mixture, upper bound: one of K forward weights gives place to a reverse one. Averaged over which, at no cost: every pair has
 * the same expectation.
 *
 * @param forward  f of K chains
 * @param reverse  r of one chain or more
 */
export function mixtureUpper(forward: ArrayLike<number>, reverse: ArrayLike<number>): number {
  const [K, R] = [forward.length, reverse.length];
  checkChains("mixtureUpper", K, R);
  if (K === 1) return averageOf(reverse);
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < K; k++) top = Math.max(top, forward[k]);
  for (let i = 0; i < R; i++) top = Math.max(top, reverse[i]);
  if (!Number.isFinite(top)) return top;
  const others = sumsOfOthers(forward, top);
  let total = 0;
  for (let i = 0; i < R; i++)
    for (let j = 0; j < K; j++) {
      const sum = others[j] + Math.exp(reverse[i] - top);
      total += sum > underflow ? Math.log(sum / K) : replaced(forward, j, reverse[i]) - top;
    }
  return top + total / (K * R);
}

/** Reverse chains, upper bound: coupled (all from one exact draw) or independent (from as many). No cap. */
export const reverseUpper = (reverse: ArrayLike<number>): number => -logMeanExp(Float64Array.from(reverse, (r) => -r));

/** Reverse chains, lower bound: f of one forward chain, r of K - 1 chains from its end (coupled) or from exact draws (independent). */
export const reverseLower = (forward: number, reverse: ArrayLike<number>): number =>
  -logMeanExp(Float64Array.of(-forward, ...Array.from(reverse, (r) => -r)));

/** The log weights of each of B data points, where K · B chains stand in rows k · B + b. */
export function byDatum(logWeights: ArrayLike<number>, data: number): Float64Array[] {
  const chains = logWeights.length / data;
  if (!(Number.isInteger(chains) && chains >= 1))
    throw new UserError(`byDatum: ${logWeights.length} weights are no whole number of chains for ${data} data points`);
  return Array.from({ length: data }, (_, b) => Float64Array.from({ length: chains }, (_, k) => logWeights[k * data + b]));
}

/** Below this a sum in units of the largest weight has lost digits, or all: weights lie 640 nats apart and more. */
const underflow = 1e-280;

/** The mixture with r in the place of f_j, in units of its own largest weight. */
const replaced = (forward: ArrayLike<number>, j: number, reverse: number): number =>
  logMeanExp(Float64Array.from(forward, (f, k) => (k === j ? reverse : f)));

function checkChains(bound: string, K: number, R: number): void {
  if (K < 1 || R < 1) throw new UserError(`${bound}: needs forward and reverse chains, got ${K} and ${R}`);
}

function averageOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Σ_{k ≠ j} e^{f_k - top} for every j, by sums from both ends: a difference of sums would cancel. */
function sumsOfOthers(logs: ArrayLike<number>, top: number): Float64Array {
  const n = logs.length;
  const others = new Float64Array(n);
  let sum = 0;
  for (let j = 0; j < n; j++) {
    others[j] = sum;
    sum += Math.exp(logs[j] - top);
  }
  sum = 0;
  for (let j = n - 1; j >= 0; j--) {
    others[j] += sum;
    sum += Math.exp(logs[j] - top);
  }
  return others;
}
