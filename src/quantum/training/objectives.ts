/**
 * What a circuit is trained for: functions of the probabilities p of configurations with costs C, with slopes c_k = ∂value/∂p_k for the
 * one adjoint sweep that differentiates them all.
 */
import { UserError } from "../../errors.ts";
import type { Objective } from "../circuit.ts";
import { popcount, walsh } from "../landscape/walsh.ts";

/** E = Σ p C;  c = C. At least min C, with equality where all probability lies on minimisers. */
export const meanCost =
  (costs: Float64Array): Objective =>
  (p) => ({ value: p.reduce((sum, pk, k) => sum + pk * costs[k], 0), slopes: costs });

/**
 * Conditional value at risk: the mean of the best part α of the probability,
 *
 *   value = (Σ_{C < q} p C + (α - P(C < q)) q) / α,   c = (C - q) / α below the α-quantile q, else 0.
 *
 * @source  Barkoutsos et al., Quantum 4, 256 (2020)
 */
export function cvar(costs: Float64Array, alpha: number): Objective {
  if (!(alpha > 0 && alpha <= 1)) throw new UserError(`the part of CVaR is ${alpha}`, "give 0 < alpha ≤ 1");
  const order = Int32Array.from(costs.keys()).sort((a, b) => costs[a] - costs[b]);
  return (p) => {
    let [mass, sum, at] = [0, 0, 0];
    while (at < order.length - 1 && mass + p[order[at]] < alpha) {
      mass += p[order[at]];
      sum += p[order[at]] * costs[order[at]];
      at++;
    }
    const quantile = costs[order[at]];
    return { value: (sum + (alpha - mass) * quantile) / alpha, slopes: costs.map((c) => (c < quantile ? (c - quantile) / alpha : 0)) };
  };
}

/**
 * value = -(1/η) log Σ p e^{-ηC};  c = -(1/η) e^{-ηC} / Σ p e^{-ηC}. Between the mean (η → 0) and the minimum (η → ∞).
 * @source  Li et al., Physical Review Research 2, 023074 (2020)
 */
export function gibbs(costs: Float64Array, eta: number): Objective {
  if (!(eta > 0)) throw new UserError(`η is ${eta}`, "give a positive number");
  const least = costs.reduce((a, b) => Math.min(a, b));
  const factors = costs.map((c) => Math.exp(-eta * (c - least)));
  return (p) => {
    const sum = Math.max(
      p.reduce((s, pk, k) => s + pk * factors[k], 0),
      smallest,
    );
    return { value: least - Math.log(sum) / eta, slopes: factors.map((f) => -f / (eta * sum)) };
  };
}

/** Below it a probability counts as this, in logarithms. */
const smallest = 1e-300;

/**
 * value = Σ p C + T Σ p log p;  c = C + T (log p + 1). Its least value, -T log Σ e^{-C/T}, is reached by p ∝ e^{-C/T}. With C the mean
 * negative log likelihood of N points and T = 1/N, it is the negative evidence lower bound over N, up to n log 2 / N of the uniform prior.
 *
 * @source  Nepote et al., arXiv 2506.05888
 */
export function freeEnergy(costs: Float64Array, temperature: number): Objective {
  if (!(temperature >= 0)) throw new UserError(`the temperature is ${temperature}`, "give a number of at least 0");
  return (p) => {
    const logs = p.map((pk) => Math.log(Math.max(pk, smallest)));
    return {
      value: p.reduce((sum, pk, k) => sum + pk * (costs[k] + temperature * logs[k]), 0),
      slopes: costs.map((c, k) => c + temperature * (logs[k] + 1)),
    };
  };
}

/** -T log Σ e^{-C/T}, the least free energy. */
export function leastFreeEnergy(costs: Float64Array, temperature: number): number {
  const least = costs.reduce((a, b) => Math.min(a, b));
  return least - temperature * Math.log(costs.reduce((sum, c) => sum + Math.exp(-(c - least) / temperature), 0));
}

/**
 * value = Σ p C + w MMD²(p, uniform),  k(s, s') = e^{-hamming(s, s') / ℓ}: what stands for the entropy where p is known by samples only.
 * k is a convolution, diagonal in Walsh's basis with λ_S = (1 - r)^{|S|} (1 + r)^{n - |S|}, r = e^{-1/ℓ}; the uniform p has S = ∅ alone:
 *
 *   MMD² = 2^{-n} Σ_{S ≠ ∅} λ_S P_S²,   P_S = Σ_k p_k (-1)^{|k ∧ S|},   c = C + 2 w 2^{-n} Σ_{S ≠ ∅} λ_S P_S (-1)^{|k ∧ S|}.
 *
 * @source  Nepote et al., arXiv 2506.05888, for the objective
 */
export function discrepancy(costs: Float64Array, weight: number, length = 1): Objective {
  const size = costs.length;
  const bits = Math.log2(size);
  const r = Math.exp(-1 / length);
  const eigenvalues = costs.map((_, mask) => (mask === 0 ? 0 : (1 - r) ** popcount(mask) * (1 + r) ** (bits - popcount(mask))));
  return (p) => {
    const series = walsh(p).map((c) => size * c);
    const pulled = walsh(series.map((c, mask) => eigenvalues[mask] * c));
    return {
      value: p.reduce((sum, pk, k) => sum + pk * costs[k], 0) + (weight / size) * series.reduce((s, c, m) => s + eigenvalues[m] * c * c, 0),
      slopes: costs.map((c, k) => c + 2 * weight * pulled[k]),
    };
  };
}

/** Σ p over a set;  c = 1 on it. A diagnostic: to train for it is to know the answer. */
export const success = (set: readonly number[]): Objective => {
  const members = new Set(set);
  return (p) => ({
    value: set.reduce((sum, k) => sum + p[k], 0),
    slopes: p.map((_, k) => (members.has(k) ? 1 : 0)),
  });
};
