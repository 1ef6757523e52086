/** Normalisation layers. Scale starts at one, shift at zero. */

import type { NdArray } from "../array/index.ts";
import * as nd from "../array/index.ts";
import { TensorError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import type { FloatDType } from "./initializers.ts";

/** Parameters, one number per channel: scale, and shift unless the layer has none. */
export interface Norm<T = Tensor> {
  readonly scale: T;
  readonly shift?: T;
}

interface NormOptions {
  readonly dtype?: FloatDType;
  /** Default true. */
  readonly shift?: boolean;
}

function init(channels: number, { dtype = "f32", shift = true }: NormOptions = {}): Norm<NdArray> {
  const scale = nd.allocate(dtype, [channels]);
  scale.data.fill(1);
  return shift ? { scale, shift: nd.allocate(dtype, [channels]) } : { scale };
}

const affine = ({ scale, shift }: Norm, x: Tensor, shape?: readonly number[]): Tensor => {
  const at = (p: Tensor): Tensor => (shape ? p.reshape(shape) : p);
  const y = x.mul(at(scale));
  return shift ? y.add(at(shift)) : y;
};

/** Layer normalisation over the last axis: scale (x - mean) / √(variance + ε) + shift. Ba, Kiros & Hinton, 2016. */
export const layerNorm = {
  init,
  /** [..., channels] -> same */
  apply: (params: Norm, x: Tensor, epsilon = 1e-5): Tensor => affine(params, t.standardize(x, epsilon)),
};

/** Root-mean-square normalisation over the last axis: scale x / √(mean x² + ε). Zhang & Sennrich, NeurIPS 2019. */
export const rmsNorm = {
  init: (channels: number, { dtype }: { dtype?: FloatDType } = {}): Norm<NdArray> => init(channels, { dtype, shift: false }),
  /** [..., channels] -> same */
  apply: (params: Norm, x: Tensor, epsilon = 1e-6): Tensor => affine(params, t.rmsStandardize(x, epsilon)),
};

/** Group normalisation of images: mean and variance over a group of channels and all positions. Wu & He, ECCV 2018. */
export const groupNorm = {
  init,
  /**
   * [N, C, ...space] -> same
   *
   * @throws  TensorError if C is not a multiple of the number of groups
   */
  apply(params: Norm, x: Tensor, groups: number, epsilon = 1e-5): Tensor {
    const [n, c, ...space] = x.shape;
    if (c % groups) throw new TensorError(`groupNorm: ${c} channels do not make ${groups} groups`);
    const rows = t.standardize(x.reshape([n, groups, nd.sizeOf([c / groups, ...space])]), epsilon);
    return affine(params, rows.reshape(x.shape), [c, ...space.map(() => 1)]);
  },
};

/** Running mean and variance of each channel: state beside the parameters. */
export interface BatchStatistics<T = Tensor> {
  readonly mean: T;
  readonly variance: T;
}

/**
 * Batch normalisation of images: scale (x - mean) / √(variance + ε) + shift, in training with the mean and variance of the batch, else with
 * running averages of them, s ← s + rate (batch - s). Ioffe & Szegedy, ICML 2015.
 */
export const batchNorm = {
  init(channels: number, options: NormOptions = {}): { params: Norm<NdArray>; stats: BatchStatistics<NdArray> } {
    const { dtype = "f32" } = options;
    const variance = nd.allocate(dtype, [channels]);
    variance.data.fill(1);
    return { params: init(channels, options), stats: { mean: nd.allocate(dtype, [channels]), variance } };
  },
  /** [N, C, ...space] -> same, and the next statistics */
  apply(
    { scale, shift }: Norm,
    stats: BatchStatistics,
    x: Tensor,
    { training, rate = 0.1, epsilon = 1e-5 }: { training: boolean; rate?: number; epsilon?: number },
  ): { y: Tensor; stats: BatchStatistics } {
    const [, c, ...space] = x.shape;
    const channel = (v: Tensor): Tensor => v.reshape([c, ...space.map(() => 1)]);
    const axes = [0, ...space.map((_, i) => i + 2)];
    const mean = training ? x.mean(axes) : stats.mean;
    const centred = x.sub(channel(mean));
    const variance = training ? centred.square().mean(axes) : stats.variance;
    const scaled = centred.mul(channel(t.rsqrt(variance.add(epsilon)).mul(scale)));
    const y = shift ? scaled.add(channel(shift)) : scaled;
    const toward = (old: Tensor, batch: Tensor): Tensor => old.add(t.stopGradient(batch).sub(old).mul(rate));
    return { y, stats: training ? { mean: toward(stats.mean, mean), variance: toward(stats.variance, variance) } : stats };
  },
};
