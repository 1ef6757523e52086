/** Bennett's acceptance ratio: the best estimate of log Z from forward and reverse weights together. */
import { UserError } from "../../errors.ts";
import type { Estimate } from "./estimate.ts";
import { logMeanExp } from "./log-mean-exp.ts";

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
/** log σ(x), exact far in both tails: weights that do not overlap still have their root. */
const logLogistic = (x: number): number => (x < 0 ? x - Math.log1p(Math.exp(x)) : -Math.log1p(Math.exp(-x)));

/**
 * The F at which, with c = log(m / n) for m reverse and n forward weights,
 *
 *   Σ_k σ(f_k - F + c) = Σ_k σ(F - r_k - c):
 *
 * the intercept of the logistic regression that tells the two apart by their weights, of least variance among all estimates from them.
 * Not a bound. The error holds for independent weights.
 *
 * @source  Bennett, J. Comput. Phys. 22 (1976); Shirts et al., Phys. Rev. Lett. 91 (2003), eqs. 8 and 10
 */
export function bennett(forward: ArrayLike<number>, reverse: ArrayLike<number>): Estimate {
  const [n, m] = [forward.length, reverse.length];
  if (n < 1 || m < 1) throw new UserError(`bennett: needs forward and reverse weights, got ${n} and ${m}`);
  const c = Math.log(m / n);
  // falls with F: compared as logarithms, because the sums themselves underflow where weights are far apart
  const excess = (F: number): number =>
    logMeanExp(Float64Array.from(forward, (f) => logLogistic(f - F + c))) -
    logMeanExp(Float64Array.from(reverse, (r) => logLogistic(F - r - c))) -
    c;
  const [top, bottom] = [largest(forward), -largest(Float64Array.from(reverse, (r) => -r))];
  // no forward weight is positive, or no reverse one finite: log Z has no root but the end of the line
  if (!Number.isFinite(top) || !Number.isFinite(bottom)) return { mean: Number.isFinite(top) ? bottom : top, error: Number.NaN };
  let [low, high] = [Math.min(top, bottom) - 1, Math.max(top, bottom) + 1];
  for (let reach = 1; excess(low) < 0; reach *= 2) low -= reach;
  for (let reach = 1; excess(high) > 0; reach *= 2) high += reach;
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  const F = (low + high) / 2;
  let information = 0;
  for (const logs of [forward, reverse])
    for (let k = 0; k < logs.length; k++) information += logistic(logs[k] - F + c) * logistic(F - logs[k] - c);
  return { mean: F, error: Math.sqrt(Math.max(0, 1 / information - 1 / n - 1 / m)) };
}

const largest = (logs: ArrayLike<number>): number => Array.from(logs).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
