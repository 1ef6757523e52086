/** Kernels that know a Gaussian: Crank and Nicolson's, and the autoregression that leaves it invariant. */
import { sqrt, type Tensor } from "../../tensor/index.ts";
import type { Target } from "../target.ts";
import { exactDraw } from "./exact.ts";
import { column, floatOf } from "./kernel.ts";
import { metropolisHastings } from "./metropolis.ts";
import { scaleBy } from "./scale.ts";

export interface AutoregressiveParameters {
  /** ρ, in [-1, 1]: [] or [1 or chains]; 0 forgets the state, 1 keeps it. */
  readonly correlation: Tensor;
  /** m: [1 or chains, d]; 0 if absent. */
  readonly mean?: Tensor;
  /** L of the covariance: [1 or chains, d] or [1 or chains, d, d]; the identity if absent. */
  readonly scale?: Tensor;
}

interface Xi {
  /** ξ ~ N(0, I): [chains, d]. */
  readonly xi: Tensor;
}

/** m + ρ (x - m) + √(1 - ρ²) L ξ. */
function regress(x: Tensor, xi: Tensor, { correlation, mean, scale }: AutoregressiveParameters): Tensor {
  const rho = column(correlation);
  const rest = sqrt(rho.square().neg().add(1));
  const pulled = mean ? mean.add(x.sub(mean).mul(rho)) : x.mul(rho);
  return pulled.add(scaleBy(scale, xi).mul(rest));
}

/**
 * Preconditioned Crank and Nicolson: the proposal y = m + ρ (x - m) + √(1 - ρ²) L ξ is reversible for N(m, L Lᵀ), so that only the target's
 * ratio to that Gaussian decides. With m and L those of a Gaussian prior the acceptance does not fall with the dimension. L is diagonal.
 *
 * @source  Cotter, Roberts, Stuart & White, Statistical Science 28 (2013), section 4
 */
export function crankNicolson<D>(target: Target<D>) {
  return metropolisHastings<AutoregressiveParameters, Xi, D>(target, {
    noise: (rng, like) => ({ xi: rng.normal(like.shape, floatOf(like)) }),
    propose(x, { xi }, parameters) {
      const y = regress(x, xi, parameters);
      const { mean, scale } = parameters;
      // log N(x) - log N(y) = ½ (|w_y| - |w_x|)(|w_y| + |w_x|), coordinate by coordinate, with w the whitened states
      const whiten = (v: Tensor): Tensor => {
        const centred = mean ? v.sub(mean) : v;
        return scale ? centred.div(scale) : centred;
      };
      const [a, b] = [whiten(x), whiten(y)];
      return { y, logRatio: b.sub(a).mul(b.add(a)).sum(1).mul(0.5) };
    },
  });
}

/**
 * Autoregression x' = m + ρ (x - m) + √(1 - ρ²) L ξ, reversible with respect to N(m, L Lᵀ): the exact kernel of a target that is this
 * Gaussian (the caller's word). ρ = 0 is an exact draw.
 */
export const autoregressive = <D>(target: Target<D>) =>
  exactDraw<AutoregressiveParameters, Xi, D>(target, {
    noise: (rng, like) => ({ xi: rng.normal(like.shape, floatOf(like)) }),
    draw: (x, { xi }, parameters) => regress(x, xi, parameters),
  });
