/** Targets: families of log densities that are linear in their coefficients. */
import { type Arrays, equal, stack, type Tensor, valueAndGrad, where } from "../tensor/index.ts";

/** log f(x) up to a constant: x [chains, d] (or [chains] for discrete states) -> [chains], rows independent. Data is a tree of tensors. */
export type LogDensity<D> = (x: Tensor, data: D) => Tensor;

/**
 * The terms f_j of a family of densities,
 *
 *   log π_λ(x) = Σ_j λ_j f_j(x).
 *
 * One density is a family of one term with λ = 1; log prior and log likelihood with λ = (1, β) temper a posterior; two log densities with
 * λ = (1 - β, β) are the geometric path between them. Terms are cached apart, so that a change of λ costs no evaluation.
 */
export type Target<D> = readonly LogDensity<D>[];

/** Data of targets that need none. */
export type NoData = Readonly<Record<string, never>>;

/** Where chains stand. */
export interface ChainState {
  /** [chains, d], or [chains] of integers for discrete states. */
  readonly x: Tensor;
  /** f_j(x): [chains, terms]. */
  readonly values: Tensor;
  /** ∇f_j(x): [chains, terms, d]; kept by kernels that use it. */
  readonly gradients?: Tensor;
}

/** A state outside programs. */
export type ChainArrays = Arrays<ChainState>;

/** The terms at x. */
export function evaluate<D>(target: Target<D>, x: Tensor, data: D): ChainState {
  const values = target.map((term) => term(x, data));
  return { x, values: stack(values, 1) };
}

/** Terms and gradients one by one: [chains] and [chains, d] each. */
export interface Slopes {
  readonly values: readonly Tensor[];
  readonly gradients: readonly Tensor[];
}

/** The terms and their gradients at x. Rows are independent, so that the gradient of the sum over chains is the gradient of each. */
export function slopesOf<D>(target: Target<D>, x: Tensor, data: D): Slopes {
  const pairs = target.map((term) =>
    valueAndGrad(
      (y: Tensor): [Tensor, Tensor] => {
        const value = term(y, data);
        return [value.sum(), value];
      },
      { aux: true },
    )(x),
  );
  return { values: pairs.map(([[, value]]) => value), gradients: pairs.map(([, gradient]) => gradient) };
}

/** Terms and gradients as a state keeps them. */
export const stateOf = (x: Tensor, { values, gradients }: Slopes): ChainState => ({
  x,
  values: stack(values, 1),
  gradients: stack(gradients, 1),
});

/** λ_j v_j, and 0 where λ_j is 0, even if v_j is infinite: a term that is switched off has no say. */
const weighted = (coefficients: Tensor, v: Tensor): Tensor => where(equal(coefficients, 0), 0, coefficients.mul(v));

/** log π_λ: coefficients [1 or chains, terms] and values [chains, terms] -> [chains]. */
export const logDensityOf = (coefficients: Tensor, values: Tensor): Tensor => weighted(coefficients, values).sum(1);

/** log π_λ(y) - log π_λ(x), differences taken term by term before they are scaled and added: in f32 large terms cancel first. */
export const logDensityChange = (coefficients: Tensor, from: ChainState, to: ChainState): Tensor =>
  weighted(coefficients, to.values.sub(from.values)).sum(1);

/** ∇ log π_λ from the gradients of a state: [chains, d]. */
export const gradientOf = (coefficients: Tensor, gradients: Tensor): Tensor => weighted(coefficients.expandDims(-1), gradients).sum(1);

/** ∇ log π_λ from gradients one by one, which saves a pass over all of them. */
export const gradientOfTerms = (coefficients: Tensor, gradients: readonly Tensor[]): Tensor =>
  gradients.map((gradient, j) => weighted(coefficients.slice([], [j, j + 1]), gradient)).reduce((a, b) => a.add(b));
