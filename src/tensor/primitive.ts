/**
 * Programs are graphs of primitives. Applying a primitive to tensors makes a node; nothing is computed until a program is compiled.
 * Everything the engine knows about an operation is one record: shapes, derivative, batching, simplification and ONNX lowering.
 */

import type { NdArray, Shape } from "../array/ndarray.ts";
import { TensorError } from "../errors.ts";
import { Tensor } from "./tensor.ts";

/** Dtypes that programs compute with. The others exist in files and are cast on the way in. */
export type ProgramDType = "f32" | "f64" | "i32" | "i64" | "bool" | "u8";

/** What is known of a tensor before it is computed. */
export interface Aval {
  readonly dtype: ProgramDType;
  readonly shape: Shape;
}

export interface Node {
  readonly id: number;
  readonly primitive: Primitive;
  readonly inputs: readonly Tensor[];
  readonly params: Params;
  readonly outputs: readonly Tensor[];
  /** The rounding mode the node was traced under; its derivative is traced under the same. */
  readonly rounding: Rounding | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: each primitive knows the type of its own parameters; the graph does not.
export type Params = any;
export type MaybeTensor = Tensor | undefined;
export type Rounding = "f16" | "bf16";

/** Emits ONNX nodes during compilation; see onnx/write.ts. */
export interface Emitter {
  readonly portable: boolean;
  op(
    type: string,
    inputs: readonly string[],
    attributes?: Record<string, unknown>,
    options?: { domain?: string; outputs?: number },
  ): string[];
  constant(value: NdArray): string;
  ints(values: readonly number[]): string;
  scalar(value: number, dtype: ProgramDType): string;
  name(t: Tensor): string;
  /** Whether anything needs the tensor. */
  used(t: Tensor): boolean;
  /** A graph attribute (body of a loop); `bound` names tensors of the surrounding graph. */
  subgraph(inputs: readonly Tensor[], outputs: readonly Tensor[], bound: ReadonlyMap<Tensor, string>): unknown;
  /** Emits a program in place. */
  inline(outputs: readonly Tensor[], bound: ReadonlyMap<Tensor, string>): string[];
}

export interface Primitive {
  readonly name: string;
  /** Shape rule: shapes and dtypes of the outputs, or a TensorError. */
  infer(inputs: readonly Tensor[], params: Params): readonly Aval[];
  /** Lowering to ONNX nodes: names of the outputs. */
  onnx?(emit: Emitter, inputs: readonly string[], node: Node): readonly string[];
  /** Lowering by another tensor program, applied at compile time, after differentiation. Undefined: use `onnx`. */
  expand?(inputs: readonly Tensor[], params: Params): readonly Tensor[] | undefined;
  /** Elementwise primitives: coefficients c_i = ∂y/∂x_i. Both modes of differentiation and the forward Laplacian follow from them. */
  readonly partials?: readonly ((inputs: readonly Tensor[], y: Tensor) => Tensor)[];
  /** Tangents of the outputs from tangents of the inputs; must be linear in them. `undefined` stands for zero. */
  jvp?(inputs: readonly Tensor[], tangents: readonly MaybeTensor[], outputs: readonly Tensor[], params: Params): readonly MaybeTensor[];
  /** Multilinear primitives: transpose[i] maps a cotangent of the output to one of input i. The jvp follows. */
  readonly transpose?: Readonly<Record<number, (ct: Tensor, inputs: readonly Tensor[], params: Params) => Tensor>>;
  /** Inputs in which the primitive is *jointly* linear (add, concat), as opposed to separately (matmul). */
  readonly jointlyLinear?: boolean;
  /** Reverse rule that replaces all of the above: cotangents of the inputs. */
  vjp?(inputs: readonly Tensor[], cts: readonly MaybeTensor[], outputs: readonly Tensor[], params: Params): readonly MaybeTensor[];
  /** Derivative zero almost everywhere (comparisons, rounding, indices). */
  readonly flat?: boolean;
  /** Outputs with a leading batch axis, from inputs of which those marked in `batched` have one. */
  batch?(inputs: readonly Tensor[], batched: readonly boolean[], params: Params): readonly Tensor[];
  /** An equal, simpler tensor, if there is one. Applied whenever a node is made. */
  simplify?(inputs: readonly Tensor[], params: Params): Tensor | undefined;
  /** Moves or rearranges values without arithmetic: never rounded in low-precision mode. */
  readonly exact?: boolean;
  /** Each application is a different node even if inputs and parameters agree. */
  readonly unique?: boolean;
}

let nodes = 0;
let tensors = 0;
let table: Map<string, Node> | undefined;
let rounding: Rounding | undefined;

/** Runs `f` with a table of the nodes made so far, so that equal expressions become one node (common-subexpression elimination). */
export function withSharing<T>(f: () => T): T {
  const outer = table;
  table ??= new Map();
  try {
    return f();
  } finally {
    table = outer;
  }
}

/** Runs `f` so that the result of every operation traced in it is rounded to f16 or bf16. */
export function withRounding<T>(mode: Rounding | undefined, f: () => T): T {
  const outer = rounding;
  rounding = mode;
  try {
    return f();
  } finally {
    rounding = outer;
  }
}

/** Applies a primitive: simplified if possible, shared with an equal node if there is one. */
export function apply(primitive: Primitive, inputs: readonly Tensor[], params: Params = undefined): readonly Tensor[] {
  const simple = primitive.simplify?.(inputs, params);
  if (simple) return [simple];
  const node = primitive.unique || !table ? makeNode(primitive, inputs, params) : sharedNode(table, primitive, inputs, params);
  if (!rounding || primitive.exact) return node.outputs;
  const mode = rounding;
  return node.outputs.map((y) => (y.dtype === "f32" ? y.roundTo(mode) : y));
}

/** `apply` for primitives with one output. */
export function apply1(primitive: Primitive, inputs: readonly Tensor[], params: Params = undefined): Tensor {
  return apply(primitive, inputs, params)[0];
}

function sharedNode(nodes: Map<string, Node>, primitive: Primitive, inputs: readonly Tensor[], params: Params): Node {
  let key = primitive.name + (rounding ?? "");
  for (const x of inputs) key += `|${x.uid}`;
  if (params !== undefined) key += `|${JSON.stringify(params, paramKey)}`;
  let node = nodes.get(key);
  if (!node) {
    node = makeNode(primitive, inputs, params);
    nodes.set(key, node);
  }
  return node;
}

const identities = new WeakMap<object, number>();

/** Parameters that are not plain data (closures, sub-programs, large constants) are equal only if they are the same object. */
function paramKey(_: string, value: unknown): unknown {
  if (typeof value === "function" || (value !== null && typeof value === "object" && !isPlain(value))) {
    let id = identities.get(value);
    if (id === undefined) {
      id = nodes++;
      identities.set(value, id);
    }
    return `#${id}`;
  }
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) return `n${Object.is(value, -0) ? "-0" : value}`;
  return value;
}

const isPlain = (x: object): boolean => Array.isArray(x) || Object.getPrototypeOf(x) === Object.prototype;

function makeNode(primitive: Primitive, inputs: readonly Tensor[], params: Params): Node {
  const outputs: Tensor[] = [];
  const node: Node = { id: nodes++, primitive, inputs, params, outputs, rounding };
  for (const { dtype, shape } of primitive.infer(inputs, params)) outputs.push(new Tensor(node, outputs.length, dtype, shape, tensors++));
  return node;
}

/** Raises a TensorError that names the operation, what it was given, and the line of the user's program. */
export function fail(operation: string, message: string, inputs: readonly Aval[] = []): never {
  const given = inputs.length ? `: got ${inputs.map(describe).join(" and ")}` : "";
  const line = userLine();
  throw new TensorError(`${operation}: ${message}${given}${line ? ` (at ${line})` : ""}`);
}

export function describe(x: Aval): string {
  return `${x.dtype}[${x.shape.join(", ")}]`;
}

/** The innermost stack frame outside the engine. */
function userLine(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  for (const frame of stack.split("\n").slice(1)) {
    if (/[\\/](src|dist)[\\/]tensor[\\/]|node:internal/.test(frame)) continue;
    const place = /\(?((?:file:\/\/)?[^()\s]+:\d+:\d+)\)?$/.exec(frame);
    if (place) return place[1].replace(/^file:\/\//, "");
  }
  return undefined;
}

/** NumPy broadcasting of shapes. */
export function broadcastShapes(operation: string, inputs: readonly Aval[]): Shape {
  const rank = Math.max(...inputs.map((x) => x.shape.length));
  const shape: number[] = new Array(rank).fill(1);
  for (const x of inputs)
    for (let i = 0; i < x.shape.length; i++) {
      const at = rank - x.shape.length + i;
      if (x.shape[i] === shape[at] || x.shape[i] === 1) continue;
      if (shape[at] !== 1) fail(operation, "shapes do not broadcast", inputs);
      shape[at] = x.shape[i];
    }
  return shape;
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** Axis as a negative number, counted from the end: rules that use it hold unchanged when batch axes are put in front. */
export function fromEnd(operation: string, x: Aval, axis: number): number {
  const rank = x.shape.length;
  if (!Number.isInteger(axis) || axis >= rank || axis < -rank) fail(operation, `there is no axis ${axis}`, [x]);
  return axis < 0 ? axis : axis - rank;
}

export const isFloat = (dtype: string): boolean => dtype === "f32" || dtype === "f64";
