/** Networks of dense layers. */
import type { NdArray, Random } from "../array/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { type Activation, activationOf } from "./activations.ts";
import { type Dense, type DenseOptions, dense } from "./dense.ts";
import { type FloatDType, zeros } from "./initializers.ts";
import { layerNorm, type Norm } from "./norm.ts";

/** Dense layers, first to last. */
export type Mlp<T = Tensor> = readonly Dense<T>[];

/** Dense layers with an activation between them (not after the last). */
export const mlp = {
  /** @param sizes  widths from the input to the output: [2, 64, 64, 1] has two hidden layers */
  init(rng: Random, sizes: readonly number[], options: DenseOptions = {}): Mlp<NdArray> {
    const streams = rng.split(sizes.length - 1);
    return streams.map((stream, i) => dense.init(stream, sizes[i], sizes[i + 1], options));
  },
  /** [..., in] -> [..., out] */
  apply(layers: Mlp, x: Tensor, activation: Activation = "silu"): Tensor {
    const f = activationOf(activation);
    return layers.reduce((h, layer, i) => dense.apply(layer, i ? f(h) : h), x);
  },
};

/** A first and a last dense layer, and residual blocks between them. */
export interface ResidualMlp<T = Tensor> {
  readonly first: Dense<T>;
  readonly blocks: readonly { readonly norm: Norm<T>; readonly up: Dense<T>; readonly down: Dense<T> }[];
  readonly norm: Norm<T>;
  readonly last: Dense<T>;
}

/** Sizes of a residual network of dense layers. */
export interface ResidualMlpOptions {
  readonly blocks: number;
  readonly width: number;
  /** Width inside a block; default 2 width. */
  readonly hidden?: number;
  readonly dtype?: FloatDType;
}

/**
 * Residual network of pre-normalised blocks, h ← h + W₂ φ(W₁ norm(h)). W₂ starts at zero, so that each block starts as the identity.
 *
 * @source  He et al., ECCV 2016; Xiong et al., ICML 2020 (normalisation inside the branch)
 */
export const residualMlp = {
  init(rng: Random, inputs: number, outputs: number, options: ResidualMlpOptions): ResidualMlp<NdArray> {
    const { blocks, width, hidden = 2 * width, dtype } = options;
    const [first, last, ...inner] = rng.split(blocks + 2);
    return {
      first: dense.init(first, inputs, width, { dtype }),
      blocks: inner.map((stream) => ({
        norm: layerNorm.init(width, { dtype }),
        up: dense.init(stream, width, hidden, { dtype }),
        down: dense.init(stream, hidden, width, { dtype, initializer: zeros }),
      })),
      norm: layerNorm.init(width, { dtype }),
      last: dense.init(last, width, outputs, { dtype }),
    };
  },
  /** [..., in] -> [..., out] */
  apply(params: ResidualMlp, x: Tensor, activation: Activation = "silu"): Tensor {
    const f = activationOf(activation);
    const h = params.blocks.reduce(
      (h, { norm, up, down }) => h.add(dense.apply(down, f(dense.apply(up, layerNorm.apply(norm, h))))),
      dense.apply(params.first, x),
    );
    return dense.apply(params.last, layerNorm.apply(params.norm, h));
  },
};
