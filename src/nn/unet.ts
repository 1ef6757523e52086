/** A small U-Net: convolutions at falling resolution and back, with connections across, conditioned on a time. */

import type { NdArray, Random } from "../array/index.ts";
import { TensorError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type Attention, attention } from "./attention.ts";
import { type Conv, conv1d, conv2d } from "./conv.ts";
import { type Dense, dense } from "./dense.ts";
import { type FloatDType, zeros } from "./initializers.ts";
import { type Mlp, mlp } from "./mlp.ts";
import { groupNorm, type Norm } from "./norm.ts";
import { sinusoidalFeatures } from "./time.ts";

/** Attention of every position to all positions, with a connection around it. */
export interface SpatialAttention<T = Tensor> {
  readonly norm: Norm<T>;
  readonly attention: Attention<T>;
}

/** Two convolutions with a connection around them, conditioned on the time. */
export interface ResidualBlock<T = Tensor> {
  readonly norm1: Norm<T>;
  readonly conv1: Conv<T>;
  readonly time: Dense<T>;
  readonly norm2: Norm<T>;
  readonly conv2: Conv<T>;
  /** 1x1 convolution around the block, where the number of channels changes. */
  readonly skip?: Conv<T>;
  /** Follows the block, at the resolutions that have it. */
  readonly spatial?: SpatialAttention<T>;
}

/** Parameters of a U-Net. */
export interface Unet<T = Tensor> {
  readonly time: Mlp<T>;
  readonly first: Conv<T>;
  /** One per resolution, finest first; all but the last end with a convolution of stride 2. */
  readonly down: readonly { readonly blocks: readonly ResidualBlock<T>[]; readonly resample?: Conv<T> }[];
  readonly middle: ResidualBlock<T>;
  /** One per resolution, coarsest first; all but the last end with a doubling and a convolution. */
  readonly up: readonly { readonly blocks: readonly ResidualBlock<T>[]; readonly resample?: Conv<T> }[];
  readonly norm: Norm<T>;
  readonly last: Conv<T>;
}

/** Sizes of a U-Net. */
export interface UnetOptions {
  /** Spatial dimensions, 1 or 2 (default). */
  readonly dimensions?: 1 | 2;
  /** Channels at each resolution, finest first: [32, 64, 128] halves the size twice. Multiples of the number of groups. */
  readonly channels: readonly number[];
  /** Residual blocks per resolution; default 1. */
  readonly blocks?: number;
  /** Resolutions with attention, as places in `channels`; default none. The deepest one has it in the middle too. */
  readonly attention?: readonly number[];
  /** Width of the time embedding; default 4 times the first number of channels. */
  readonly timeWidth?: number;
  readonly dtype?: FloatDType;
}

/** How a U-Net computes. */
export interface UnetApply {
  /** Groups of the normalisations; default 8. */
  readonly groups?: number;
  /** Heads of the attention, a divisor of its channels; default 1. */
  readonly heads?: number;
  /** Times are multiplied by it before their sinusoidal features are taken; default 1000, for times in [0, 1]. */
  readonly timeScale?: number;
}

const layers = { 1: conv1d, 2: conv2d };

/**
 * @source  Ronneberger, Fischer & Brox, MICCAI 2015; time and residual blocks as in Ho, Jain & Abbeel, NeurIPS 2020
 */
export const unet = {
  init(rng: Random, inputs: number, outputs: number, options: UnetOptions): Unet<NdArray> {
    const { dimensions = 2, channels, blocks = 1, attention: attentive = [], timeWidth = 4 * channels[0], dtype } = options;
    const deep = channels.length - 1;
    if (attentive.some((l) => !(l in channels)))
      throw new TensorError(`unet: attention at [${attentive.join(", ")}], but resolutions are 0 to ${deep}`);
    const layer = layers[dimensions];
    let drawn = 0;
    const next = (): Random => rng.fold(drawn++);
    const conv = (from: number, to: number, kernel = 3): Conv<NdArray> => layer.init(next(), from, to, kernel, { dtype });
    const zero = (from: number, to: number): Conv<NdArray> => layer.init(next(), from, to, 3, { dtype, initializer: zeros });
    const norm = (n: number): Norm<NdArray> => groupNorm.init(n, { dtype });
    const spatial = (n: number): SpatialAttention<NdArray> => ({
      norm: norm(n),
      attention: { ...attention.init(next(), n, { dtype }), out: dense.init(next(), n, n, { dtype, initializer: zeros }) },
    });
    const block = (from: number, level: number, to = channels[level]): ResidualBlock<NdArray> => ({
      norm1: norm(from),
      conv1: conv(from, to),
      time: dense.init(next(), timeWidth, 2 * to, { dtype, initializer: zeros }),
      norm2: norm(to),
      conv2: zero(to, to),
      ...(from === to ? {} : { skip: conv(from, to, 1) }),
      ...(attentive.includes(level) ? { spatial: spatial(to) } : {}),
    });
    const levels = channels.map((_, i) => i);
    const each = <B>(f: (i: number) => B): B[] => Array.from({ length: blocks }, (_, i) => f(i));
    return {
      time: mlp.init(next(), [channels[0], timeWidth, timeWidth], { dtype }),
      first: conv(inputs, channels[0]),
      down: levels.map((l) => ({
        blocks: each((i) => block(i || l === 0 ? channels[l] : channels[l - 1], l)),
        ...(l < deep ? { resample: conv(channels[l], channels[l]) } : {}),
      })),
      middle: block(channels[deep], deep),
      up: levels.toReversed().map((l) => ({
        blocks: each((i) => block((i === 0 && l < deep ? channels[l + 1] : channels[l]) + channels[l], l)),
        ...(l > 0 ? { resample: conv(channels[l], channels[l]) } : {}),
      })),
      norm: norm(channels[0]),
      last: zero(channels[0], outputs),
    };
  },

  /**
   * @param x     [N, inputs, ...space], sizes divisible by 2 for each resolution below the first
   * @param time  [N] or a scalar
   * @returns  [N, outputs, ...space]
   */
  apply(params: Unet, x: Tensor, time: Tensor, { groups = 8, heads = 1, timeScale = 1000 }: UnetApply = {}): Tensor {
    const factor = 2 ** (params.down.length - 1);
    if (x.shape.slice(2).some((n) => n % factor))
      throw new TensorError(`unet: sizes [${x.shape.slice(2).join(", ")}] are not multiples of ${factor}`);
    const features = sinusoidalFeatures(time.mul(timeScale), params.time[0].w.shape[0]);
    const embedded = t.silu(mlp.apply(params.time, features));
    const convolve = (p: Conv, h: Tensor, strides = 1): Tensor => conv2d.apply(p, h, { padding: "same", strides });
    const block = (p: ResidualBlock, h: Tensor): Tensor => {
      const y = residual(p, h, embedded, groups, convolve);
      return p.spatial ? attend(p.spatial, y, groups, heads) : y;
    };
    const kept: Tensor[] = [];
    let h = convolve(params.first, x);
    for (const { blocks, resample } of params.down) {
      for (const p of blocks) {
        h = block(p, h);
        kept.push(h);
      }
      if (resample) h = convolve(resample, h, 2);
    }
    h = block(params.middle, h);
    for (const { blocks, resample } of params.up) {
      for (const p of blocks) h = block(p, t.concat([h, kept.pop() as Tensor], 1));
      if (resample) h = convolve(resample, t.resizeNearest(h, 2));
    }
    return convolve(params.last, t.silu(groupNorm.apply(params.norm, h, groups)));
  },
};

/** h ← skip(h) + conv(φ((1 + s) norm(conv(φ(norm h))) + b)), with scale s and shift b from the time. */
function residual(p: ResidualBlock, h: Tensor, embedded: Tensor, groups: number, convolve: (p: Conv, h: Tensor) => Tensor): Tensor {
  const inner = convolve(p.conv1, t.silu(groupNorm.apply(p.norm1, h, groups)));
  const perChannel = dense.apply(p.time, embedded);
  const ones = new Array<number>(h.rank - 2).fill(1);
  const [scale, shift] = t.split(perChannel, 2, -1).map((s) => s.reshape([...s.shape, ...ones]));
  const conditioned = groupNorm.apply(p.norm2, inner, groups).mul(scale.add(1)).add(shift);
  const branch = convolve(p.conv2, t.silu(conditioned));
  return (p.skip ? convolve(p.skip, h) : h).add(branch);
}

/** h ← h + attention(norm h), with the positions as tokens. */
function attend({ norm, attention: params }: SpatialAttention, h: Tensor, groups: number, heads: number): Tensor {
  const [n, c] = h.shape;
  const tokens = groupNorm.apply(norm, h, groups).reshape([n, c, -1]).transpose([0, 2, 1]);
  return attention.apply(params, tokens, { heads }).transpose([0, 2, 1]).reshape(h.shape).add(h);
}
