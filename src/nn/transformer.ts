/** Transformer blocks with normalisation inside the branches. */
import type { NdArray, Random } from "../array/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { type Activation, activationOf } from "./activations.ts";
import {
  type AttendOptions,
  type Attention,
  type AttentionOptions,
  attention,
  type KeysValues,
  type Past,
  type StepOptions,
} from "./attention.ts";
import { type Dense, dense } from "./dense.ts";
import type { FloatDType } from "./initializers.ts";
import { layerNorm, type Norm, rmsNorm } from "./norm.ts";

/** Attention and a feed-forward layer, each behind a normalisation. */
export interface TransformerBlock<T = Tensor> {
  readonly attention: Attention<T>;
  readonly attentionNorm: Norm<T>;
  /** Attention to a context, in blocks that have one. */
  readonly cross?: Attention<T>;
  readonly crossNorm?: Norm<T>;
  readonly up: Dense<T>;
  /** In blocks with a gated feed-forward layer. */
  readonly gate?: Dense<T>;
  readonly down: Dense<T>;
  readonly norm: Norm<T>;
}

/** Sizes of a block. */
export interface TransformerOptions {
  /** Width of the feed-forward layer; default 4 width. */
  readonly hidden?: number;
  /** Width of a context to attend to. */
  readonly contextWidth?: number;
  /** Width of all heads of keys together; default the width. */
  readonly keyValueWidth?: number;
  /** Default false: a product of two layers in place of one, see `transformerBlock`. */
  readonly gated?: boolean;
  /** Of dense layers and normalisations. Default true. */
  readonly bias?: boolean;
  readonly dtype?: FloatDType;
}

/** How a block computes. */
export interface BlockOptions {
  /** Default gelu. */
  readonly activation?: Activation;
  /** Default layer normalisation. */
  readonly norm?: "layer" | "rms";
  /** Added to variances. Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * x ← x + attention(norm x);  x ← x + cross(norm x, context);  x ← x + W₂ φ(W₁ norm x), or gated x ← x + W₂ (φ(W_g norm x) ⊙ W₁ norm x).
 *
 * @source  Vaswani et al., NeurIPS 2017; order of Xiong et al., ICML 2020; gates of Shazeer, "GLU variants improve transformer", 2020
 */
export const transformerBlock = {
  init(rng: Random, width: number, options: TransformerOptions = {}): TransformerBlock<NdArray> {
    const { hidden = 4 * width, contextWidth, keyValueWidth, gated = false, bias = true, dtype } = options;
    const [self, cross, up, down] = rng.split(4);
    const norm = (): Norm<NdArray> => layerNorm.init(width, { dtype, shift: bias });
    return {
      attention: attention.init(self, width, { keyValueWidth, bias, dtype }),
      attentionNorm: norm(),
      ...(contextWidth === undefined ? {} : { cross: attention.init(cross, width, { contextWidth, bias, dtype }), crossNorm: norm() }),
      up: dense.init(up, width, hidden, { bias, dtype }),
      ...(gated && { gate: dense.init(up.split(1)[0], width, hidden, { bias, dtype }) }),
      down: dense.init(down, hidden, width, { bias, dtype }),
      norm: norm(),
    };
  },

  /**
   * [batch, tokens, width] -> same
   *
   * @param options.context  [batch, keys, contextWidth], if the block has cross-attention
   */
  apply: (params: TransformerBlock, x: Tensor, options: AttendOptions & BlockOptions): Tensor =>
    transformerBlock.applyKeeping(params, x, options).y,

  /** `apply`, and the keys and values that a later `step` attends to; see `attention.applyKeeping`. */
  applyKeeping(params: TransformerBlock, x: Tensor, { context, ...options }: AttendOptions & BlockOptions): { y: Tensor } & KeysValues {
    const { y, ...kept } = attention.applyKeeping(params.attention, normalized(params.attentionNorm, x, options), options);
    return { y: feedForward(params, crossed(params, x.add(y), context, options), options), ...kept };
  },

  /** One more token a row of a causal block, [rows, width] -> same; see `attention.step`. */
  step(params: TransformerBlock, x: Tensor, past: Past, options: StepOptions & BlockOptions): { y: Tensor } & KeysValues {
    const { y, ...added } = attention.step(params.attention, normalized(params.attentionNorm, x, options), past, options);
    return { y: feedForward(params, x.add(y), options), ...added };
  },
};

/** [..., width] -> same */
export const normalized = (params: Norm, x: Tensor, { norm = "layer", epsilon = 1e-5 }: BlockOptions): Tensor =>
  norm === "rms" ? rmsNorm.apply(params, x, epsilon) : layerNorm.apply(params, x, epsilon);

function feedForward(params: TransformerBlock, x: Tensor, options: BlockOptions): Tensor {
  const phi = activationOf(options.activation ?? "gelu");
  const h = normalized(params.norm, x, options);
  const up = dense.apply(params.up, h);
  return x.add(dense.apply(params.down, params.gate ? phi(dense.apply(params.gate, h)).mul(up) : phi(up)));
}

function crossed(params: TransformerBlock, x: Tensor, context: Tensor | undefined, options: AttentionOptions & BlockOptions): Tensor {
  if (!params.cross || !params.crossNorm || !context) return x;
  return x.add(attention.apply(params.cross, normalized(params.crossNorm, x, options), { heads: options.heads, context }));
}
