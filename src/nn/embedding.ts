/** Vectors for symbols. */

import type { NdArray, Random } from "../array/index.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type FloatDType, type Initializer, normal } from "./initializers.ts";

/** Parameters: table [symbols, width]. */
export interface Embedding<T = Tensor> {
  readonly table: T;
}

/** Rows of a table, picked by symbols. */
export const embedding = {
  /** @param options.initializer  default normal of standard deviation 0.02 */
  init(
    rng: Random,
    symbols: number,
    width: number,
    { initializer = normal(0.02), dtype }: { initializer?: Initializer; dtype?: FloatDType } = {},
  ): Embedding<NdArray> {
    return { table: initializer(rng, [symbols, width], { dtype }) };
  },
  /** Integers [...] below the number of symbols -> [..., width] */
  apply: ({ table }: Embedding, symbols: Tensor): Tensor => t.take(table, symbols),
  /** Scores [..., symbols] of vectors [..., width] against the table: the tied output layer of a language model. */
  attend: ({ table }: Embedding, x: Tensor): Tensor => x.matmul(table.transpose()),
};
