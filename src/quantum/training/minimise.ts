/** What optimisers of angles have in common: each is a generator that yields where it stands after every step. */

/** A function with its gradient. */
export type Differentiable = (x: Float64Array) => { readonly value: number; readonly gradient: Float64Array };

export interface Stand {
  readonly x: Float64Array;
  readonly value: number;
  /** Norm of the gradient, where one is known. */
  readonly gradientNorm?: number;
  /** Values, or values with gradients, that were asked for so far. */
  readonly calls: number;
}

export type Minimiser = Generator<Stand, void>;

export const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i], 0);

export const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

/** a + s b. */
export const plus = (a: Float64Array, s: number, b: Float64Array): Float64Array => a.map((v, i) => v + s * b[i]);

/** Of two stands the one with the lower value. */
export const better = (a: Stand, b: Stand): Stand => (b.value < a.value ? b : a);
