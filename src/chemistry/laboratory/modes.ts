/**
 * How fast flows near the ground state lose their modes. With q = q₀ (1 + ε f) the local energy varies by ¼ 𝓛f, 𝓛f = -(q₀ f')'/q₀, whose
 * eigenvalues are 2Δ_n; so mode n decays as
 *
 *   FR: e^(-Δ_n t / 2)      W, and any cost with c* = ½ |s|² near 0: e^(-Δ_n² t)      both: with the weighted sum
 */
import type { Weights } from "./gaussian.ts";

export interface Mode {
  /** n = 1 for the first excited state. */
  readonly n: number;
  /** E_n in hartree. */
  readonly energy: number;
  /** Δ_n = E_n - E_0 in hartree. */
  readonly gap: number;
  /** ⟨ψ_n, ψ⟩ at the start. */
  readonly overlap: number;
  /** Whether the start has any of it: no flow moves modes of a parity that the start has not. */
  readonly present: boolean;
  /** Whether the state reaches the walls of the box: one of the continuum, or too high for the box. */
  readonly boxed: boolean;
}

/** The rate of a mode of this gap, w_W Δ² + w_FR Δ / 2, a unit of time. */
export const decayRate = (gap: number, { transport, reweighting }: Weights): number => transport * gap ** 2 + (reweighting * gap) / 2;

/** The first mode that the start has: the last that is left. */
export const slowest = (modes: readonly Mode[]): Mode | undefined => modes.find(({ present }) => present);

/** Below this part of the largest E - E₀ it is made of rounding errors. */
const clear = 1e-9;

/**
 * The rate at which a flow approaches the ground state at its end: half of that at which E - E₀ falls, over the last fifth of the times
 * until it is lost in rounding errors.
 *
 * @returns  undefined where it is nothing from the beginning
 */
export function measuredRate(times: readonly number[], excess: readonly number[]): number | undefined {
  const top = excess.reduce((most, e) => Math.max(most, e), 0);
  const end = excess.findLastIndex((e) => e > clear * Math.max(1, top));
  const begin = Math.min(Math.floor(0.8 * end), end - 1);
  if (begin < 0) return undefined;
  return Math.log(excess[begin] / excess[end]) / (2 * (times[end] - times[begin]));
}
