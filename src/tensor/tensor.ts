/** Symbolic tensors: a dtype, a static shape and the node that makes them. The methods are the free functions of primitives/. */

import { type Shape, sizeOf } from "../array/ndarray.ts";
import { TensorError } from "../errors.ts";
import { describe, type Node, type ProgramDType, type Rounding } from "./primitive.ts";
import type { Value } from "./primitives/constant.ts";
import * as elementwise from "./primitives/elementwise.ts";
import { matmul } from "./primitives/product.ts";
import * as reduce from "./primitives/reduce.ts";
import * as shape from "./primitives/shape.ts";

export class Tensor {
  readonly node: Node;
  /** Which output of the node this is. */
  readonly index: number;
  readonly dtype: ProgramDType;
  readonly shape: Shape;
  /** Unique among all tensors. */
  readonly uid: number;

  constructor(node: Node, index: number, dtype: ProgramDType, shape: Shape, uid: number) {
    this.node = node;
    this.index = index;
    this.dtype = dtype;
    this.shape = shape;
    this.uid = uid;
  }

  get rank(): number {
    return this.shape.length;
  }
  get size(): number {
    return sizeOf(this.shape);
  }

  add(y: Value): Tensor {
    return elementwise.add(this, y);
  }
  sub(y: Value): Tensor {
    return elementwise.sub(this, y);
  }
  mul(y: Value): Tensor {
    return elementwise.mul(this, y);
  }
  div(y: Value): Tensor {
    return elementwise.div(this, y);
  }
  pow(y: Value): Tensor {
    return elementwise.pow(this, y);
  }
  neg(): Tensor {
    return elementwise.neg(this);
  }
  square(): Tensor {
    return elementwise.square(this);
  }
  sqrt(): Tensor {
    return elementwise.sqrt(this);
  }
  exp(): Tensor {
    return elementwise.exp(this);
  }
  log(): Tensor {
    return elementwise.log(this);
  }
  abs(): Tensor {
    return elementwise.abs(this);
  }
  sin(): Tensor {
    return elementwise.sin(this);
  }
  cos(): Tensor {
    return elementwise.cos(this);
  }
  tanh(): Tensor {
    return elementwise.tanh(this);
  }
  sigmoid(): Tensor {
    return elementwise.sigmoid(this);
  }
  cast(dtype: ProgramDType): Tensor {
    return elementwise.cast(this, dtype);
  }
  /** Rounded to f16 or bf16, and kept as f32. */
  roundTo(mode: Rounding): Tensor {
    return elementwise.roundToPrecision(this, mode);
  }
  sum(axes?: reduce.Axes, keepDims = false): Tensor {
    return reduce.sum(this, axes, keepDims);
  }
  mean(axes?: reduce.Axes, keepDims = false): Tensor {
    return reduce.mean(this, axes, keepDims);
  }
  max(axes?: reduce.Axes, keepDims = false): Tensor {
    return reduce.max(this, axes, keepDims);
  }
  min(axes?: reduce.Axes, keepDims = false): Tensor {
    return reduce.min(this, axes, keepDims);
  }
  matmul(y: Value): Tensor {
    return matmul(this, y);
  }
  reshape(dims: Shape): Tensor {
    return shape.reshape(this, dims);
  }
  transpose(permutation?: readonly number[]): Tensor {
    return shape.transpose(this, permutation);
  }
  broadcastTo(dims: Shape): Tensor {
    return shape.broadcastTo(this, dims);
  }
  expandDims(axis: number): Tensor {
    return shape.expandDims(this, axis);
  }
  squeeze(axes: number | readonly number[]): Tensor {
    return shape.squeeze(this, axes);
  }
  slice(...indices: shape.Index[]): Tensor {
    return shape.slice(this, ...indices);
  }
  /** Tensors have no values until a program runs. Reading one as a number is a mistake worth a clear message. */
  [Symbol.toPrimitive](): never {
    throw new TensorError(`a symbolic tensor ${describe(this)} has no value while a program is traced; use where(), scan() or whileLoop()`);
  }
}
