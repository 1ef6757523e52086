/** Low-rank adaptation of a causal transformer: what is learned is a small change of each frozen linear layer. */
import type { NdArray, Random, Shape } from "../../array/index.ts";
import { TensorError } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Dense } from "../dense.ts";
import { type FloatDType, lecunNormal, zeros } from "../initializers.ts";
import type { TransformerBlock } from "../transformer.ts";
import type { CausalParameters } from "./causal-transformer.ts";

/** A change A B of a layer's weights: down is A [in, r], up is B [r, out]. */
export interface LowRank<T = Tensor> {
  readonly down: T;
  readonly up: T;
}

/** Changes of the linear layers of every block, and of the output layer where it is not the table of symbols. */
export interface CausalAdapters<T = Tensor> {
  readonly blocks: readonly BlockAdapters<T>[];
  readonly head?: LowRank<T>;
}

interface BlockAdapters<T> {
  readonly query: LowRank<T>;
  readonly key: LowRank<T>;
  readonly value: LowRank<T>;
  readonly out: LowRank<T>;
  readonly up: LowRank<T>;
  readonly gate?: LowRank<T>;
  readonly down: LowRank<T>;
}

/**
 * W ← W + A B, with A normal of variance 1 / in and B = 0 at first, so that the adapted network begins as the frozen one. The usual scale
 * α / r is 1.
 *
 * @source  Hu et al., "LoRA: low-rank adaptation of large language models", ICLR 2022, eq. 3
 */
export const lowRank = {
  /**
   * @param rank  r, at most the smaller side of each layer is of use
   * @throws TensorError  for a rank that is no positive integer
   */
  init(rng: Random, params: CausalParameters<Shaped>, rank: number, dtype: FloatDType = "f32"): CausalAdapters<NdArray> {
    if (!(Number.isInteger(rank) && rank >= 1)) throw new TensorError(`low-rank adaptation: ${rank} is not a rank`);
    let layers = 0;
    const of = ({ w }: Dense<Shaped>): LowRank<NdArray> => ({
      down: lecunNormal(rng.fold(layers++), [w.shape[0], rank], { dtype }),
      up: zeros(rng, [rank, w.shape[1]], { dtype }),
    });
    return {
      blocks: params.blocks.map(({ attention, up, gate, down }) => ({
        ...{ query: of(attention.query), key: of(attention.key), value: of(attention.value), out: of(attention.out) },
        ...{ up: of(up), ...(gate && { gate: of(gate) }), down: of(down) },
      })),
      ...(params.head && { head: of(params.head) }),
    };
  },

  /** The parameters of the adapted network. */
  apply(params: CausalParameters, adapters: CausalAdapters): CausalParameters {
    const layer = ({ w, b }: Dense, { down, up }: LowRank): Dense => ({ w: w.add(down.matmul(up)), ...(b && { b }) });
    return {
      ...params,
      blocks: params.blocks.map((block, i) => adapted(block, adapters.blocks[i], layer)),
      ...(params.head && adapters.head && { head: layer(params.head, adapters.head) }),
    };
  },
};

interface Shaped {
  readonly shape: Shape;
}

function adapted(block: TransformerBlock, own: BlockAdapters<Tensor>, layer: (frozen: Dense, change: LowRank) => Dense): TransformerBlock {
  const { query, key, value, out } = block.attention;
  return {
    ...block,
    attention: {
      query: layer(query, own.query),
      key: layer(key, own.key),
      value: layer(value, own.value),
      out: layer(out, own.out),
    },
    up: layer(block.up, own.up),
    ...(block.gate && own.gate && { gate: layer(block.gate, own.gate) }),
    down: layer(block.down, own.down),
  };
}
