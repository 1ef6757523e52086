/** The last hidden state of a decoder: an output of the model, or what its last product takes. */
import { FileFormatError } from "../../errors.ts";
import { type Onnx, onnx } from "../../tensor/proto.ts";

const outputNames = ["last_hidden_state", "hidden_states"];
/** What may stand between the product and the logits: conversions, a bias, scales, a soft cap, the choice of positions. */
const after = new Set([
  "Cast",
  "Identity",
  "Add",
  "Mul",
  "Div",
  "Sub",
  "Tanh",
  "Clip",
  "Where",
  "Slice",
  "Gather",
  "Squeeze",
  "Unsqueeze",
  "Reshape",
]);
const products = new Set([
  "MatMul",
  "Gemm",
  "FusedMatMul",
  "MatMulNBits",
  "MatMulInteger",
  "DynamicQuantizeMatMul",
  "MatMulIntegerToFloat",
]);
/** What may stand before it: the rounding of a product of integers. */
const before = new Set(["DynamicQuantizeLinear", "Cast", "Identity"]);
/** Nodes that are looked through. */
const most = 24;

/**
 * The model with its hidden state among the outputs: the first input of the product that makes `logits`. Of merged decoders, which have one
 * graph for empty caches and one for others, that of both.
 *
 * @returns  the model, and the name of that output; none where there is no such product
 * @throws FileFormatError  for bytes that are no model
 */
export function withHidden(bytes: Uint8Array): { model: Uint8Array; hidden?: string } {
  const model = decoded(bytes);
  const { graph } = model;
  if (!graph) return { model: bytes };
  const own = graph.output?.find(({ name }) => name && outputNames.includes(name))?.name;
  if (own) return { model: bytes, hidden: own };
  const branched = graph.node?.find(({ opType, output }) => opType === "If" && output?.includes("logits"));
  const hidden = branched ? ofBranches(branched) : beforeProduct("logits", graph);
  if (hidden === undefined) return { model: bytes };
  graph.output?.push(onnx.ValueInfoProto.create({ name: hidden }));
  return { model: onnx.ModelProto.encode(model).finish(), hidden };
}

/** What the last product before a tensor takes. */
function beforeProduct(logits: string, { node: nodes }: Onnx.IGraphProto): string | undefined {
  const makers = new Map((nodes ?? []).flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)));
  const taken = search(logits, makers, (node) => products.has(node.opType ?? ""), after)?.input?.[0];
  if (!taken) return undefined;
  // what a product of integers takes was rounded before
  const rounded = search(taken, makers, (node) => node.opType === "DynamicQuantizeLinear", before);
  return rounded?.input?.[0] ?? taken;
}

/** One more output of an If: the state of either branch. */
function ofBranches(node: Node): string | undefined {
  const at = node.output?.indexOf("logits") ?? -1;
  const branches = (node.attribute ?? []).flatMap(({ g }) => (g ? [g] : []));
  const states = branches.map((branch) => beforeProduct(branch.output?.[at]?.name ?? "", branch));
  if (branches.length !== 2 || states.includes(undefined)) return undefined;
  branches.forEach((branch, i) => void branch.output?.push(onnx.ValueInfoProto.create({ name: states[i] })));
  node.output?.push(ofBoth);
  return ofBoth;
}

const ofBoth = "hidden_state_of_branches";

function decoded(bytes: Uint8Array): Onnx.ModelProto {
  try {
    return onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new FileFormatError(`not an ONNX model: ${(error as Error).message}`);
  }
}

type Node = Onnx.INodeProto;

/** The node that `found` says, going back from a tensor through others of some kinds. */
function search(
  name: string,
  makers: ReadonlyMap<string, Node>,
  found: (node: Node) => boolean,
  through: ReadonlySet<string>,
): Node | undefined {
  let open = [name];
  for (let seen = 0; open.length > 0 && seen < most; seen++) {
    const node = makers.get(open[0]);
    open = open.slice(1);
    if (!node) continue;
    if (found(node)) return node;
    if (through.has(node.opType ?? "")) open = [...open, ...(node.input ?? [])];
  }
  return undefined;
}
