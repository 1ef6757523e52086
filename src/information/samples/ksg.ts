/** Mutual information from counts of neighbours. */
import { digamma, digammas } from "./digamma.ts";
import type { Neighbourhoods } from "./neighbours.ts";

/**
 * The first estimator of Kraskov, Stögbauer & Grassberger, one term a row; I is their mean, in nats:
 *
 *   ψ(k_i) + ψ(N) - ψ(n_x + 1) - ψ(n_z + 1),
 *
 * with n_x, n_z other rows nearer than the k-th neighbour. Where the radius is 0 (at least k equal rows) k_i is the number of equal rows
 * and n_x, n_z count equal values, as in Gao et al.: on labels alone the mean is then the plug-in estimate with the Miller-Madow
 * correction. With labels on one side only, whose distance is larger than any between numbers, n_x + 1 is the number of rows of the
 * label, and the mean is Ross's estimator.
 *
 * @source  Kraskov et al., Phys. Rev. E 69 (2004), eq. 8; Ross, PLoS ONE 9 (2014), eq. 2; Gao et al., NeurIPS 2017, algorithm 1 with ψ
 *          in the place of log (as the authors' code has it)
 */
export function firstTerms({ order, radius, joint, inX, inZ }: Neighbourhoods): Float64Array {
  const n = order.length;
  const psi = digammas(n);
  return Float64Array.from(order, (k, i) => psi[radius[i] === 0 ? joint[i] + 1 : k] + psi[n] - psi[inX[i] + 1] - psi[inZ[i] + 1]);
}

/**
 * Their second estimator, ψ(k) - 1/k + ψ(N) - ψ(n_x) - ψ(n_z), with n_x, n_z other rows within the sides of the box around the k nearest.
 * For numbers without ties only.
 *
 * @source  Kraskov et al. (2004), eq. 9
 */
export function secondTerms({ order, boxX, boxZ }: Neighbourhoods): Float64Array {
  const n = order.length;
  const psi = digammas(n);
  return Float64Array.from(order, (k, i) => digamma(k) - 1 / k + psi[n] - psi[boxX[i]] - psi[boxZ[i]]);
}

/** The mean of the terms: the estimate. */
export const meanOf = (terms: ArrayLike<number>): number => Array.from(terms).reduce((sum, v) => sum + v / terms.length, 0);
