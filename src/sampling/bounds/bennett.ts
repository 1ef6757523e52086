/** Bennett's acceptance ratio: the best estimate of log Z from forward and reverse weights together. */
import { UserError } from "../../errors.ts";
import type { Estimate } from "./estimate.ts";

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

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
  const total = (logs: ArrayLike<number>, f: (log: number) => number): number => {
    let sum = 0;
    for (let k = 0; k < logs.length; k++) sum += f(logs[k]);
    return sum;
  };
  // falls from n at -∞ to -m at +∞
  const excess = (F: number): number => total(forward, (f) => logistic(f - F + c)) - total(reverse, (r) => logistic(F - r - c));
  const finite = [...Array.from(forward), ...Array.from(reverse)].filter(Number.isFinite);
  if (finite.length === 0) return { mean: Number.NaN, error: Number.NaN };
  let [low, high] = [finite.reduce((a, b) => Math.min(a, b)) - Math.abs(c) - 1, finite.reduce((a, b) => Math.max(a, b)) + Math.abs(c) + 1];
  for (let reach = 1; excess(low) < 0 && reach < 1e6; reach *= 2) low -= reach;
  for (let reach = 1; excess(high) > 0 && reach < 1e6; reach *= 2) high += reach;
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  const F = (low + high) / 2;
  const doubt = (x: number): number => logistic(x) * logistic(-x);
  const information = total(forward, (f) => doubt(f - F + c)) + total(reverse, (r) => doubt(r - F + c));
  return { mean: F, error: Math.sqrt(Math.max(0, 1 / information - 1 / n - 1 / m)) };
}
