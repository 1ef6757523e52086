/** What every whole network is: parameters and statistics, and pure functions of them. */
import type { Random, Shape } from "../../array/index.ts";
import { TensorError } from "../../errors.ts";
import type { Arrays, Tensor } from "../../tensor/index.ts";
import type { CausalTransformer } from "./causal-transformer.ts";

/**
 * Parameters P that are trained, and statistics S that follow the data (`{}` without batch normalisation): trees of tensors in programs, of
 * arrays outside. Who does not look into them can leave both out.
 */
export interface Network<P extends object = object, S extends object = object> {
  /** Of a language model: architecture and sizes, with which its parameters are a `LanguageModelFile`. */
  readonly causal?: CausalTransformer;
  init(rng: Random): { params: Arrays<P>; stats: Arrays<S> };
  /** Outputs [batch, ..., outputs] of a batch of inputs, and the next statistics. */
  apply(params: P, stats: S, x: Tensor, training: boolean): { y: Tensor; stats: S };
}

/** Statistics of networks without batch normalisation. */
export type NoStatistics = Record<string, never>;

/** @throws TensorError  unless inputs are images */
export function requireImages(input: Shape): void {
  if (input.length !== 3)
    throw new TensorError(`this network needs images [channels, height, width], not inputs of shape [${input.join(", ")}]`);
}
