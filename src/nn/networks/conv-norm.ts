/** A convolution with batch normalisation. */
import type { Random } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { type Conv, conv2d } from "../conv.ts";
import { heNormal } from "../initializers.ts";
import { type BatchStatistics, batchNorm, type Norm } from "../norm.ts";

/** Parameters of both. */
export interface ConvNorm<T = Tensor> {
  readonly conv: Conv<T>;
  readonly norm: Norm<T>;
}

/** The normalisation stands for the bias; images keep their size but for the stride. */
export const convNorm = {
  init(rng: Random, inputs: number, outputs: number, kernel = 3) {
    const { params, stats } = batchNorm.init(outputs);
    return {
      params: { conv: conv2d.init(rng, inputs, outputs, kernel, { bias: false, initializer: heNormal }), norm: params },
      stats,
    };
  },
  apply({ conv, norm }: ConvNorm, stats: BatchStatistics, x: Tensor, stride: number, training: boolean) {
    const padding = (conv.w.shape[2] - 1) / 2;
    return batchNorm.apply(norm, stats, conv2d.apply(conv, x, { strides: stride, padding }), { training });
  },
};
