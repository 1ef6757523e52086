/** What is known of inputs without the private data: a generator of public ones, x = G(z) with z ~ N(0, I). */
import type { Shape } from "../array/index.ts";
import { clamp, customVjp, sign, stopGradient, type Tensor } from "../tensor/index.ts";

/** A generator; its weights are constants. */
export interface Prior {
  readonly name: string;
  /** d, numbers of a code. */
  readonly latent: number;
  /** L codes an input has, one for each layer of a style generator; 1 for all others. */
  readonly layers: number;
  /** Of one input. */
  readonly output: Shape;
  /** Range of the data that outputs are cut to, straight through: pixels lie in [0, 1]. */
  readonly range?: readonly [number, number];
  /** Layers whose code is drawn from the prior for every input instead of being fitted: all use the same draw. */
  readonly nuisance?: readonly number[];
  /** Codes [n, L, d] -> inputs as rows [n, D], before they are cut. */
  readonly generate: (z: Tensor) => Tensor;
}

/** The code is the input itself, and N(0, I) its prior: for classifiers of standardised features or of latent codes. */
export const identityPrior = (input: Shape, size: number): Prior => ({
  ...{ name: "standard normal inputs", latent: size, layers: 1, output: input },
  generate: (z) => z.reshape([z.shape[0], size]),
});

/**
 * Cut to a range, with the gradient of the identity: beyond the range a plain cut has none, and a code there could never come back.
 * @returns  the values, and the share of them that lay outside
 */
export function cutThrough(x: Tensor, range: Prior["range"]): { readonly x: Tensor; readonly outside: Tensor } {
  if (!range) return { x, outside: x.mul(0).mean(-1) };
  const cut = customVjp(
    (x: Tensor) => clamp(x, ...range),
    (_, slope: Tensor) => [slope],
  )(x);
  return { x: cut, outside: stopGradient(sign(x.sub(cut).abs()).mean(-1)) };
}
