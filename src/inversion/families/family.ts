/** Variational families over the code z of a generator with the prior N(0, I): what every one of them is. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Arrays, Tensor } from "../../tensor/index.ts";

type Float = "f32" | "f64";

/** Codes with their densities, and what each of them counts: Σ_i e^{w_i} f(z_i) estimates E_q f. */
export interface Draws {
  /** [J, n, d] */
  readonly z: Tensor;
  /** log q(z) [J, n] */
  readonly logDensity: Tensor;
}

/**
 * Distributions q_1 … q_J over R^d, one for each goal, as maps of noise. Parameters P are trees whose first axes are J: tensors in programs,
 * arrays outside. Every family can be N(0, I), and `init` is close to it.
 */
export interface Family<P extends object = object> {
  readonly name: string;
  /** d */
  readonly latent: number;
  /** C: of n noise rows the first n / C make draws of the first component, and so on; 1 but for mixtures. */
  readonly components: number;
  /** Whether z is an affine function of the noise: such a family cannot bend itself to the nodes of a rule that takes its expectations. */
  readonly affine: boolean;
  /** A first rate of Adam that suits its parameters. */
  readonly rate: number;
  init(goals: number, rng: Random, dtype?: Float): Arrays<P>;
  /**
   * Parameters that are moved to where given codes lie: first moments, and second ones as far as the family has them.
   *
   * @param at.mean  [J, d]
   * @param at.factor  lower triangular L of the covariance L Lᵀ [J, d, d]
   * @param at.codes  codes from the region, [J, m, d]
   */
  place(params: Arrays<P>, at: Placement): Arrays<P>;
  /** z = f(ε) and log q(z), both differentiable in the parameters. @param noise  ε ~ N(0, I), [J, n, d] or [1, n, d] */
  draw(params: P, noise: Tensor): Draws;
  /** log of the share of each component, [J, C]; absent where C = 1. */
  logShares?(params: P): Tensor;
  /** KL(q | N(0, I)) [J] in closed form, where there is one. */
  kl?(params: P): Tensor;
}

/** Where the codes of a goal lie. */
export interface Placement {
  readonly mean: NdArray;
  readonly factor: NdArray;
  readonly codes: NdArray;
}

/** log N(z; 0, I), [..., d] -> [...]. */
export const logNormal = (z: Tensor): Tensor =>
  z
    .square()
    .sum(-1)
    .mul(-0.5)
    .sub(0.5 * z.shape[z.shape.length - 1] * Math.log(2 * Math.PI));
