/** Affine maps. */
import type { NdArray, Random } from "../array/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { type FloatDType, type Initializer, lecunNormal, zeros } from "./initializers.ts";

/** Parameters: w [in, out], b [out]. `T` is Tensor in programs and NdArray outside. */
export interface Dense<T = Tensor> {
  readonly w: T;
  readonly b?: T;
}

/** Parameters of a dense layer to make. */
export interface DenseOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Of w; default LeCun normal. b starts at zero. */
  readonly initializer?: Initializer;
  readonly dtype?: FloatDType;
}

/** y = x w + b. */
export const dense = {
  init(rng: Random, inputs: number, outputs: number, options: DenseOptions = {}): Dense<NdArray> {
    const { bias = true, initializer = lecunNormal, dtype } = options;
    const w = initializer(rng, [inputs, outputs], { dtype });
    return bias ? { w, b: zeros(rng, [outputs], { dtype }) } : { w };
  },
  /** [..., in] -> [..., out] */
  apply({ w, b }: Dense, x: Tensor): Tensor {
    const y = x.matmul(w);
    return b ? y.add(b) : y;
  },
};
