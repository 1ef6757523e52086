/** One node of a model that is being read: its inputs and attributes, as operators ask for them. */
import type { Shape } from "../../array/ndarray.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Onnx } from "../../tensor/proto.ts";
import { inProgram, known, numbersOf } from "./known.ts";
import { fromTensorProto, toNumber } from "./proto.ts";

export type Call = ReturnType<typeof makeCall>;

/** What the reader makes of an operator: its outputs. */
export type Operator = (c: Call) => Tensor | readonly Tensor[];

interface Context {
  readonly inputs: readonly (Tensor | undefined)[];
  /** Number of outputs. */
  readonly outputs: number;
  readonly attributes: ReadonlyMap<string, Onnx.IAttributeProto>;
  readonly isKnown: (x: Tensor) => boolean;
  readonly allKnown: boolean;
  /** Evaluates a graph attribute with values for its inputs. */
  readonly subgraph: (attribute: string, inputs: readonly Tensor[]) => Tensor[];
  /** Refuses the node. */
  readonly fail: (message: string) => never;
}

export function makeCall({ inputs, outputs, attributes, isKnown, allKnown, subgraph, fail }: Context) {
  const asked = { inputs: new Set<number>(), attributes: new Set<string>() };
  const attribute = (name: string): Onnx.IAttributeProto | undefined => {
    asked.attributes.add(name);
    return attributes.get(name);
  };
  const given = (i: number): Tensor | undefined => {
    asked.inputs.add(i);
    return inputs[i];
  };
  const input = (i: number): Tensor => given(i) ?? fail(`input ${i} is missing`);
  /** Known integers are i64 if all inputs are known, i32 if not. */
  const tensor = (i: number): Tensor => (allKnown ? input(i) : inProgram(input(i)));
  const maybe = (i: number): Tensor | undefined => (given(i) ? tensor(i) : undefined);
  const isKnownAt = (i: number): boolean => given(i) !== undefined && isKnown(input(i));
  /** Elements of an input that must be known. */
  const numbers = (i: number): readonly number[] =>
    isKnown(input(i)) ? numbersOf(input(i)) : fail(`input ${i} depends on data, but the shapes of a program are fixed`);
  const maybeNumbers = (i: number): readonly number[] | undefined => (given(i) ? numbers(i) : undefined);
  const ints = (name: string): number[] | undefined => attribute(name)?.ints?.map(toNumber);
  return {
    arity: inputs.length,
    outputs,
    tensor,
    maybe,
    tensors: (): Tensor[] => inputs.map((_, i) => tensor(i)),
    isKnown: isKnownAt,
    numbers,
    maybeNumbers,
    has: (name: string): boolean => attribute(name) !== undefined,
    int: (name: string, otherwise: number): number => (attribute(name) ? toNumber(attribute(name)?.i) : otherwise),
    ints,
    float: (name: string, otherwise: number): number => attribute(name)?.f ?? otherwise,
    floats: (name: string): readonly number[] | undefined => attribute(name)?.floats ?? undefined,
    text(name: string, otherwise: string): string {
      const s = attribute(name)?.s;
      return s?.length ? new TextDecoder().decode(s) : otherwise;
    },
    /** A list of words. */
    texts: (name: string): readonly string[] | undefined => attribute(name)?.strings?.map((s) => new TextDecoder().decode(s)),
    /** The value of a tensor attribute. */
    constant(name: string): Tensor | undefined {
      const proto = attribute(name)?.t;
      return proto ? known(fromTensorProto(proto, "the elements of a constant")) : undefined;
    },
    /** A list of axes: an input in newer operator sets, an attribute in older ones. */
    axes: (i: number): readonly number[] | undefined => maybeNumbers(i) ?? ints("axes"),
    /** Axis of x counted from the front. */
    axis({ shape }: { shape: Shape }, axis: number): number {
      const at = axis < 0 ? axis + shape.length : axis;
      return at >= 0 && at < Math.max(1, shape.length) ? at : fail(`there is no axis ${axis} in [${shape.join(", ")}]`);
    },
    subgraph(name: string, values: readonly Tensor[]): Tensor[] {
      attribute(name);
      return subgraph(name, values);
    },
    /** Inputs and attributes that say nothing here. */
    ignore(...names: (string | number)[]): void {
      for (const name of names) typeof name === "number" ? asked.inputs.add(name) : asked.attributes.add(name);
    },
    /** Refuses what the operator has not asked for: it would change the result. */
    checkAsked(): void {
      const input = inputs.findIndex((x, i) => x && !asked.inputs.has(i));
      if (input >= 0) fail(`input ${input} is not supported`);
      const name = [...attributes.keys()].find((key) => !asked.attributes.has(key));
      if (name !== undefined) fail(`the attribute "${name}" is not supported`);
    },
    fail,
    /** Refuses what the reader does not implement. */
    require(condition: boolean, what: string): void {
      if (!condition) fail(`${what} is not supported`);
    },
  };
}
