/** R̂: do chains agree with each other, and each with itself? */
import { type Chains, lengthOf } from "./autocorrelation.ts";

/**
 * Split R̂: each chain in two halves, √(((n - 1)/n W + B/n) / W) with W the mean variance within halves, B/n the variance of their means.
 * 1 where all agree; the middle value of odd chains is left out.
 *
 * @source  Gelman et al., Bayesian Data Analysis (2013), section 11.4
 */
export function splitRHat(chains: Chains): number {
  const half = lengthOf(chains) >> 1;
  const halves = chains.flatMap((chain) => {
    const values = Float64Array.from(chain);
    return [values.subarray(0, half), values.subarray(values.length - half)];
  });
  const moments = halves.map(meanAndVariance);
  const within = moments.reduce((sum, [, v]) => sum + v, 0) / moments.length;
  const [, between] = meanAndVariance(Float64Array.from(moments, ([mean]) => mean));
  if (within === 0 && between === 0) return Number.NaN;
  return Math.sqrt((half - 1) / half + between / within);
}

/**
 * Rank-normalised split R̂, of the values or of their distances from the median, whichever is larger: sees chains that differ in scale, and
 * laws without a variance. Chains agree below 1.01.
 *
 * @source  Vehtari, Gelman, Simpson, Carpenter & Bürkner, Bayesian Analysis 16 (2021), section 4
 */
export function rankRHat(chains: Chains): number {
  lengthOf(chains);
  const all = Float64Array.from(chains.flatMap((chain) => Array.from(chain))).sort();
  const middle = (all[(all.length - 1) >> 1] + all[all.length >> 1]) / 2;
  const folded = chains.map((chain) => Float64Array.from(chain, (x) => Math.abs(x - middle)));
  return Math.max(splitRHat(normalScores(chains)), splitRHat(normalScores(folded)));
}

/** Mean and unbiased variance. */
function meanAndVariance(values: Float64Array): [number, number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1)];
}

/** Each value's normal quantile at (rank - 3/8) / (S + 1/4) among all; equal values share their mean rank. */
function normalScores(chains: Chains): Float64Array[] {
  const n = chains[0].length;
  const flat = chains.flatMap((chain) => Array.from(chain));
  const order = Uint32Array.from(flat, (_, i) => i).sort((a, b) => flat[a] - flat[b]);
  const scores = new Float64Array(flat.length);
  for (let i = 0, j = 0; i < order.length; i = j) {
    while (j < order.length && flat[order[j]] === flat[order[i]]) j++;
    const score = normalQuantile(((i + 1 + j) / 2 - 0.375) / (flat.length + 0.25));
    for (let k = i; k < j; k++) scores[order[k]] = score;
  }
  return chains.map((_, c) => scores.subarray(c * n, (c + 1) * n));
}

/** Φ⁻¹ for 0 < p < 1, with a relative error below 1.2e-9 (Acklam's rational approximations). */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  const polynomial = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, c) => sum * x + c, 0);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(tail, q) / polynomial(tailDenominator, q);
  }
  const q = p - 0.5;
  return (polynomial(centre, q * q) * q) / polynomial(centreDenominator, q * q);
}

const centre = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
const centreDenominator = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
const tail = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
const tailDenominator = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
