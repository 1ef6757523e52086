/**
 * Programs are graphs: nodes apply primitives to tensors and make tensors. Everything the engine knows about an operation is one record,
 * its primitive: shapes, derivative, batching, meaning on plain numbers, and ONNX lowering. Methods of tensors are in methods.ts.
 */
import { type NdArray, type Shape, sizeOf } from "../array/ndarray.ts";
import { TensorError } from "../errors.ts";
import type { ProgramDType } from "./dtype.ts";
import type { Lanes, Vector } from "./wasm/lanes.ts";
import type { NodeWriter } from "./wasm/writer.ts";

export { isFloat, type ProgramDType } from "./dtype.ts";

export type Rounding = "f16" | "bf16";

/** ONNX element types. */
export const onnxTypes = { f32: 1, u8: 2, i32: 6, i64: 7, bool: 9, f16: 10, f64: 11, bf16: 16 } as const;

/** What is known of a tensor before it is computed. */
export interface Aval {
  readonly dtype: ProgramDType;
  readonly shape: Shape;
}

export const describe = (x: Aval): string => `${x.dtype}[${x.shape.join(", ")}]`;

/** A symbolic tensor: a dtype, a static shape and the node that makes it. */
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
  /** Tensors have no values until a program runs. Reading one as a number is a mistake worth a clear message. */
  [Symbol.toPrimitive](): never {
    throw new TensorError(`a symbolic tensor ${describe(this)} has no value while a program is traced; use where(), scan() or whileLoop()`);
  }
}

export type MaybeTensor = Tensor | undefined;

// biome-ignore lint/suspicious/noExplicitAny: each primitive knows the type of its own parameters; the graph does not.
export type Params = any;

export interface Node {
  readonly id: number;
  readonly primitive: Primitive;
  readonly inputs: readonly Tensor[];
  readonly params: Params;
  readonly outputs: readonly Tensor[];
  /** The rounding mode the node was traced under; its derivative is traced under the same. */
  readonly rounding: Rounding | undefined;
}

/** Emits ONNX nodes during compilation; see write.ts. */
export interface Emitter {
  readonly portable: boolean;
  /** Channels that the processor's own convolutions take at a time, if it has any. */
  readonly channelBlock: number | undefined;
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

/** Where the elements of an output lie in a row-major input: at `offset`, plus `strides[i]` for each step along axis i. */
export interface View {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A traced function: placeholders and what is computed from them. */
export interface Program {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** What programs are compiled to. */
export type Target = "onnx" | "wasm";

/** Lowering to WebAssembly of what is no loop over elements. */
export interface WasmRule {
  /** Inputs may be read through strides; else they lie in memory without gaps. */
  readonly strided?: boolean;
  /** Bytes of memory for itself. */
  scratch?(node: Node): number;
  /** How often it runs them, if not once. */
  steps?(node: Node): number;
  /** Programs that it runs, without what nobody needs. */
  programs?(node: Node, used: (y: Tensor) => boolean): readonly Program[];
  write(writer: NodeWriter, node: Node): void;
}

export interface Primitive {
  readonly name: string;
  /** Shape rule: shapes and dtypes of the outputs, or a TensorError. */
  infer(inputs: readonly Tensor[], params: Params): readonly Aval[];
  /** Lowering to ONNX nodes: names of the outputs. */
  onnx?(emit: Emitter, inputs: readonly string[], node: Node): readonly string[];
  /** Elementwise primitives in WebAssembly: lanes of the output from lanes of the inputs. */
  lanes?(v: Lanes, inputs: readonly Vector[], node: Node): Vector;
  /** Reductions in WebAssembly: how elements are added up along `params.axes`. */
  readonly accumulates?: "sum" | "max" | "min";
  /** Other primitives in WebAssembly. */
  readonly wasm?: WasmRule;
  /** Lowering by another tensor program, applied at compile time, after differentiation. Undefined: use what the target has. */
  expand?(inputs: readonly Tensor[], params: Params, target: Target): readonly Tensor[] | undefined;

  /** Elementwise primitives: coefficients c_i = ∂y/∂x_i. Both modes of differentiation and the forward Laplacian follow from them. */
  readonly partials?: readonly ((inputs: readonly Tensor[], y: Tensor) => Tensor)[];
  /** Tangents of the outputs from tangents of the inputs; must be linear in them. `undefined` stands for zero. */
  jvp?(inputs: readonly Tensor[], tangents: readonly MaybeTensor[], outputs: readonly Tensor[], params: Params): readonly MaybeTensor[];
  /** Multilinear primitives: transpose[i] maps a cotangent of the output to one of input i. The jvp follows. */
  readonly transpose?: Readonly<Record<number, (ct: Tensor, inputs: readonly Tensor[], params: Params) => Tensor>>;
  /** The inputs that are floats enter *jointly* linearly (add, concat, the branches of where), as opposed to separately (matmul). */
  readonly jointlyLinear?: boolean;
  /** A product of its two inputs: linear in each, so that d²φ[v, v] = 2 φ(v₀, v₁). */
  readonly bilinear?: boolean;
  /** Reverse rule that replaces all of the above: cotangents of the inputs. */
  vjp?(inputs: readonly Tensor[], cts: readonly MaybeTensor[], outputs: readonly Tensor[], params: Params): readonly MaybeTensor[];
  /** Derivative zero almost everywhere (comparisons, rounding, indices). */
  readonly flat?: boolean;

  /**
   * Outputs with a leading batch axis, from inputs of which those marked in `batched` have one. Default: the same primitive, whose
   * parameters count axes from the end; "every": the same, and every input must have the batch axis.
   */
  readonly batch?: "every" | ((inputs: readonly Tensor[], batched: readonly boolean[], params: Params) => readonly Tensor[]);

  /** Elementwise with NumPy broadcasting. */
  readonly elementwise?: boolean;
  /** The value of one element from those of the inputs: the meaning of an elementwise primitive, for constants that are folded. */
  readonly scalar?: (...x: number[]) => number;
  /** Primitives that only move elements of one input: where they come from. */
  view?(x: Aval, params: Params): View;
  /** Elements of the (only) output on known inputs, where neither `scalar` nor `view` says it. */
  evaluate?(inputs: readonly NdArray[], params: Params): ArrayLike<number | bigint>;
  /** Leaves with a value: that value. */
  constant?(params: Params): NdArray | number;

  /** Moves or rearranges values without arithmetic: never rounded in low-precision mode. */
  readonly exact?: boolean;
  /** Each application is a different node even if inputs and parameters agree. */
  readonly unique?: boolean;
  /** Its two inputs may change places: a + b is b + a. */
  readonly commutative?: boolean;
  /** An element takes some twenty times as long as that of a sum. */
  readonly slow?: boolean;
  /** Multiplications of one application, where they are more than elements. */
  work?(node: Node): number;
}
