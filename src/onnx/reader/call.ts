/** One node of a model that is being read: its inputs and attributes, as operators ask for them. */
import type { Shape } from "../../array/ndarray.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Onnx } from "../../tensor/proto.ts";
import { inProgram, known, numbersOf } from "./known.ts";
import { fromTensorProto, toNumber } from "./proto.ts";

/** What the reader makes of an operator: its outputs. */
export type Operator = (c: Call) => Tensor | readonly Tensor[];

export interface Call {
  /** Number of inputs, and of outputs. */
  readonly arity: number;
  readonly outputs: number;
  /** Input i; known integers as i64 if all inputs are known, as i32 if not. */
  tensor(i: number): Tensor;
  /** The same, undefined if it is missing. */
  maybe(i: number): Tensor | undefined;
  tensors(): Tensor[];
  /** Whether input i is there, and known while the model is read. */
  isKnown(i: number): boolean;
  /** Elements of an input that must be known. */
  numbers(i: number): readonly number[];
  maybeNumbers(i: number): readonly number[] | undefined;
  has(attribute: string): boolean;
  int(attribute: string, otherwise: number): number;
  ints(attribute: string): number[] | undefined;
  float(attribute: string, otherwise: number): number;
  floats(attribute: string): readonly number[] | undefined;
  text(attribute: string, otherwise: string): string;
  /** The value of a tensor attribute. */
  constant(attribute: string): Tensor | undefined;
  /** A list of axes: an input in newer operator sets, an attribute in older ones. */
  axes(i: number): readonly number[] | undefined;
  /** Axis of x counted from the front. */
  axis(x: { shape: Shape }, axis: number): number;
  /** Evaluates a graph attribute with values for its inputs. */
  subgraph(attribute: string, inputs: readonly Tensor[]): Tensor[];
  /** Refuses the node. */
  fail(message: string): never;
  /** Refuses what the reader does not implement. */
  require(condition: boolean, what: string): void;
}

interface Context {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: number;
  readonly attributes: ReadonlyMap<string, Onnx.IAttributeProto>;
  readonly isKnown: (x: Tensor) => boolean;
  readonly allKnown: boolean;
  readonly subgraph: Call["subgraph"];
  readonly fail: Call["fail"];
}

export function makeCall({ inputs, outputs, attributes, isKnown, allKnown, subgraph, fail }: Context): Call {
  const call: Call = {
    arity: inputs.length,
    outputs,
    tensor: (i) => call.maybe(i) ?? fail(`input ${i} is missing`),
    maybe(i) {
      const x = inputs[i];
      return x && !allKnown ? inProgram(x) : x;
    },
    tensors: () => inputs.map((_, i) => call.tensor(i)),
    isKnown(i) {
      const x = inputs[i];
      return x !== undefined && isKnown(x);
    },
    numbers(i) {
      const x = inputs[i];
      if (x && isKnown(x)) return numbersOf(x);
      return fail(x ? `input ${i} depends on data, but the shapes of a program are fixed` : `input ${i} is missing`);
    },
    maybeNumbers: (i) => (inputs[i] ? call.numbers(i) : undefined),
    has: (name) => attributes.has(name),
    int(name, otherwise) {
      const a = attributes.get(name);
      return a ? toNumber(a.i) : otherwise;
    },
    ints: (name) => attributes.get(name)?.ints?.map(toNumber),
    float: (name, otherwise) => attributes.get(name)?.f ?? otherwise,
    floats: (name) => attributes.get(name)?.floats ?? undefined,
    text(name, otherwise) {
      const s = attributes.get(name)?.s;
      return s?.length ? new TextDecoder().decode(s) : otherwise;
    },
    constant(name) {
      const proto = attributes.get(name)?.t;
      if (!proto) return undefined;
      const array = fromTensorProto(proto);
      return array ? known(array) : fail("the constant has an element type that programs lack");
    },
    axes: (i) => call.maybeNumbers(i) ?? call.ints("axes"),
    axis({ shape }, axis) {
      const at = axis < 0 ? axis + shape.length : axis;
      return at >= 0 && at < Math.max(1, shape.length) ? at : fail(`there is no axis ${axis} in [${shape.join(", ")}]`);
    },
    subgraph,
    fail,
    require(condition, what) {
      if (!condition) fail(`${what} is not supported`);
    },
  };
  return call;
}
