/**
 * Models of other operator sets in the words of 13 to 22: attributes that have become inputs, operators that were renamed, softmax over
 * several axes. What has only got more types since needs nothing.
 */
import { array } from "../../array/ndarray.ts";
import { TensorError } from "../../errors.ts";
import { type Onnx, onnx, tensorProto } from "../../tensor/proto.ts";
import { toNumber } from "./proto.ts";

type OnnxNode = Onnx.INodeProto;

/** The nodes in place of one of operator set `version`, if it is not understood as it is. */
type Rewrite = (node: OnnxNode, version: number, fresh: (what: string) => string) => OnnxNode[] | undefined;

const attribute = (node: OnnxNode, name: string): Onnx.IAttributeProto | undefined => node.attribute?.find((a) => a.name === name);
const without = (node: OnnxNode, ...names: string[]): Onnx.IAttributeProto[] =>
  (node.attribute ?? []).filter((a) => !names.includes(a.name ?? ""));
const text = (name: string, value: string): Onnx.IAttributeProto => ({
  ...{ name, type: onnx.AttributeProto.AttributeType.STRING, s: new TextEncoder().encode(value) },
});
const integer = (name: string, i: number): Onnx.IAttributeProto => ({ name, type: onnx.AttributeProto.AttributeType.INT, i });

/** A constant of the attribute's numbers. */
function constant(a: Onnx.IAttributeProto, name: string, scalar = false): OnnxNode {
  const floats = a.floats?.length
    ? a.floats
    : a.ints?.length
      ? undefined
      : a.type === onnx.AttributeProto.AttributeType.FLOAT
        ? [a.f ?? 0]
        : undefined;
  const values = floats ?? (a.ints?.length ? a.ints.map(toNumber) : [toNumber(a.i)]);
  const value = array(values, floats ? "f32" : "i64", scalar ? [] : [values.length]);
  return {
    opType: "Constant",
    input: [],
    output: [name],
    attribute: [{ name: "value", type: onnx.AttributeProto.AttributeType.TENSOR, t: tensorProto("", value) }],
  };
}

/** Attributes as inputs behind the given ones; absent ones leave their place empty. */
const asInputs =
  (names: readonly string[], until: number, scalars = false): Rewrite =>
  (node, version, fresh) => {
    if (version >= until || (node.input?.length ?? 0) > 1) return undefined;
    const constants: OnnxNode[] = [];
    const inputs = names.map((name) => {
      const a = attribute(node, name);
      if (!a) return "";
      constants.push(constant(a, fresh(name), scalars));
      return constants[constants.length - 1].output?.[0] ?? "";
    });
    return [...constants, { ...node, input: [...(node.input ?? []), ...inputs], attribute: without(node, ...names) }];
  };

/** Before operator set 13 all axes from `axis` on are one. */
const flattened: Rewrite = (node, version, fresh) => {
  if (version >= 13) return undefined;
  const [x, y] = [node.input?.[0] ?? "", node.output?.[0] ?? ""];
  const [shape, flat, result] = ["shape", "flat", "result"].map(fresh);
  const axis = toNumber(attribute(node, "axis")?.i ?? 1);
  return [
    { opType: "Shape", input: [x], output: [shape] },
    { opType: "Flatten", input: [x], output: [flat], attribute: [integer("axis", axis)] },
    { ...node, input: [flat], output: [result], attribute: [integer("axis", 1)] },
    { opType: "Reshape", input: [result, shape], output: [y] },
  ];
};

/** Upsample, and Resize of operator set 10: places are divided by the scale and rounded down. */
const resized: Rewrite = (node, version, fresh) => {
  if (node.opType === "Resize" && version !== 10) return undefined;
  const scales = attribute(node, "scales");
  const [x, given] = node.input ?? [];
  const made = scales ? [constant({ ...scales }, fresh("scales"))] : [];
  const name = made[0]?.output?.[0] ?? given;
  const how = [text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "floor")];
  return [...made, { ...node, opType: "Resize", input: [x, "", name], attribute: [...without(node, "scales"), ...how] }];
};

const refusedBelow =
  (version: number, what: string): Rewrite =>
  (node, found) => {
    if (found >= version) return undefined;
    throw new TensorError(`ONNX model: ${node.opType} of operator set ${found}: ${what}`);
  };

const rewrites: Readonly<Record<string, Rewrite>> = {
  BatchNormalization: (node, version) => (version < 9 ? [{ ...node, attribute: without(node, "spatial") }] : undefined),
  Clip: asInputs(["min", "max"], 11, true),
  Dropout: (node, version) => (version < 12 ? [{ ...node, attribute: without(node, "is_test") }] : undefined),
  LogSoftmax: flattened,
  Pad: asInputs(["pads", "value"], 11),
  Resize: resized,
  Scan: refusedBelow(9, "its batches are not read; export with opset_version=18"),
  Scatter: (node) => [{ ...node, opType: "ScatterElements" }],
  Slice: asInputs(["starts", "ends", "axes"], 10),
  Softmax: flattened,
  TopK: asInputs(["k"], 10),
  Upsample: resized,
};

/** The model with what older operator sets say otherwise in the words of newer ones. */
export function upgraded(model: Onnx.ModelProto): Onnx.ModelProto {
  const version = toNumber(model.opsetImport.find((o) => !o.domain || o.domain === "ai.onnx")?.version);
  if (!model.graph || !(version < 13)) return model;
  let count = 0;
  const rewritten = (graph: Onnx.IGraphProto): Onnx.IGraphProto => ({
    ...graph,
    node: (graph.node ?? []).flatMap((node) => {
      const own = { ...node, attribute: (node.attribute ?? []).map((a) => (a.g ? { ...a, g: rewritten(a.g) } : a)) };
      const standard = !node.domain || node.domain === "ai.onnx";
      const rewrite = standard && Object.hasOwn(rewrites, node.opType ?? "") ? rewrites[node.opType ?? ""] : undefined;
      return rewrite?.(own, version, (what) => `${node.output?.[0] ?? "node"}:${what}:${count++}`) ?? [own];
    }),
  });
  model.graph = rewritten(model.graph) as Onnx.GraphProto; // what the decoder gives has methods that nothing here calls
  return model;
}
