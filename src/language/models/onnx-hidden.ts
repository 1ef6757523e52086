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
 * The model with its hidden state among the outputs: the first input of the product that makes `logits`.
 *
 * @returns  the model, and the name of that output; none where there is no such product (a decoder inside of branches)
 * @throws FileFormatError  for bytes that are no model
 */
export function withHidden(bytes: Uint8Array): { model: Uint8Array; hidden?: string } {
  const model = decoded(bytes);
  const { graph } = model;
  const own = graph?.output?.find(({ name }) => name && outputNames.includes(name))?.name;
  if (own) return { model: bytes, hidden: own };
  const makers = new Map((graph?.node ?? []).flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)));
  const product = search("logits", makers, (node) => products.has(node.opType ?? ""), after);
  const taken = product?.input?.[0];
  if (!graph || !taken) return { model: bytes };
  // what a product of integers takes was rounded before
  const rounded = search(taken, makers, (node) => node.opType === "DynamicQuantizeLinear", before);
  const hidden = rounded?.input?.[0] ?? taken;
  graph.output?.push(onnx.ValueInfoProto.create({ name: hidden }));
  return { model: onnx.ModelProto.encode(model).finish(), hidden };
}

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
