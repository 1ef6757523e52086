/** Where the energy would be without variance. */
import type { Estimate } from "../../sampling/index.ts";

/** Fewer rows say little of a slope. */
const fewest = 8;

/**
 * The intercept of the regression E = E₀ + k Var over rows of a training, those with a variance below its first quarter's: near an eigenstate both excess
 * and variance are quadratic in its error. An estimate, no bound: rows are correlated, and the error is that of the fit.
 *
 * @returns  nothing where rows are few or the variance does not vary
 * @source   Kwon, Ceperley & Martin, Phys. Rev. B 48 (1993)
 */
export function extrapolated(history: readonly Readonly<Record<string, number>>[]): Estimate | undefined {
  const rows = history.filter((row) => row.energy !== undefined && row.variance > 0).slice(-Math.floor((3 * history.length) / 4));
  const all = rows.map((row) => ({ v: row.variance, e: row.energy })).filter(({ v, e }) => Number.isFinite(v) && Number.isFinite(e));
  if (all.length < fewest) return undefined;
  // large variances say nothing of the end
  const limit = 4 * Math.min(...all.map(({ v }) => v));
  const points = all.filter(({ v }) => v <= limit);
  const n = points.length;
  if (n < fewest) return undefined;
  const mean = (f: (p: { v: number; e: number }) => number): number => points.reduce((s, p) => s + f(p), 0) / n;
  const [v, e] = [mean((p) => p.v), mean((p) => p.e)];
  const spread = mean((p) => (p.v - v) ** 2);
  // variances that are the same to a hundredth say nothing of a slope
  if (!(spread > (0.01 * v) ** 2)) return undefined;
  const slope = mean((p) => (p.v - v) * (p.e - e)) / spread;
  const rest = mean((p) => (p.e - e - slope * (p.v - v)) ** 2) * (n / (n - 2));
  return { mean: e - slope * v, error: Math.sqrt((rest / n) * (1 + v ** 2 / spread)) };
}
