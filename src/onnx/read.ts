/** Reads ONNX models as differentiable functions. The graph is interpreted while a program is traced, so that every shape is known. */

import type { DType, NdArray } from "../array/ndarray.ts";
import { FileFormatError, TensorError } from "../errors.ts";
import { cast } from "../tensor/primitives/cast.ts";
import { type Value as Liftable, liftOne } from "../tensor/primitives/constant.ts";
import { type Onnx, onnx } from "../tensor/proto.ts";
import { isFloat, type Tensor } from "../tensor/tensor.ts";
import { asTensor, axesOf, type Call, checkSize, int, isKnown, type Value } from "./read-call.ts";
import { evaluateKnown, knownFrom, programDType } from "./read-known.ts";
import { knownInputs, operators, refused } from "./read-operators.ts";
import { dtypeOfElement, fromTensorProto, toNumber } from "./read-proto.ts";

/** An input or output of a model. A length that depends on the call is a name, or "?". */
export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxModel {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Weights by name: the floating-point initializers that are not scalars, halves widened to f32. */
  readonly params: Readonly<Record<string, NdArray>>;
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * The model as a part of a program, differentiable by parameters and inputs. Integers are computed as i32.
   *
   * @param params  tensors for `params`, by the same names
   * @throws  TensorError if an input does not fit, or the model has an operator that programs lack
   */
  apply(params: Readonly<Record<string, Liftable>>, ...inputs: Liftable[]): Tensor[];
}

const [oldest, newest] = [13, 22];

/**
 * Reads a model as PyTorch, Keras and other exporters write them (operator sets 13 to 22, weights inside the file).
 *
 * @throws  FileFormatError if the bytes are not an ONNX model; TensorError if the model needs what programs cannot do
 */
export function fromOnnx(bytes: Uint8Array): OnnxModel {
  const model = decode(bytes);
  const graph = model.graph as Onnx.IGraphProto;
  checkOperatorSet(model);
  checkOperators(model, graph);
  const functions = new Map((model.functions ?? []).map((f) => [`${f.domain ?? ""}:${f.name}`, f]));
  const initializers = (graph.initializer ?? []).map(readInitializer);
  const asNumbers = new Set(
    (graph.node ?? []).flatMap((n) =>
      (Object.hasOwn(knownInputs, n.opType ?? "") ? knownInputs[n.opType ?? ""] : []).map((i) => n.input?.[i]),
    ),
  );
  const isParam = ([name, a]: readonly [string, NdArray]): boolean => isFloat(a.dtype) && a.shape.length > 0 && !asNumbers.has(name);
  const params = Object.fromEntries(initializers.filter(isParam));
  const constants = initializers.filter((entry) => !isParam(entry)).map(([name, a]) => [name, knownFrom(a)] as const);
  const taken = new Set(initializers.map(([name]) => name));
  const inputs = (graph.input ?? []).map(readPort).filter((p) => !taken.has(p.name));
  const outputs = (graph.output ?? []).map(readPort);
  if (outputs.length === 0) throw new FileFormatError("ONNX model: the graph has no outputs");
  return {
    inputs,
    outputs,
    params,
    metadata: Object.fromEntries((model.metadataProps ?? []).map((p) => [p.key ?? "", p.value ?? ""])),
    apply(weights, ...values) {
      const scope: Scope = { values: new Map<string, Value>(constants), functions, depth: 0 };
      for (const name of Object.keys(params)) {
        if (!Object.hasOwn(weights, name)) throw new TensorError(`ONNX model: parameter "${name}" is missing`);
        scope.values.set(name, fitted(`parameter "${name}"`, params[name].dtype, params[name].shape, weights[name], new Map()));
      }
      if (values.length !== inputs.length)
        throw new TensorError(`ONNX model: takes ${inputs.length} inputs (${inputs.map((p) => p.name).join(", ")}), not ${values.length}`);
      const lengths = new Map<string, number>();
      inputs.forEach((p, i) => scope.values.set(p.name, fitted(`input "${p.name}"`, p.dtype, p.shape, values[i], lengths)));
      run(graph.node ?? [], scope);
      return outputs.map((p) => cast(asTensor(lookUp(scope, p.name, "the model's output")), outputDType(p.dtype)));
    },
  };
}

const outputDType = (dtype: DType): Tensor["dtype"] => (dtype === "f16" || dtype === "bf16" ? "f32" : dtype);

// --- the file --------------------------------------------------------------------------------------------------------------------

function decode(bytes: Uint8Array): Onnx.ModelProto {
  let model: Onnx.ModelProto;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch (error) {
    // Truncated fields, wrong wire types, nesting deeper than the stack
    throw new FileFormatError(`not an ONNX model: ${(error as Error).message}`);
  }
  if (!model.graph?.node?.length) throw new FileFormatError("not an ONNX model: there is no graph in it");
  return model;
}

function checkOperatorSet(model: Onnx.ModelProto): void {
  const standard = model.opsetImport.find((o) => !o.domain || o.domain === "ai.onnx");
  const version = toNumber(standard?.version);
  if (!(version >= oldest && version <= newest))
    throw new TensorError(`ONNX model: operator set ${version} is not among ${oldest} to ${newest}; export with opset_version=18`);
}

const isStandard = (domain: string | null | undefined): boolean => !domain || domain === "ai.onnx";

/** Refuses a model for all of its operators at once, before anything is computed. */
function checkOperators(model: Onnx.ModelProto, graph: Onnx.IGraphProto): void {
  const functions = new Set((model.functions ?? []).map((f) => `${f.domain ?? ""}:${f.name}`));
  const visit = (nodes: readonly Onnx.INodeProto[]): void => {
    for (const n of nodes) {
      const op = n.opType ?? "";
      const standard = isStandard(n.domain);
      if (!functions.has(`${n.domain ?? ""}:${op}`) && !(standard && Object.hasOwn(operators, op))) throw unknownOperator(n);
      for (const a of n.attribute ?? []) visit(a.g?.node ?? []);
    }
  };
  visit(graph.node ?? []);
  for (const f of model.functions ?? []) visit(f.node ?? []);
}

function unknownOperator(n: Onnx.INodeProto): TensorError {
  const op = isStandard(n.domain) ? n.opType : `${n.domain}.${n.opType}`;
  const hint =
    isStandard(n.domain) && Object.hasOwn(refused, n.opType ?? "")
      ? refused[n.opType ?? ""]
      : `supported are ${Object.keys(operators).sort().join(", ")}`;
  return new TensorError(`ONNX model: operator ${op} (node "${n.name ?? ""}") is not supported: ${hint}`);
}

function readInitializer(proto: Onnx.ITensorProto): readonly [string, NdArray] {
  const name = proto.name ?? "";
  if (proto.externalData?.length)
    throw new TensorError(`ONNX model: the weights "${name}" are in another file; export with external_data=False`);
  const a = fromTensorProto(proto);
  if (!a) throw new FileFormatError(`ONNX model: the weights "${name}" do not fill their shape, or have an element type programs lack`);
  return [name, a];
}

function readPort(info: Onnx.IValueInfoProto): Port {
  const name = info.name ?? "";
  const type = info.type?.tensorType;
  const dtype = dtypeOfElement(type?.elemType ?? 0);
  if (!dtype) throw new TensorError(`ONNX model: "${name}" is not a tensor of numbers that programs compute with`);
  const shape = (type?.shape?.dim ?? []).map((d) =>
    d.dimValue != null && toNumber(d.dimValue) > 0 ? toNumber(d.dimValue) : d.dimParam || "?",
  );
  return { name, dtype, shape };
}

/** A value of the declared type: numbers are lifted, integers become i32, named lengths must agree. */
function fitted(what: string, dtype: DType, declared: readonly (number | string)[], value: Liftable, lengths: Map<string, number>): Tensor {
  const lifted = liftOne("ONNX model", value, programDType(dtype));
  const { shape } = lifted;
  const fits =
    shape.length === declared.length &&
    shape.every((n, i) => {
      const d = declared[i];
      if (typeof d === "number") return n === d;
      if (d === "?") return true;
      const bound = lengths.get(d) ?? n;
      lengths.set(d, bound);
      return bound === n;
    });
  const kind = isFloat(lifted.dtype) === isFloat(programDType(dtype)) && (lifted.dtype === "bool") === (dtype === "bool");
  if (!fits || !kind)
    throw new TensorError(`ONNX model: ${what} is ${dtype}[${declared.join(", ")}], not ${lifted.dtype}[${shape.join(", ")}]`);
  return cast(lifted, programDType(dtype));
}

// --- the graph -------------------------------------------------------------------------------------------------------------------

interface Scope {
  readonly values: Map<string, Value>;
  readonly functions: ReadonlyMap<string, Onnx.IFunctionProto>;
  /** Attributes of the call of the function that is being evaluated. */
  readonly attributes?: ReadonlyMap<string, Onnx.IAttributeProto>;
  readonly depth: number;
}

function lookUp(scope: Scope, name: string, reader: string): Value {
  const value = scope.values.get(name);
  if (value === undefined) throw new FileFormatError(`ONNX model: ${reader} reads "${name}", which nothing before it makes`);
  return value;
}

function run(nodes: readonly Onnx.INodeProto[], scope: Scope): void {
  if (scope.depth > 64) throw new TensorError("ONNX model: functions are nested more than 64 deep");
  for (const node of nodes) {
    const outputs = (node.output ?? []) as string[];
    const results = evaluate(node, scope);
    outputs.forEach((name, i) => {
      if (!name) return;
      const value = results[i];
      if (value === undefined) throw new TensorError(`ONNX model: ${label(node)}: output ${i} is not supported`);
      checkSize(`ONNX model: ${label(node)}`, value.shape);
      scope.values.set(name, value);
    });
  }
}

const label = (n: Onnx.INodeProto): string => `${n.opType}${n.name ? ` "${n.name}"` : ""}`;

function evaluate(node: Onnx.INodeProto, scope: Scope): readonly (Value | undefined)[] {
  const op = node.opType ?? "";
  const inputs = (node.input ?? []).map((name) => (name ? lookUp(scope, name, label(node)) : undefined));
  while (inputs.length && inputs[inputs.length - 1] === undefined) inputs.pop();
  const attributes = attributesOf(node, scope);
  const inlined = scope.functions.get(`${node.domain ?? ""}:${op}`);
  if (inlined) return callFunction(inlined, inputs, attributes, scope);
  const outputs = [...((node.output ?? []) as string[])];
  while (outputs.length > 1 && outputs[outputs.length - 1] === "") outputs.pop();
  const call: Call = {
    op,
    inputs,
    outputs,
    attributes,
    subgraph: (name, values) => runSubgraph(attributes.get(name)?.g, values, scope, label(node)),
    fail: (message) => {
      throw new TensorError(`ONNX model: ${label(node)}: ${message}`);
    },
  };
  const folded = fold(call);
  if (folded) return [folded];
  const result = explained(node, () => operators[op](call));
  return Array.isArray(result) ? (result as readonly Value[]) : [result as Value];
}

/** The result on plain numbers, if all inputs are known. */
function fold(call: Call): Value | undefined {
  const { inputs } = call;
  if (inputs.length === 0 || !inputs.every(isKnown)) return undefined;
  const reduces = call.op.startsWith("Reduce");
  return evaluateKnown(
    {
      op: call.op,
      attribute: (name, otherwise) => int(call, name, otherwise),
      axes: reduces ? axesOf(call, 1) : undefined,
    },
    reduces ? inputs.slice(0, 1) : inputs,
  );
}

/** Errors of the engine, and of memory that no array has, with the node they come from. */
function explained<T>(node: Onnx.INodeProto, f: () => T): T {
  try {
    return f();
  } catch (error) {
    const ours = error instanceof TensorError || error instanceof RangeError;
    if (!ours || error.message.startsWith("ONNX model")) throw error;
    throw new TensorError(`ONNX model: ${label(node)}: ${error.message}`);
  }
}

/** Attributes by name; in a function, those that refer to the attributes of its call are replaced by them. */
function attributesOf(node: Onnx.INodeProto, scope: Scope): Map<string, Onnx.IAttributeProto> {
  const attributes = new Map<string, Onnx.IAttributeProto>();
  for (const a of node.attribute ?? []) {
    const value = a.refAttrName ? scope.attributes?.get(a.refAttrName) : a;
    if (value) attributes.set(a.name ?? "", value);
  }
  return attributes;
}

function callFunction(
  f: Onnx.IFunctionProto,
  inputs: readonly (Value | undefined)[],
  given: ReadonlyMap<string, Onnx.IAttributeProto>,
  { functions, depth }: Scope,
): (Value | undefined)[] {
  const values = new Map<string, Value>();
  (f.input ?? []).forEach((name, i) => {
    const value = inputs[i];
    if (value) values.set(name, value);
  });
  const scope: Scope = { values, functions, attributes: given, depth: depth + 1 };
  run(f.node ?? [], scope);
  return (f.output ?? []).map((name) => values.get(name));
}

/** A graph attribute: sees the values around it, and names its own. */
function runSubgraph(graph: Onnx.IGraphProto | null | undefined, inputs: readonly Value[], outer: Scope, where: string): Value[] {
  if (!graph) throw new FileFormatError(`ONNX model: ${where} has no body`);
  const scope: Scope = { ...outer, values: new Map(outer.values), depth: outer.depth + 1 };
  for (const proto of graph.initializer ?? []) {
    const [name, a] = readInitializer(proto);
    scope.values.set(name, knownFrom(a));
  }
  (graph.input ?? []).forEach((info, i) => scope.values.set(info.name ?? "", inputs[i]));
  run(graph.node ?? [], scope);
  return (graph.output ?? []).map((o) => lookUp(scope, o.name ?? "", where));
}
