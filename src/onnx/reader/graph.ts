/** Interprets the graph of a model node by node. */
import type { NdArray } from "../../array/ndarray.ts";
import { FileFormatError, TensorError } from "../../errors.ts";
import { evaluate } from "../../tensor/evaluate.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Onnx } from "../../tensor/proto.ts";
import { makeCall } from "./call.ts";
import { checkSize, inProgram, known, knownLimit } from "./known.ts";
import { operators } from "./operators.ts";
import { fromTensorProto } from "./proto.ts";

export interface Scope {
  readonly values: Map<string, Tensor>;
  /** Tensors whose values are known while the model is read. */
  readonly known: Set<Tensor>;
  readonly functions: ReadonlyMap<string, Onnx.IFunctionProto>;
  /** Attributes of the call of the function that is being evaluated. */
  readonly attributes?: ReadonlyMap<string, Onnx.IAttributeProto | undefined>;
  readonly depth: number;
}

export function readInitializer(proto: Onnx.ITensorProto): readonly [string, NdArray] {
  const name = proto.name ?? "";
  return [name, fromTensorProto(proto, `the weights "${name}"`)];
}

export function refuseSparse({ sparseInitializer }: Onnx.IGraphProto): void {
  if (sparseInitializer?.length) throw new TensorError("ONNX model: sparse weights are not read; export them dense");
}

/** Names a constant. */
export function define({ values, known: all }: Scope, name: string, a: NdArray): void {
  const x = known(a);
  if (x.size <= knownLimit) all.add(x);
  values.set(name, x);
}

export function lookUp(scope: Scope, name: string, reader: string): Tensor {
  const value = scope.values.get(name);
  if (value === undefined) throw new FileFormatError(`ONNX model: ${reader} reads "${name}", which nothing before it makes`);
  return value;
}

export function run(nodes: readonly Onnx.INodeProto[], scope: Scope): void {
  if (scope.depth > 64) throw new TensorError("ONNX model: functions are nested more than 64 deep");
  for (const node of nodes) {
    const outputs = (node.output ?? []) as string[];
    const results = resultsOf(node, scope);
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

function resultsOf(node: Onnx.INodeProto, scope: Scope): readonly (Tensor | undefined)[] {
  const op = node.opType ?? "";
  const inputs = trimmed(node.input ?? [], 0).map((name) => (name ? lookUp(scope, name, label(node)) : undefined));
  const attributes = attributesOf(node, scope);
  const inlined = scope.functions.get(`${node.domain ?? ""}:${op}`);
  if (inlined) return callFunction(inlined, inputs, attributes, scope);
  const isKnown = (x: Tensor): boolean => scope.known.has(x);
  const allKnown = inputs.every((x) => !x || isKnown(x));
  const call = makeCall({
    inputs,
    outputs: trimmed(node.output ?? [], 1).length,
    attributes,
    isKnown,
    allKnown,
    subgraph: (name, values) => runSubgraph(attributes.get(name)?.g, values, scope, label(node)),
    fail: (message) => {
      throw new TensorError(`ONNX model: ${label(node)}: ${message}`);
    },
  });
  // Known results: those of known inputs, and shapes. What a graph attribute gives is settled inside it.
  const folds = allKnown && !node.attribute?.some((a) => a.g);
  return explained(node, () => {
    const results = [operators[op](call)].flat();
    call.checkAsked();
    return results.map((y) => (folds || y.dtype === "i64" ? settled(y, scope) : y));
  });
}

/** Names without missing ones at the end. */
function trimmed(names: readonly string[], least: number): readonly string[] {
  const last = names.findLastIndex((name) => name !== "");
  return names.slice(0, Math.max(last + 1, least));
}

/** What depends on known values only is known, unless it is too large or not among what the engine folds. */
function settled(y: Tensor, scope: Scope): Tensor {
  if (scope.known.has(y)) return y;
  const value = evaluate(y, knownLimit);
  if (!value) return inProgram(y);
  const x = known(value);
  scope.known.add(x);
  return x;
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
    if (a.refAttrName && !scope.attributes?.has(a.refAttrName))
      throw new TensorError(
        `ONNX model: ${label(node)}: the default of the function's attribute "${a.refAttrName}" is not read; inline functions`,
      );
    const value = a.refAttrName ? scope.attributes?.get(a.refAttrName) : a;
    if (value) attributes.set(a.name ?? "", value);
  }
  return attributes;
}

function callFunction(
  f: Onnx.IFunctionProto,
  inputs: readonly (Tensor | undefined)[],
  given: ReadonlyMap<string, Onnx.IAttributeProto>,
  outer: Scope,
): (Tensor | undefined)[] {
  const values = new Map<string, Tensor>();
  (f.input ?? []).forEach((name, i) => {
    const value = inputs[i];
    if (value) values.set(name, value);
  });
  // Those without a default may be left out. Defaults themselves are not in the schema that decodes the file.
  const optional = (f.attribute ?? []).map((name) => [name, undefined] as const);
  const scope: Scope = { ...outer, values, attributes: new Map([...optional, ...given]), depth: outer.depth + 1 };
  run(f.node ?? [], scope);
  return (f.output ?? []).map((name) => values.get(name));
}

/** A graph attribute: sees the values around it, and names its own. */
function runSubgraph(graph: Onnx.IGraphProto | null | undefined, inputs: readonly Tensor[], outer: Scope, where: string): Tensor[] {
  if (!graph) throw new FileFormatError(`ONNX model: ${where} has no body`);
  const scope: Scope = { ...outer, values: new Map(outer.values), depth: outer.depth + 1 };
  refuseSparse(graph);
  for (const proto of graph.initializer ?? []) define(scope, ...readInitializer(proto));
  (graph.input ?? []).forEach((info, i) => scope.values.set(info.name ?? "", inputs[i]));
  run(graph.node ?? [], scope);
  return (graph.output ?? []).map((o) => lookUp(scope, o.name ?? "", where));
}
