/** Reads ONNX models as differentiable functions. The graph is interpreted while a program is traced, so that every shape is known. */
import type { DType, NdArray } from "../../array/ndarray.ts";
import { FileFormatError, TensorError } from "../../errors.ts";
import { cast, type Tensor, type Value } from "../../tensor/index.ts";
import { liftOne } from "../../tensor/primitives/constant.ts";
import { type Onnx, onnx } from "../../tensor/proto.ts";
import { isFloat } from "../../tensor/tensor.ts";
import { define, lookUp, readInitializer, refuseSparse, run, type Scope } from "./graph.ts";
import { inProgram, programDType } from "./known.ts";
import { knownInputs, operators, refused } from "./operators.ts";
import { dtypeOfElement, elementName, toNumber } from "./proto.ts";
import { upgraded } from "./versions.ts";
import { widened } from "./widen.ts";

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
  apply(params: Readonly<Record<string, Value>>, ...inputs: Value[]): Tensor[];
}

export interface ReadOptions {
  /** "f64": a model of single (or half) precision computes in f64, inputs, weights and outputs; for checks of what rounding does. */
  readonly dtype?: "f32" | "f64";
}

const [oldest, newest] = [7, 25];

/**
 * Reads a model as PyTorch, Keras and other exporters write them (operator sets 7 to 25, weights inside the file: see
 * `withExternalData`).
 *
 * @throws  FileFormatError if the bytes are not an ONNX model; TensorError if the model needs what programs cannot do
 */
export function fromOnnx(bytes: Uint8Array, { dtype = "f32" }: ReadOptions = {}): OnnxModel {
  const model = dtype === "f64" ? widened(decode(bytes)) : decode(bytes);
  const graph = model.graph as Onnx.IGraphProto;
  checkOperatorSet(model);
  checkOperators(model, graph);
  const functions = new Map((model.functions ?? []).map((f) => [`${f.domain ?? ""}:${f.name}`, f]));
  refuseSparse(graph);
  const initializers = (graph.initializer ?? []).map(readInitializer);
  const isKnownInput = (op: string, i: number): boolean => Object.hasOwn(knownInputs, op) && knownInputs[op].includes(i);
  const asNumbers = new Set(nodesWithin(graph).flatMap((n) => n.input?.filter((_, i) => isKnownInput(n.opType ?? "", i)) ?? []));
  const isParam = ([name, a]: readonly [string, NdArray]): boolean => isFloat(a.dtype) && a.shape.length > 0 && !asNumbers.has(name);
  const params = Object.fromEntries(initializers.filter(isParam));
  const constants = initializers.filter((entry) => !isParam(entry));
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
      const scope: Scope = { values: new Map(), known: new Set(), functions, depth: 0 };
      for (const [name, a] of constants) define(scope, name, a);
      for (const name of Object.keys(params)) {
        if (!Object.hasOwn(weights, name)) throw new TensorError(`ONNX model: parameter "${name}" is missing`);
        scope.values.set(name, fitted(`parameter "${name}"`, params[name].dtype, params[name].shape, weights[name], new Map()));
      }
      if (values.length !== inputs.length)
        throw new TensorError(`ONNX model: takes ${inputs.length} inputs (${inputs.map((p) => p.name).join(", ")}), not ${values.length}`);
      const lengths = new Map<string, number>();
      inputs.forEach((p, i) => scope.values.set(p.name, fitted(`input "${p.name}"`, p.dtype, p.shape, values[i], lengths)));
      run(graph.node ?? [], scope);
      return outputs.map((p) => cast(inProgram(lookUp(scope, p.name, "the model's output")), outputDType(p.dtype)));
    },
  };
}

/** Nodes of a graph, and of the graphs inside them, which see its values. */
const nodesWithin = ({ node }: Onnx.IGraphProto): Onnx.INodeProto[] =>
  (node ?? []).flatMap((n) => [n, ...(n.attribute ?? []).flatMap(({ g }) => (g ? nodesWithin(g) : []))]);

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
  return upgraded(model);
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
  const name = n.opType ?? "";
  const standard = isStandard(n.domain);
  const supported = `supported are ${Object.keys(operators).sort().join(", ")}`;
  const hint = standard && Object.hasOwn(refused, name) ? refused[name] : supported;
  const op = standard ? name : `${n.domain}.${name}`;
  return new TensorError(`ONNX model: operator ${op} (node "${n.name ?? ""}") is not supported: ${hint}`);
}

function readPort(info: Onnx.IValueInfoProto): Port {
  const name = info.name ?? "";
  const type = info.type?.tensorType;
  const dtype = dtypeOfElement(type?.elemType ?? 0);
  if (!type) throw new TensorError(`ONNX model: "${name}" is no tensor`);
  if (!dtype) throw new TensorError(`ONNX model: "${name}" has the element type ${elementName(type.elemType ?? 0)}, which programs lack`);
  const length = (d: Onnx.TensorShapeProto.IDimension): number | string =>
    toNumber(d.dimValue) > 0 ? toNumber(d.dimValue) : d.dimParam || "?";
  const shape = (type?.shape?.dim ?? []).map(length);
  return { name, dtype, shape };
}

/** A value of the declared type: numbers are lifted, integers become i32, named lengths must agree. */
function fitted(what: string, dtype: DType, declared: readonly (number | string)[], value: Value, lengths: Map<string, number>): Tensor {
  const lifted = liftOne("ONNX model", value, programDType(dtype));
  const { shape } = lifted;
  const fits = shape.length === declared.length && shape.every((n, i) => agrees(n, declared[i], lengths));
  const kind = isFloat(lifted.dtype) === isFloat(programDType(dtype)) && (lifted.dtype === "bool") === (dtype === "bool");
  if (!fits || !kind)
    throw new TensorError(`ONNX model: ${what} is ${dtype}[${declared.join(", ")}], not ${lifted.dtype}[${shape.join(", ")}]`);
  if (lifted.dtype === "f64" && programDType(dtype) !== "f64")
    throw new TensorError(
      `ONNX model: ${what} is ${dtype}, and was given f64: cast it, or read the model with { dtype: "f64" } to compute in double precision`,
    );
  return cast(lifted, programDType(dtype));
}

/** Whether a length is the declared one; a name stands for the first length that it was met with. */
function agrees(n: number, declared: number | string, lengths: Map<string, number>): boolean {
  if (typeof declared === "number" || declared === "?") return declared === "?" || n === declared;
  if (!lengths.has(declared)) lengths.set(declared, n);
  return lengths.get(declared) === n;
}
