/** Methods of tensors: the free functions of the same names, with the tensor as first argument. */
import type { Shape } from "../array/ndarray.ts";
import { roundToPrecision } from "./primitive.ts";
import { sigmoid } from "./primitives/activations.ts";
import { abs, add, div, mul, neg, sqrt, square, sub } from "./primitives/arithmetic.ts";
import { cast } from "./primitives/cast.ts";
import type { Value } from "./primitives/constant.ts";
import { cos, exp, log, pow, sin, tanh } from "./primitives/elementary.ts";
import { matmul } from "./primitives/product.ts";
import { max, mean, min } from "./primitives/reduce.ts";
import { expandDims, reshape, squeeze, transpose } from "./primitives/reshape.ts";
import { type Index, slice } from "./primitives/slice.ts";
import { type Axes, broadcastTo, sum } from "./primitives/sum.ts";
import { type ProgramDType, type Rounding, Tensor } from "./tensor.ts";

interface Methods {
  add(y: Value): Tensor;
  sub(y: Value): Tensor;
  mul(y: Value): Tensor;
  div(y: Value): Tensor;
  pow(y: Value): Tensor;
  neg(): Tensor;
  square(): Tensor;
  sqrt(): Tensor;
  exp(): Tensor;
  log(): Tensor;
  abs(): Tensor;
  sin(): Tensor;
  cos(): Tensor;
  tanh(): Tensor;
  sigmoid(): Tensor;
  cast(dtype: ProgramDType): Tensor;
  /** Rounded to f16 or bf16, and kept as f32. */
  roundTo(mode: Rounding): Tensor;
  sum(axes?: Axes, keepDims?: boolean): Tensor;
  mean(axes?: Axes, keepDims?: boolean): Tensor;
  max(axes?: Axes, keepDims?: boolean): Tensor;
  min(axes?: Axes, keepDims?: boolean): Tensor;
  matmul(y: Value): Tensor;
  reshape(dims: Shape): Tensor;
  transpose(permutation?: readonly number[]): Tensor;
  broadcastTo(dims: Shape): Tensor;
  expandDims(axis: number): Tensor;
  squeeze(axes: number | readonly number[]): Tensor;
  slice(...indices: Index[]): Tensor;
}

declare module "./tensor.ts" {
  interface Tensor extends Methods {}
}

const methods: { [K in keyof Methods]: (x: Tensor, ...rest: Parameters<Methods[K]>) => Tensor } = {
  ...{ add, sub, mul, div, pow, neg, square, sqrt, exp, log, abs, sin, cos, tanh, sigmoid, cast, roundTo: roundToPrecision },
  ...{ sum, mean, max, min, matmul, reshape, transpose, broadcastTo, expandDims, squeeze, slice },
};

for (const [name, f] of Object.entries<(x: Tensor, ...rest: never[]) => Tensor>(methods))
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: never[]) {
      return f(this, ...rest);
    },
  });
