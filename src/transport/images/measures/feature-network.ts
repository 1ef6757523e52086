/** The network whose features pictures are compared by. */
import type { Random, Shape } from "../../../array/index.ts";
import { type Conv, conv2d, type Dense, dense, initializers } from "../../../nn/index.ts";
import { type Arrays, silu, type Tensor } from "../../../tensor/index.ts";

/** Features of a picture. */
export const featureCount = 64;

/** Weights of the convolutions, of the features, and of what is learned from them. */
export interface FeatureParams<T = Tensor> {
  readonly blocks: readonly Conv<T>[];
  readonly features: Dense<T>;
  readonly head: Dense<T>;
}

/** Channels of the first block; each has twice those of the one before, up to the last number. */
const [firstWidth, lastWidth] = [16, 64];
/** Sides to which convolutions halve a picture. */
const lastSide = 4;

/** Functions of the parameters. */
export interface FeatureNetwork {
  init(rng: Random): Arrays<FeatureParams>;
  /** [n, c, h, w] in [0, 1] -> [n, 64] */
  features(params: FeatureParams, x: Tensor): Tensor;
  /** [n, 64] -> [n, outputs] */
  logits(params: FeatureParams, features: Tensor): Tensor;
}

/**
 * Strided 3 x 3 convolutions until the longer side is at most four pixels, a dense layer that gives the features, and another for what is
 * learned. Features are taken before their activation: their laws are nearer to normal ones, as the Fréchet distance supposes.
 */
export function featureNetwork([channels, height, width]: Shape, outputs: number): FeatureNetwork {
  const depth = Math.max(1, Math.ceil(Math.log2(Math.max(height, width) / lastSide)));
  const widths = Array.from({ length: depth }, (_, i) => Math.min(lastWidth, firstWidth * 2 ** i));
  const half = (side: number): number => Math.ceil(side / 2);
  const sides = [height, width].map((side) => widths.reduce(half, side));
  const he = { initializer: initializers.heNormal };
  return {
    init(rng) {
      const [features, head, ...streams] = rng.split(depth + 2);
      return {
        blocks: widths.map((w, i) => conv2d.init(streams[i], i ? widths[i - 1] : channels, w, 3, he)),
        features: dense.init(features, widths[depth - 1] * sides[0] * sides[1], featureCount),
        head: dense.init(head, featureCount, outputs),
      };
    },
    features({ blocks, features }, x) {
      const h = blocks.reduce((y, block) => silu(conv2d.apply(block, y, { strides: 2, padding: "same" })), x.mul(2).sub(1));
      return dense.apply(features, h.reshape([h.shape[0], h.size / h.shape[0]]));
    },
    logits: ({ head }, features) => dense.apply(head, silu(features)),
  };
}
