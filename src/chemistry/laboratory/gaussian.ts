/**
 * Flows that stay Gaussian: q = N(m, s I) in d dimensions, in the trap V = ½ ω² |x|². Atomic units.
 *
 *   E_loc = ½ ω² |x|² + d/(4s) - |x - m|²/(8s²)
 *   s' = (w_FR + 2 w_W / s)(¼ - ω² s²),   m' = -ω² m (w_W + w_FR s)
 *
 * with the weights w_W of transport and w_FR of reweighting; the ground state has m = 0, s = 1/(2ω), E = dω/2.
 */
import { array, toNumbers } from "../../array/index.ts";
import { adaptiveSteps, integrate } from "../../solve/index.ts";
import { add, concat, jit, mul, sub, type Tensor } from "../../tensor/index.ts";

/** How a flow mixes carrying mass (W) and reweighting it (FR). */
export interface Weights {
  readonly transport: number;
  readonly reweighting: number;
}

export interface Trap {
  readonly omega: number;
  readonly dimension: number;
}

/** N(m, s I); m along the first axis, which is no restriction: in a round trap the mean keeps its direction. */
export interface Gaussian {
  readonly mean: number;
  readonly variance: number;
}

/** The ground state of the trap. */
export const groundGaussian = ({ omega }: Trap): Gaussian => ({ mean: 0, variance: 1 / (2 * omega) });

/** Energy d/(8s) + ½ ω² (d s + |m|²), in hartree. */
export const gaussianEnergy = ({ omega, dimension: d }: Trap, { mean, variance: s }: Gaussian): number =>
  d / (8 * s) + (omega ** 2 / 2) * (d * s + mean ** 2);

/**
 * What the energy falls by: with a = ½ ω² - 1/(8s²), E_loc = a |y|² + ω² m·y + constant for y = x - m ~ N(0, s I).
 *
 * @returns  Var E_loc = 2 d s² a² + ω⁴ |m|² s in hartree², and E|∇E_loc|² = 4 d s a² + ω⁴ |m|² in hartree² a0⁻²
 */
export function gaussianDissipation(
  { omega, dimension: d }: Trap,
  { mean, variance: s }: Gaussian,
): { variance: number; squaredGradient: number } {
  const a = omega ** 2 / 2 - 1 / (8 * s ** 2);
  const pull = omega ** 4 * mean ** 2;
  return { variance: 2 * d * s ** 2 * a ** 2 + pull * s, squaredGradient: 4 * d * s * a ** 2 + pull };
}

/** The W flow after time t: s² = 1/(4ω²) + (s₀² - 1/(4ω²)) e^(-4ω²t), m = m₀ e^(-ω²t). */
export function transported({ omega }: Trap, { mean, variance }: Gaussian, t: number): Gaussian {
  const end = 1 / (4 * omega ** 2);
  return { mean: mean * Math.exp(-(omega ** 2) * t), variance: Math.sqrt(end + (variance ** 2 - end) * Math.exp(-4 * omega ** 2 * t)) };
}

/** The FR flow after time t: s = s* tanh(ωt/2 + artanh(s₀/s*)), coth for s₀ above s* = 1/(2ω), by the addition theorem, which is one. */
export function reweighted({ omega }: Trap, { mean, variance }: Gaussian, t: number): Gaussian {
  const ratio = 2 * omega * variance;
  const [tanh, cosh] = [Math.tanh((omega * t) / 2), Math.cosh((omega * t) / 2)];
  return { mean: mean / (cosh * (1 + ratio * tanh)), variance: (ratio + tanh) / (1 + ratio * tanh) / (2 * omega) };
}

/**
 * The flow of any weights at given times, by the differential equations.
 *
 * @param times  rising, the first is that of the start
 */
export async function gaussianFlow(trap: Trap, start: Gaussian, times: readonly number[], weights: Weights): Promise<Gaussian[]> {
  const { transport, reweighting } = weights;
  const squared = trap.omega ** 2;
  const field = (_: Tensor, x: Tensor): Tensor => {
    const [s, m] = [x.slice(null, [0, 1]), x.slice(null, [1, 2])];
    const spread = mul(add(reweighting, mul(2 * transport, s.pow(-1))), sub(0.25, s.square().mul(squared)));
    return concat([spread, m.mul(add(transport, s.mul(reweighting))).mul(-squared)], 1);
  };
  const solve = jit((x: Tensor, t: Tensor) => integrate(field, x, t, { control: adaptiveSteps({ rtol: 1e-11, atol: 1e-13 }) }).states);
  const states = toNumbers(await solve(array([[start.variance, start.mean]], "f64"), array(times, "f64")));
  await solve.dispose();
  return [start, ...times.slice(1).map((_, i) => ({ variance: states[2 * i], mean: states[2 * i + 1] }))];
}

/** W₂ between a Gaussian and the ground state, in a0: W₂² = |m|² + d (√s - √s*)². */
export const gaussianDistance = (trap: Trap, { mean, variance }: Gaussian): number =>
  Math.hypot(mean, Math.sqrt(trap.dimension) * (Math.sqrt(variance) - Math.sqrt(groundGaussian(trap).variance)));

/** ⟨ψ, ψ₀⟩² = (2 √(s s*) / (s + s*))^d e^(-|m|² / (2 (s + s*))): 1 at the ground state. */
export function gaussianFidelity(trap: Trap, { mean, variance: s }: Gaussian): number {
  const { variance: end } = groundGaussian(trap);
  return ((2 * Math.sqrt(s * end)) / (s + end)) ** trap.dimension * Math.exp(-(mean ** 2) / (2 * (s + end)));
}
