/**
 * Walsh-Fourier analysis of a cost,
 *
 *   Ĉ_S = 2^{-n} Σ_k C_k (-1)^{|k ∧ S|},   C_k = Σ_S Ĉ_S (-1)^{|k ∧ S|},   Σ_S Ĉ_S² = mean(C²).
 *
 * Bit j of the mask S is qubit j.
 */

/** Ĉ in O(n 2^n), by butterflies. */
export function walsh(costs: Float64Array): Float64Array {
  const c = costs.slice();
  for (let half = 1; half < c.length; half *= 2)
    for (let block = 0; block < c.length; block += 2 * half)
      for (let k = block; k < block + half; k++) {
        const [a, b] = [c[k], c[k + half]];
        c[k] = (a + b) / 2;
        c[k + half] = (a - b) / 2;
      }
  return c;
}

/** How many bits are set. */
export function popcount(k: number): number {
  let v = k - ((k >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** W_m = Σ_{|S| = m} Ĉ_S², m = 0 … n. */
export function weightsByOrder(spectrum: Float64Array): Float64Array {
  const weights = new Float64Array(Math.log2(spectrum.length) + 1);
  spectrum.forEach((c, mask) => {
    weights[popcount(mask)] += c * c;
  });
  return weights;
}

/** (W_1 + W_2) / Σ_{m ≥ 1} W_m: near 1 for costs that are easy for local search. 1 of a constant cost. */
export function lowOrderShare(weights: ArrayLike<number>): number {
  const orders = Array.from(weights).slice(1);
  const all = orders.reduce((sum, w) => sum + w, 0);
  return all > 0 ? (orders[0] + (orders[1] ?? 0)) / all : 1;
}

/** Var E over product states with uniform angles: Σ_{S ≠ ∅} Ĉ_S² 2^{-|S|}. */
export const productVariance = (weights: ArrayLike<number>): number =>
  Array.from(weights).reduce((sum, w, m) => (m === 0 ? sum : sum + w * 2 ** -m), 0);

/** Var ∂E/∂θ_j over product states with uniform angles: Σ_{S ∋ j} Ĉ_S² 2^{-|S|}, for each qubit j. */
export function productGradientVariance(spectrum: Float64Array): Float64Array {
  const variance = new Float64Array(Math.log2(spectrum.length));
  spectrum.forEach((c, mask) => {
    const share = c * c * 2 ** -popcount(mask);
    for (let left = mask; left; left &= left - 1) variance[31 - Math.clz32(left & -left)] += share;
  });
  return variance;
}

/** Var E over random states (Haar): (mean(C²) - mean(C)²) / (2^n + 1), that of deep circuits. */
export const haarVariance = (spectrum: Float64Array): number =>
  spectrum.reduce((sum, c, mask) => (mask === 0 ? sum : sum + c * c), 0) / (spectrum.length + 1);
