/** Multiplicative updates of a factor K with K Kᵀ ≈ S⁻¹: natural gradient on matrices, without inverses, roots or decompositions. */
import { abs, and, equal, fullPrecision, isFinite, log, max, maximum, pow, round, type Tensor, where } from "../tensor/index.ts";
import { choice, integer, memory, type Settings } from "./hyper.ts";
import { times } from "./schedules.ts";
import { mapParts, type Parts, type Structure } from "./structures/structure.ts";

/** Hyper-parameters of the factors. */
export const factorParameters = {
  /** α */
  precondMomentum: memory("memory of the Riemannian momentum of the preconditioner", 0.5, {
    low: 0.1,
    high: 0.7,
    scale: "linear",
  }),
  /** m ← α m + (1 - α) M, or m ← α m + M */
  momentumMode: choice("how that momentum adds the newest: weighted by 1 - memory, or whole", ["ema", "heavy"]),
  /** |m| in β / max(1, |m|); the Frobenius norm keeps I - βm positive definite whatever the gradient */
  cap: choice("what bounds a preconditioner's step: the momentum's Frobenius norm, its largest entry, or nothing", [
    "frobenius",
    "max",
    "none",
  ]),
  /** K (I - βm), or K (I - βm + β²m²/2) */
  exponential: integer("order of the matrix exponential", 1, 1, 2),
  /** The papers start at the identity. */
  initialScale: choice("start of the factors: matched to the first batch, or the identity", ["first-batch", "identity"]),
};

/** What `stepFactor` needs of them. */
type FactorSettings = Omit<Settings<typeof factorParameters>, "initialScale">;

/** |m| as the cap measures it; undefined without a cap. */
function sizeOf(s: Structure, m: Parts, cap: FactorSettings["cap"]): Tensor | undefined {
  if (cap === "none") return undefined;
  if (cap === "frobenius") return s.squaredNorm(m).sqrt();
  return Object.values(m)
    .map((part) => max(abs(part)))
    .reduce((a, b) => maximum(a, b));
}

/**
 * m ← α m + (1 - α) M,   K ← K (I - β / max(1, |m|) m):   (K Kᵀ)⁻¹ moves by 2β K⁻ᵀ m K⁻¹ to first order in β.
 *
 * @param m0    momentum, or undefined if there is none
 * @param grad  M
 * @source  Lin et al., ICML 2023 (arXiv 2302.09738)
 */
export function stepFactor(
  s: Structure,
  k: Parts,
  m0: Parts | undefined,
  grad: Parts,
  rate: number | Tensor,
  { precondMomentum: alpha, momentumMode, cap, exponential }: FactorSettings,
): { k: Parts; m: Parts } {
  const share = momentumMode === "ema" ? 1 - alpha : 1;
  const m = m0 ? mapParts((a, b) => a.mul(alpha).add(b.mul(share)), m0, grad) : grad;
  const size = sizeOf(s, m, cap);
  const beta = size ? times(rate, maximum(size, 1).pow(-1)) : rate;
  const first = s.product(k, m);
  const moved = mapParts((a, b) => a.sub(times(b, beta)), k, first);
  if (exponential === 1) return { k: moved, m };
  const half = times(times(beta, beta), 0.5);
  return { k: mapParts((a, b) => a.add(times(b, half)), moved, s.product(first, m)), m };
}

/** Whether all factors are the identity they were made as: |K - I|² = |K|² - 2 tr K + d. */
const untouched = fullPrecision(
  (list: readonly Structure[], factors: readonly Parts[]): Tensor =>
    list.map((s, n) => and(equal(s.squaredNorm(factors[n]), s.size), equal(s.averageTrace(factors[n]), 1))).reduce((a, b) => and(a, b)),
);

/**
 * Where factors start: at a scale in the first update in which there is a gradient, whichever that is. Before it they wait.
 *
 * @param curvature  average trace of the curvature: 0 where nothing has reached the layer yet
 * @returns  what a start scale is now, 1 later; and the new factors of an update, or the old ones as long as they wait
 */
export function startOf(list: readonly Structure[], factors: readonly Parts[], curvature: Tensor) {
  const fresh = untouched(list, factors);
  const none = equal(curvature, 0);
  return {
    now: (scale: Tensor): Tensor => where(and(fresh, isFinite(scale)), scale, 1),
    unlessWaiting: (next: Parts, before: Parts): Parts => mapParts((x, old) => where(and(fresh, none), old, x), next, before),
  };
}

/**
 * Factors K_n 2^e_n with Σ e_n = 0 and mean squares that are equal within a factor of two. Only their product counts, and powers of two
 * are exact in every format: nothing changes but the room that half precision has on both sides.
 */
export const balanced = fullPrecision((list: readonly Structure[], factors: readonly Parts[]): Parts[] => {
  const sizes = list.map((s, n) => log(s.squaredNorm(factors[n]).div(s.size)).mul(0.5 / Math.LN2));
  const mean = sizes.reduce((a, b) => a.add(b)).div(sizes.length);
  const whole = sizes.slice(1).map((size) => round(mean.sub(size)));
  const powers = [whole.reduce((a, b) => a.add(b), mean.mul(0)).neg(), ...whole];
  return factors.map((k, n) => mapParts((part) => times(part, where(isFinite(powers[n]), pow(2, powers[n]), 1)), k));
});
