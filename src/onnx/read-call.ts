/** One node of a model that is being read: its inputs and attributes, as operators ask for them. */

import type { Shape } from "../array/ndarray.ts";
import { TensorError } from "../errors.ts";
import type { Onnx } from "../tensor/proto.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type Known, knownFrom, toTensor } from "./read-known.ts";
import { fromTensorProto, toNumber } from "./read-proto.ts";

/** What a name of the model stands for. */
export type Value = Tensor | Known;

export interface Call {
  readonly op: string;
  /** Values of the inputs; undefined where an optional one is missing. */
  readonly inputs: readonly (Value | undefined)[];
  /** Number of outputs; those that nothing may read have the name "". */
  readonly outputs: readonly string[];
  /** Evaluates a graph attribute with values for its inputs. */
  readonly subgraph: (attribute: string, inputs: readonly Value[]) => Value[];
  readonly attributes: ReadonlyMap<string, Onnx.IAttributeProto>;
  /** Refuses the node. */
  readonly fail: (message: string) => never;
}

/** What the reader makes of an operator: its outputs. */
export type Operator = (c: Call) => Value | readonly Value[];

export const isKnown = (v: Value | undefined): v is Known => v !== undefined && !(v instanceof Tensor);
export const asTensor = (v: Value): Tensor => (v instanceof Tensor ? v : toTensor(v));

/** An input as a tensor. */
export function tensor(c: Call, i: number): Tensor {
  const v = c.inputs[i];
  return v === undefined ? c.fail(`input ${i} is missing`) : asTensor(v);
}

export const maybe = (c: Call, i: number): Tensor | undefined => (c.inputs[i] === undefined ? undefined : tensor(c, i));

/** An input that must be known while the model is read. */
export function numbers(c: Call, i: number): readonly number[] {
  const v = c.inputs[i];
  if (isKnown(v)) return v.values;
  return c.fail(v ? `input ${i} depends on data, but the shapes of a program are fixed` : `input ${i} is missing`);
}

export const maybeNumbers = (c: Call, i: number): readonly number[] | undefined => (c.inputs[i] === undefined ? undefined : numbers(c, i));

export const int = (c: Call, name: string, otherwise: number): number => {
  const a = c.attributes.get(name);
  return a ? toNumber(a.i) : otherwise;
};

export const ints = (c: Call, name: string): number[] | undefined => c.attributes.get(name)?.ints?.map(toNumber);

export const float = (c: Call, name: string, otherwise: number): number => c.attributes.get(name)?.f ?? otherwise;

export const text = (c: Call, name: string, otherwise: string): string => {
  const s = c.attributes.get(name)?.s;
  return s?.length ? new TextDecoder().decode(s) : otherwise;
};

/** The value of a Constant node, or of a tensor attribute. */
export function constantValue(c: Call, name = "value"): Known | undefined {
  const proto = c.attributes.get(name)?.t;
  if (!proto) return undefined;
  const array = fromTensorProto(proto);
  return array ? knownFrom(array) : c.fail(`the constant has an element type that programs lack`);
}

/** A list of axes: an input in newer operator sets, an attribute in older ones. */
export const axesOf = (c: Call, i: number): readonly number[] | undefined => maybeNumbers(c, i) ?? ints(c, "axes");

/** Axis counted from the front. */
export function axisOf(c: Call, x: { shape: Shape }, axis: number): number {
  const at = axis < 0 ? axis + x.shape.length : axis;
  return at >= 0 && at < Math.max(1, x.shape.length) ? at : c.fail(`there is no axis ${axis} in [${x.shape.join(", ")}]`);
}

/** Refuses attributes that the reader does not implement. */
export function require(c: Call, condition: boolean, what: string): void {
  if (!condition) c.fail(`${what} is not supported`);
}

/** Elements of a shape, unless there are so many that no memory holds them. */
export function checkSize(where: string, shape: Shape): void {
  const size = shape.reduce((a, b) => a * b, 1);
  if (!(size <= 2 ** 31) || shape.some((n) => !Number.isInteger(n) || n < 0))
    throw new TensorError(`${where}: a tensor of shape [${shape.join(", ")}] is out of reach`);
}
