/** Hamiltonian Monte Carlo with frozen step sizes, and its case of one step, MALA. */
import { UserError } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import { type ChainState, gradientOf, gradientOfTerms, logDensityChange, slopesOf, stateOf, type Target } from "../target.ts";
import { column, decide, floatOf, type Kernel } from "./kernel.ts";
import { uniforms, type WalkParameters } from "./metropolis.ts";
import { scaleBy, scaleByTransposed } from "./scale.ts";

export interface HamiltonianNoise {
  /** Momenta p ~ N(0, I) of the scaled coordinates L⁻¹ x: [chains, d]. */
  readonly momentum: Tensor;
  /** [chains]. */
  readonly u: Tensor;
}

/**
 * Leapfrog steps of H = -log π_λ(x) + ½ pᵀp, in coordinates scaled by L: the same as a mass M = (L Lᵀ)⁻¹,
 *
 *   p ← p + (ε/2) Lᵀ∇log π;  repeat: x ← x + ε L p;  p ← p + ε Lᵀ∇log π  (half a step at the last).
 *
 * The gradient at the start is taken from the state: n steps cost n evaluations of the target and its gradient.
 */
export function leapfrog<D>(
  target: Target<D>,
  { state, momentum }: { readonly state: ChainState; readonly momentum: Tensor },
  { stepSize, scale, steps }: WalkParameters & { readonly steps: number },
  coefficients: Tensor,
  data: D,
): { state: ChainState; momentum: Tensor } {
  const epsilon = column(stepSize);
  const kick = (p: Tensor, gradient: Tensor, share: number): Tensor =>
    p.add(scaleByTransposed(scale, gradient).mul(share === 1 ? epsilon : epsilon.mul(share)));
  let { x } = state;
  let p = kick(momentum, gradientOf(coefficients, state.gradients!), 0.5);
  for (let i = 1; ; i++) {
    x = x.add(scaleBy(scale, p).mul(epsilon));
    const slopes = slopesOf(target, x, data);
    p = kick(p, gradientOfTerms(coefficients, slopes.gradients), i < steps ? 1 : 0.5);
    if (i === steps) return { state: stateOf(x, slopes), momentum: p };
  }
}

/**
 * Hamiltonian Monte Carlo: fresh momenta, `steps` leapfrog steps, accept with probability min(1, exp(H_old - H_new)). The kinetic energies
 * are compared as ½ Σ (p - p')(p + p'), exact in f32 where their sums are not.
 *
 * With a near-isotropic target and the same ε every time the motion is periodic, and the acceptance does not show it: use step sizes that
 * differ from step to step (`jitter`).
 *
 * @source  Neal, MCMC using Hamiltonian dynamics, Handbook of MCMC (2011), section 5.3
 */
export function hmc<D>(target: Target<D>, steps: number): Kernel<WalkParameters, HamiltonianNoise, D> {
  if (!(Number.isInteger(steps) && steps >= 1)) throw new UserError(`hmc: ${steps} is not a number of leapfrog steps`);
  return {
    noise: (rng, like) => ({ momentum: rng.normal(like.shape, floatOf(like)), u: uniforms(rng, like) }),
    init: (x, data) => stateOf(x, slopesOf(target, x, data)),
    step(state, { momentum: p, u }, parameters, coefficients, data) {
      const end = leapfrog(target, { state, momentum: p }, { ...parameters, steps }, coefficients, data);
      const kinetic = p.sub(end.momentum).mul(p.add(end.momentum)).sum(1).mul(0.5);
      return decide(state, end.state, logDensityChange(coefficients, state, end.state).add(kinetic), u, coefficients);
    },
  };
}

/**
 * Metropolis-adjusted Langevin: y = x + ½ε² L Lᵀ∇log π(x) + ε L ξ with its Hastings ratio. It is `hmc` with one leapfrog step.
 *
 * @source  Roberts & Tweedie, Bernoulli 2 (1996), with ε² for twice their step
 */
export const mala = <D>(target: Target<D>): Kernel<WalkParameters, HamiltonianNoise, D> => hmc(target, 1);
