/** Transformer blocks with normalisation inside the branches. */
import type { NdArray, Random } from "../array/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { type Activation, activationOf } from "./activations.ts";
import { type AttendOptions, type Attention, type AttentionOptions, attention, type Cache } from "./attention.ts";
import { type Dense, dense } from "./dense.ts";
import type { FloatDType } from "./initializers.ts";
import { layerNorm, type Norm } from "./norm.ts";

/** Attention and a feed-forward layer, each behind a normalisation. */
export interface TransformerBlock<T = Tensor> {
  readonly attention: Attention<T>;
  readonly attentionNorm: Norm<T>;
  /** Attention to a context, in blocks that have one. */
  readonly cross?: Attention<T>;
  readonly crossNorm?: Norm<T>;
  readonly up: Dense<T>;
  readonly down: Dense<T>;
  readonly norm: Norm<T>;
}

/** Sizes of a block. */
export interface TransformerOptions {
  /** Width of the feed-forward layer; default 4 width. */
  readonly hidden?: number;
  /** Width of a context to attend to. */
  readonly contextWidth?: number;
  readonly dtype?: FloatDType;
}

/** How a block computes. */
export interface BlockOptions {
  readonly activation?: Activation;
}

const feedForward = (params: TransformerBlock, x: Tensor, activation: Activation = "gelu"): Tensor =>
  x.add(dense.apply(params.down, activationOf(activation)(dense.apply(params.up, layerNorm.apply(params.norm, x)))));

/**
 * x ← x + attention(norm x);  x ← x + cross(norm x, context);  x ← x + W₂ φ(W₁ norm x).
 *
 * @source  Vaswani et al., NeurIPS 2017; order of Xiong et al., ICML 2020
 */
export const transformerBlock = {
  init(rng: Random, width: number, options: TransformerOptions = {}): TransformerBlock<NdArray> {
    const { hidden = 4 * width, contextWidth, dtype } = options;
    const [self, cross, up, down] = rng.split(4);
    return {
      attention: attention.init(self, width, { dtype }),
      attentionNorm: layerNorm.init(width, { dtype }),
      ...(contextWidth === undefined
        ? {}
        : { cross: attention.init(cross, width, { contextWidth, dtype }), crossNorm: layerNorm.init(width, { dtype }) }),
      up: dense.init(up, width, hidden, { dtype }),
      down: dense.init(down, hidden, width, { dtype }),
      norm: layerNorm.init(width, { dtype }),
    };
  },

  /**
   * [batch, tokens, width] -> same
   *
   * @param options.context  [batch, keys, contextWidth], if the block has cross-attention
   */
  apply(params: TransformerBlock, x: Tensor, { context, activation, ...options }: AttendOptions & BlockOptions): Tensor {
    const h = x.add(attention.apply(params.attention, layerNorm.apply(params.attentionNorm, x), options));
    return feedForward(params, crossed(params, h, context, options.heads), activation);
  },

  /** The next tokens of a causal block, given the cache of those before; see `attention.step`. */
  step(
    params: TransformerBlock,
    x: Tensor,
    cache: Cache,
    { context, activation, ...options }: AttentionOptions & BlockOptions & { context?: Tensor },
  ): { y: Tensor; cache: Cache } {
    const next = attention.step(params.attention, layerNorm.apply(params.attentionNorm, x), cache, options);
    const h = crossed(params, x.add(next.y), context, options.heads);
    return { y: feedForward(params, h, activation), cache: next.cache };
  },
};

function crossed(params: TransformerBlock, x: Tensor, context: Tensor | undefined, heads: number): Tensor {
  if (!params.cross || !params.crossNorm || !context) return x;
  return x.add(attention.apply(params.cross, layerNorm.apply(params.crossNorm, x), { heads, context }));
}
