/**
 * Applying primitives: simplified by the rules, shared with equal nodes, rounded in low precision. Nothing is computed until a program is
 * compiled.
 */
import { type MaybeTensor, type Node, onnxTypes, type Params, type Primitive, type Rounding, Tensor } from "./tensor.ts";
import { roundToBf16, roundToF16 } from "./wasm/functions.ts";

/** An equal, simpler tensor for a primitive that is about to be applied, if there is one. */
type Simplify = (primitive: Primitive, inputs: readonly Tensor[], params: Params) => MaybeTensor;

let nodes = 0;
let tensors = 0;
let table: Map<string, Node> | undefined;
let rounding: Rounding | undefined;
let simplify: Simplify = () => undefined;

/** Installs the simplifications (rules.ts). */
export function simplifyBy(rules: Simplify): void {
  simplify = rules;
}

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

/**
 * Runs `f` so that the result of every operation traced in it is rounded to f16 or bf16, whatever it simplifies to: x · 1 is x rounded.
 * What only moves or chooses elements, or changes their sign, rounds nothing.
 */
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
  const simple = simplify(primitive, inputs, params);
  const outputs = simple ? [simple] : nodeOf(primitive, inputs, params).outputs;
  if (!rounding || primitive.exact) return outputs;
  const mode = rounding;
  return outputs.map((y) => (y.dtype === "f32" && !isRounded(y, mode) ? roundToPrecision(y, mode) : y));
}

const nodeOf = (primitive: Primitive, inputs: readonly Tensor[], params: Params): Node =>
  primitive.unique || !table ? makeNode(primitive, inputs, params) : sharedNode(table, primitive, inputs, params);

/** Known to be rounded already: a simplification may give what was, or move its elements. */
function isRounded({ node: { primitive, inputs, params } }: Tensor, mode: Rounding): boolean {
  if (primitive === roundTo) return params.mode === mode;
  return primitive.exact === true && inputs.length > 0 && inputs.every((x) => x.dtype !== "f32" || isRounded(x, mode));
}

/** `apply` for primitives with one output. */
export function apply1(primitive: Primitive, inputs: readonly Tensor[], params: Params = undefined): Tensor {
  return apply(primitive, inputs, params)[0];
}

export const roundTo: Primitive = {
  name: "roundTo",
  exact: true,
  infer: ([x]) => [x],
  onnx: (emit, [x], { params }) => emit.op("Cast", emit.op("Cast", [x], { to: onnxTypes[params.mode as Rounding] }), { to: onnxTypes.f32 }),
  lanes: (v, [x], { params }) => (params.mode === "bf16" ? roundToBf16(v, x) : roundToF16(v, x)),
  transpose: { 0: (ct, _, params) => apply1(roundTo, [ct], params) },
};

/** Rounds f32 values to the nearest f16 or bf16, and keeps them as f32. The derivative is rounded alike. */
export function roundToPrecision(x: Tensor, mode: Rounding): Tensor {
  return apply1(roundTo, [x], { mode });
}

function sharedNode(nodes: Map<string, Node>, primitive: Primitive, inputs: readonly Tensor[], params: Params): Node {
  let key = primitive.name + (rounding ?? "");
  const uids = inputs.map(({ uid }) => uid);
  if (primitive.commutative) uids.sort((a, b) => a - b);
  for (const uid of uids) key += `|${uid}`;
  if (params !== undefined) key += `|${keyOf(params)}`;
  let node = nodes.get(key);
  if (!node) {
    node = makeNode(primitive, inputs, params);
    nodes.set(key, node);
  }
  return node;
}

const identities = new WeakMap<object, number>();

/** Constants of up to so many bytes are compared by what they hold. */
const smallConstant = 4096;

/**
 * Parameters as text. Those that are not plain data (closures, sub-programs, large constants) are equal only if they are the same object.
 */
function keyOf(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `${value}`;
  if (typeof value === "string") return `"${value}"`;
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return String(value);
  let key = "";
  if (ArrayBuffer.isView(value) && !(value instanceof DataView) && value.byteLength <= smallConstant) return bytesKey(value);
  if (Array.isArray(value)) for (const v of value) key += `${keyOf(v)},`;
  else if (isPlain(value)) for (const [name, v] of Object.entries(value)) key += `${name}:${keyOf(v)},`;
  else {
    const id = identities.get(value) ?? nodes++;
    identities.set(value, id);
    return `#${id}`;
  }
  return `(${key})`;
}

/** All bytes of a typed array as text. */
function bytesKey({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  let key = "b";
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) key += String.fromCharCode(byte + 32);
  return key;
}

const isPlain = (x: object): boolean => Object.getPrototypeOf(x) === Object.prototype;

function makeNode(primitive: Primitive, inputs: readonly Tensor[], params: Params): Node {
  const outputs: Tensor[] = [];
  const node: Node = { id: nodes++, primitive, inputs, params, outputs, rounding };
  for (const { dtype, shape } of primitive.infer(inputs, params)) outputs.push(new Tensor(node, outputs.length, dtype, shape, tensors++));
  return node;
}
