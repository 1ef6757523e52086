/** The digamma function: the mean of log counts. */

/** Coefficients of x^-2, x^-4, …: B_2n / 2n with the sign of the series. */
const series = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];

/**
 * ψ(x) for x > 0, to 1e-15 relative to max(1, |ψ|): by ψ(x) = ψ(x + 1) - 1/x up to x ≥ 10, there by
 *
 *   log x - 1/(2x) - Σ_n B_2n / (2n x^2n).
 *
 * @source  Abramowitz & Stegun, 6.3.5 and 6.3.18
 */
export function digamma(x: number): number {
  let [shift, y] = [0, x];
  for (; y < 10; y++) shift -= 1 / y;
  const w = 1 / (y * y);
  return shift + Math.log(y) - 0.5 / y - w * series.reduceRight((sum, c) => sum * w + c, 0);
}

/** ψ of 0 … n, of which that of 0 is -∞: neighbours are counted in whole numbers. */
export const digammas = (n: number): Float64Array =>
  Float64Array.from({ length: n + 1 }, (_, i) => (i === 0 ? Number.NEGATIVE_INFINITY : digamma(i)));
