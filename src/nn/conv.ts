/** Convolution layers with a bias per channel, in one and two dimensions. */

import type { NdArray, Random, Shape } from "../array/index.ts";
import * as nd from "../array/index.ts";
import type { ConvOptions, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type FloatDType, type Initializer, lecunNormal, zeros } from "./initializers.ts";

/** Parameters: w [O, C / groups, ...kernel] (transposed: [C, O / groups, ...kernel]), b [O]. */
export interface Conv<T = Tensor> {
  readonly w: T;
  readonly b?: T;
}

/** Parameters of a convolution to make. */
export interface ConvInit {
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Of w; default LeCun normal. b starts at zero. */
  readonly initializer?: Initializer;
  readonly dtype?: FloatDType;
}

const kernelOf = (rank: number, kernel: number | Shape): Shape =>
  typeof kernel === "number" ? new Array<number>(rank).fill(kernel) : kernel;

const addBias = (y: Tensor, b: Tensor | undefined): Tensor =>
  b ? y.add(b.reshape([b.size, ...new Array<number>(y.rank - 2).fill(1)])) : y;

const convolution = (rank: number) => ({
  /** @param kernel  size along all spatial axes, or one per axis */
  init(rng: Random, inputs: number, outputs: number, kernel: number | Shape, options: ConvInit = {}): Conv<NdArray> {
    const { groups = 1, bias = true, initializer = lecunNormal, dtype } = options;
    const w = initializer(rng, [outputs, inputs / groups, ...kernelOf(rank, kernel)], { dtype });
    return bias ? { w, b: zeros(rng, [outputs], { dtype }) } : { w };
  },
  /** [N, C, ...space] -> [N, O, ...out]; see `conv` of the tensor module for options and sizes. */
  apply: ({ w, b }: Conv, x: Tensor, options: ConvOptions = {}): Tensor => addBias(t.conv(x, w, options), b),
});

const transposed = (rank: number) => ({
  /** @param kernel  size along all spatial axes, or one per axis */
  init(rng: Random, inputs: number, outputs: number, kernel: number | Shape, options: ConvInit = {}): Conv<NdArray> {
    const { groups = 1, bias = true, initializer = lecunNormal, dtype } = options;
    const size = kernelOf(rank, kernel);
    const positions = nd.sizeOf(size);
    const fans = [(inputs / groups) * positions, (outputs / groups) * positions] as const;
    const w = initializer(rng, [inputs, outputs / groups, ...size], { dtype, fans });
    return bias ? { w, b: zeros(rng, [outputs], { dtype }) } : { w };
  },
  /** [N, C, ...space] -> [N, O, ...out]; see `convTranspose` of the tensor module. */
  apply: ({ w, b }: Conv, x: Tensor, options: ConvOptions & { space?: Shape } = {}): Tensor => addBias(t.convTranspose(x, w, options), b),
});

/** Convolution over one axis. */
export const conv1d = convolution(1);
/** Convolution over two axes. */
export const conv2d = convolution(2);
/** Transposed convolution over two axes. */
export const convTranspose2d = transposed(2);
