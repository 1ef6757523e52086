/** Writes lowered programs as ONNX models. */

import { dtypes, type NdArray, ndarray } from "../array/ndarray.ts";
import { fuse } from "./fuse.ts";
import { lower } from "./lower.ts";
import { attributeProto, elementType, type Onnx, onnx, tensorProto } from "./proto.ts";
import { fail } from "./shapes.ts";
import type { Aval, Emitter, ProgramDType, Tensor } from "./tensor.ts";
import { type Program, reachable } from "./walk.ts";
import type { WriteOptions } from "./write-options.ts";

type NodeProto = Onnx.INodeProto;

/** Constants and names are shared by a graph and the bodies of its loops. */
interface Model {
  readonly portable: boolean;
  readonly channelBlock: number | undefined;
  readonly initializers: Map<string, Onnx.ITensorProto>;
  readonly scalars: Map<string, string>;
  counter: number;
}

const opset = 20;

interface Written {
  readonly bytes: Uint8Array;
  /** ONNX nodes, bodies of loops included. */
  readonly nodes: number;
}

/** A program as a serialized ModelProto. */
export function writeModel(program: Program, options: WriteOptions = {}): Written {
  const graph = writeGraph(program, options);
  return { bytes: serialize(graph, options), nodes: countNodes(graph.node ?? []) };
}

/** A program as a graph. */
export function writeGraph(program: Program, options: WriteOptions): Onnx.IGraphProto {
  const { inputs, outputs } = fuse(lower(program));
  const { portable = false, channelBlock } = options;
  const model: Model = {
    ...{ portable, channelBlock: portable ? undefined : channelBlock },
    initializers: new Map(),
    scalars: new Map(),
    counter: 0,
  };
  const inputNames = options.inputNames ?? inputs.map((_, i) => `i${i}`);
  const outputNames = options.outputNames ?? outputs.map((_, i) => `o${i}`);
  const bound = new Map(inputs.map((x, i) => [x, inputNames[i]]));
  const body = emitGraph(model, outputs, bound, outputNames);
  const used = new Set(body.flatMap((n) => namesUsed(n)));
  return {
    name: "program",
    node: body,
    input: inputs.map((x, i) => valueInfo(inputNames[i], x)),
    output: outputs.map((y, i) => valueInfo(outputNames[i], y)),
    initializer: [...model.initializers].filter(([name]) => used.has(name)).map(([, proto]) => proto),
  };
}

/** A graph as a file. */
export function serialize(graph: Onnx.IGraphProto, options: WriteOptions): Uint8Array {
  const own = ["com.microsoft", "com.microsoft.nchwc"].map((domain) => ({ domain, version: 1 }));
  const opsetImport = [{ domain: "", version: opset }, ...(options.portable ? [] : own)];
  const metadataProps = Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value }));
  return onnx.ModelProto.encode({ irVersion: 9, producerName: "pushforward", opsetImport, graph, metadataProps }).finish();
}

/** What an input or output of a graph is. */
export function valueInfo(name: string, x: Aval): Onnx.IValueInfoProto {
  return {
    name,
    type: { tensorType: { elemType: elementType(x.dtype), shape: { dim: x.shape.map((n) => ({ dimValue: n })) } } },
  };
}

const subgraphs = (n: NodeProto): Onnx.IGraphProto[] => (n.attribute ?? []).flatMap((a) => (a.g ? [a.g] : []));
const countNodes = (nodes: readonly NodeProto[]): number =>
  nodes.reduce((s, n) => s + 1 + subgraphs(n).reduce((t, g) => t + countNodes(g.node ?? []), 0), 0);

/** Names that a node reads, the bodies of loops included. */
function namesUsed(n: NodeProto): string[] {
  const inner = subgraphs(n).flatMap((g) => [...(g.node ?? []).flatMap(namesUsed), ...(g.output ?? []).map((o) => o.name as string)]);
  return [...(n.input ?? []), ...inner];
}

/** Nodes that compute `outputs` under the names `outputNames`; `bound` names tensors that exist already. */
function emitGraph(
  model: Model,
  outputs: readonly Tensor[],
  bound: ReadonlyMap<Tensor, string>,
  outputNames: readonly string[],
): NodeProto[] {
  const nodes: NodeProto[] = [];
  const emitter = makeEmitter(model, nodes, outputs, bound);
  const names = emitter.inline(outputs, bound);
  outputNames.forEach((name, i) => nodes.push({ opType: "Identity", input: [names[i]], output: [name] }));
  return renameOutputs(prune(nodes, outputNames), new Set([...bound.values(), ...model.initializers.keys()]));
}

/** Drops nodes whose outputs nobody reads. */
function prune(nodes: readonly NodeProto[], outputNames: readonly string[]): NodeProto[] {
  const used = new Set<string>(outputNames);
  const keep: NodeProto[] = [];
  for (const n of [...nodes].reverse()) {
    if (!n.output?.some((o) => used.has(o))) continue;
    keep.push(n);
    for (const name of namesUsed(n)) used.add(name);
  }
  return keep.reverse();
}

/** A final Identity is needed only for outputs that are inputs, constants, or outputs already; others take the name themselves. */
function renameOutputs(nodes: NodeProto[], fixed: ReadonlySet<string>): NodeProto[] {
  const rename = new Map<string, string>();
  const keep = nodes.filter((n) => {
    const [from] = n.input ?? [];
    if (n.opType !== "Identity" || fixed.has(from) || rename.has(from)) return true;
    rename.set(from, (n.output as string[])[0]);
    return false;
  });
  const apply = (names: string[] | null | undefined): string[] => (names ?? []).map((name) => rename.get(name) ?? name);
  const visit = (n: NodeProto): NodeProto => ({
    ...n,
    input: apply(n.input),
    output: apply(n.output),
    attribute: n.attribute?.map((a) => (a.g ? { ...a, g: { ...a.g, node: (a.g.node ?? []).map(visit) } } : a)),
  });
  return rename.size ? keep.map(visit) : keep;
}

function makeEmitter(model: Model, nodes: NodeProto[], outputs: readonly Tensor[], bound: ReadonlyMap<Tensor, string>): Emitter {
  const names = new Map<Tensor, string>(bound);
  const needed = new Set<Tensor>(outputs);
  const keyed = (key: string, make: () => NdArray): string => {
    let name = model.scalars.get(key);
    if (name === undefined) {
      name = emitter.constant(make());
      model.scalars.set(key, name);
    }
    return name;
  };
  const emitter: Emitter = {
    portable: model.portable,
    channelBlock: model.channelBlock,
    used: (t) => needed.has(t),
    op(type, inputs, attributes = {}, { domain = "", outputs: count = 1 } = {}) {
      const output = Array.from({ length: count }, () => `v${model.counter++}`);
      const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
      nodes.push({ opType: type, domain, input: [...inputs], output, attribute });
      return output;
    },
    constant(value) {
      const name = `c${model.counter++}`;
      model.initializers.set(name, tensorProto(name, value));
      return name;
    },
    ints: (values) => keyed(`[${values.join(",")}]`, () => ndarray(BigInt64Array.from(values, BigInt), [values.length], "i64")),
    scalar(value, dtype: ProgramDType) {
      return keyed(`${dtype} ${Object.is(value, -0) ? "-0" : value}`, () => {
        const data = dtype === "i64" ? BigInt64Array.of(BigInt(value)) : dtypes[dtype].array.of(value);
        return { dtype, shape: [], data };
      });
    },
    name(t) {
      const name = names.get(t);
      return name ?? fail(t.node.primitive.name, "is used outside the program it belongs to", [t]);
    },
    subgraph(inputs, results, constants) {
      const own = new Map<Tensor, string>([...constants, ...inputs.map((x) => [x, `b${model.counter++}`] as const)]);
      const outputNames = results.map(() => `b${model.counter++}`);
      const lowered = fuse(lower({ inputs: [...own.keys()], outputs: results }));
      const body = emitGraph(model, lowered.outputs, own, outputNames);
      const input = inputs.map((x) => valueInfo(own.get(x) as string, x));
      return { name: `body${model.counter++}`, node: body, input, output: results.map((y, i) => valueInfo(outputNames[i], y)) };
    },
    inline(results, more) {
      for (const [t, name] of more) names.set(t, name);
      const order = reachable(results, new Set([...names.keys()].map((t) => t.node)));
      for (const node of order) for (const x of node.inputs) needed.add(x);
      for (const node of order) {
        if (node.outputs.every((y) => names.has(y))) continue;
        if (!node.primitive.onnx) fail(node.primitive.name, "has no ONNX form", node.outputs);
        const made = node.primitive.onnx(emitter, node.inputs.map(emitter.name), node);
        node.outputs.forEach((y, i) => {
          if (made[i] !== undefined) names.set(y, made[i]);
        });
      }
      return results.map(emitter.name);
    },
  };
  return emitter;
}
