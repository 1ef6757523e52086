/** The tail of weights: do their variance and mean exist? */
import { UserError } from "../../errors.ts";

/** A generalised Pareto law: P(X > x) = (1 + k x / s)^(-1/k). */
export interface ParetoFit {
  readonly shape: number;
  readonly scale: number;
}

/**
 * Fits a generalised Pareto law to positive values, by the posterior mean of Zhang and Stephens.
 *
 * @param exceedances  increasing, positive
 * @source  Zhang & Stephens, Technometrics 51 (2009), section 4 (shape with the opposite sign)
 */
export function fitPareto(exceedances: ArrayLike<number>): ParetoFit {
  const x = Float64Array.from(exceedances);
  const n = x.length;
  if (n < 5 || !(x[0] >= 0 && x[n - 1] > 0)) throw new UserError(`fitPareto: needs five positive values or more, got ${n}`);
  const points = 30 + Math.floor(Math.sqrt(n));
  const quartile = x[Math.floor(n / 4 + 0.5) - 1] || x[n - 1];
  const shapeAt = (b: number): number => x.reduce((sum, v) => sum + Math.log1p(-b * v), 0) / n;
  const candidates = Array.from({ length: points }, (_, i) => 1 / x[n - 1] + (1 - Math.sqrt(points / (i + 0.5))) / (3 * quartile));
  const likelihoods = candidates.map((b) => {
    const k = shapeAt(b);
    return n * (Math.log(-b / k) - k - 1);
  });
  const weights = likelihoods.map((l) => 1 / likelihoods.reduce((sum, other) => sum + Math.exp(other - l), 0));
  const b = candidates.reduce((sum, candidate, i) => sum + candidate * weights[i], 0);
  const shape = shapeAt(b);
  return { shape, scale: -shape / b };
}

/** A prior of so many values at a shape of ½ steadies fits of few. */
const priorValues = 10;

/**
 * Pareto k̂ of weights: the shape of their largest min(S/5, 3 √S) values. Moments of order 1/k̂ and above do not exist: above ½ the
 * variance, above 1 the mean. Estimates can be relied on up to 0.7. NaN for fewer than 25 weights; 0 where the largest are all equal.
 *
 * @source  Vehtari, Simpson, Gelman, Yao & Gabry, JMLR 25 (2024), sections 2 and 3
 */
export function paretoShape(logWeights: ArrayLike<number>): number {
  const sorted = Float64Array.from(logWeights).sort();
  const tail = Math.ceil(Math.min(sorted.length / 5, 3 * Math.sqrt(sorted.length)));
  if (tail < 5) return Number.NaN;
  const top = sorted[sorted.length - 1];
  const cut = Math.exp(sorted[sorted.length - tail - 1] - top);
  const exceedances = sorted.subarray(sorted.length - tail).map((l) => Math.exp(l - top) - cut);
  if (Number.isNaN(exceedances[tail - 1])) return Number.NaN;
  if (!(exceedances[tail - 1] > 0)) return 0;
  return (tail * fitPareto(exceedances).shape + priorValues * 0.5) / (tail + priorValues);
}
