/** Our parameters as ONNX decoders in the layout that Hugging Face's exporters write: growing caches, masks, int64 ids. */
import onnxProto from "onnx-proto";
import { array, type NdArray, ndarray, toNumbers } from "../../../src/array/index.ts";
import type { CausalParameters, CausalTransformer } from "../../../src/nn/index.ts";
import { type Attribute, nodeOf, tensorOf } from "../../onnx/build.ts";

const { onnx } = onnxProto;
const [FLOAT, INT64, BOOL, HALF] = [1, 7, 9, 10];

/** Which inputs and outputs the model has. */
export interface Layout {
  /** Keys and values in and out. Default true. */
  readonly pasts?: boolean;
  /** Caches and logits of f16. */
  readonly half?: boolean;
  /** Input position_ids; else they follow from the mask. Default true. */
  readonly positions?: boolean;
  /** Input num_logits_to_keep. */
  readonly keep?: boolean;
  /** Input use_cache_branch: logits are no numbers where it does not say whether there are tokens in the caches. */
  readonly branch?: boolean;
  /** The last product is one of integers. */
  readonly quantized?: boolean;
  /** Weights of 4 bits in blocks of 16 inputs; `fourBits` says what they stand for. */
  readonly q4?: boolean;
  /** Two graphs as branches of one: without tokens in the caches, which then are not read, and with. */
  readonly merged?: boolean;
  /** Caches come out, and none go in. */
  readonly first?: boolean;
  /** Inputs of caches say their sizes only by name. */
  readonly symbolic?: boolean;
  /** The last normalisation's output is an output "last_hidden_state". */
  readonly hidden?: boolean;
  /** Another input, of a kind of cache that decoders do not have. */
  readonly other?: string;
}

export function exportDecoder(config: CausalTransformer, params: CausalParameters<NdArray>, layout: Layout = {}): Uint8Array {
  if (layout.merged) return merged(config, params, layout);
  const { pasts = true, half = false, positions: hasPositions = true, keep = false } = layout;
  const { width, heads, keyValueHeads = heads, depth, vocabulary } = config;
  const d = width / heads;
  const node: onnxProto.onnx.INodeProto[] = [];
  const initializer: onnxProto.onnx.ITensorProto[] = [];
  const c = (a: NdArray): string => {
    const name = `c${initializer.length}`;
    initializer.push(tensorOf(name, a));
    return name;
  };
  const ints = (...v: number[]): string => c({ dtype: "i64", shape: [v.length], data: BigInt64Array.from(v, BigInt) });
  const whole = (v: number): string => c({ dtype: "i64", shape: [], data: BigInt64Array.of(BigInt(v)) });
  const f = (...v: number[]): string => c(array(v, "f32", v.length === 1 ? [] : [v.length]));
  const ops = (op: string, inputs: string[], attributes: Record<string, Attribute>, outputs: number): string[] => {
    const out = Array.from({ length: outputs }, (_, i) => `n${node.length}_${i}`);
    node.push(nodeOf({ op, in: inputs, out, attributes, name: `node${node.length}` }));
    return out;
  };
  const op = (type: string, inputs: string[], attributes: Record<string, Attribute> = {}): string => ops(type, inputs, attributes, 1)[0];
  const named = (from: string, to: string): void => {
    node.push(nodeOf({ op: "Identity", in: [from], out: [to], name: to }));
  };

  const nbits = (x: string, w: NdArray): string => {
    const [inputs, outputs] = w.shape;
    const { codes, units } = fourBits(w);
    const bytes = Uint8Array.from({ length: codes.length / 2 }, (_, i) => codes[2 * i] | (codes[2 * i + 1] << 4));
    const blocks = inputs / 16;
    node.push(
      nodeOf({
        ...{ op: "MatMulNBits", domain: "com.microsoft", out: [`n${node.length}_0`], name: `node${node.length}` },
        in: [x, c(ndarray(bytes, [outputs, blocks, 8], "u8")), c(ndarray(Float32Array.from(units), [outputs * blocks], "f32"))],
        attributes: { K: inputs, N: outputs, bits: 4, block_size: 16 },
      }),
    );
    return `n${node.length - 1}_0`;
  };
  const layer = (x: string, { w, b }: { w: NdArray; b?: NdArray }): string => {
    const y = layout.q4 ? nbits(x, w) : op("MatMul", [x, c(w)]);
    return b ? op("Add", [y, c(b)]) : y;
  };
  const norm = (x: string, { scale, shift }: { scale: NdArray; shift?: NdArray }): string => {
    if (shift) return op("LayerNormalization", [x, c(scale), c(shift)], { axis: -1, epsilon: { f: 1e-5 } });
    const mean = op("ReduceMean", [op("Mul", [x, x]), ints(-1)], { keepdims: 1 });
    return op("Mul", [op("Div", [x, op("Sqrt", [op("Add", [mean, f(1e-5)])])]), c(scale)]);
  };
  const split = (x: string, n: number): string => op("Transpose", [op("Reshape", [x, ints(0, 0, n, d)])], { perm: [0, 2, 1, 3] });

  const length = op("Gather", [op("Shape", ["attention_mask"]), whole(1)], { axis: 0 });
  const own = op("Gather", [op("Shape", ["input_ids"]), ints(1)], { axis: 0 });
  const counted = op("Sub", [op("CumSum", ["attention_mask", whole(1)]), whole(1)]);
  const last = (x: string, count: string): string => op("Slice", [x, op("Neg", [count]), ints(2 ** 40), ints(1)]);
  const places = hasPositions ? "position_ids" : last(counted, own);
  const keys = op("Range", [whole(0), length, whole(1)]);
  const before = op("LessOrEqual", [keys, op("Unsqueeze", [places, ints(1, 3)])]);
  const real = op("Unsqueeze", [op("Cast", ["attention_mask"], { to: BOOL }), ints(1, 2)]);
  const bias = op("Where", [op("And", [before, real]), f(0), f(-1e9)]);

  let x = op("Gather", [c(params.symbols.table), "input_ids"], { axis: 0 });
  if (params.positions) x = op("Add", [x, op("Gather", [c(params.positions.table), places], { axis: 0 })]);
  const angles = op("Mul", [
    op("Unsqueeze", [op("Cast", [places], { to: FLOAT }), ints(1, 3)]),
    f(...Array.from({ length: d / 2 }, (_, i) => (config.rotaryBase ?? 10_000) ** ((-2 * i) / d))),
  ]);
  const [cos, sin] = ["Cos", "Sin"].map((type) => op(type, [angles]));
  const turned = (y: string): string => {
    if (config.architecture === "gpt") return y;
    const [a, b] = ops("Split", [y], { axis: -1, num_outputs: 2 }, 2);
    const first = op("Sub", [op("Mul", [a, cos]), op("Mul", [b, sin])]);
    return op("Concat", [first, op("Add", [op("Mul", [b, cos]), op("Mul", [a, sin])])], { axis: -1 });
  };
  const grown = (y: string, name: string): string => {
    if (!pasts) return y;
    if (layout.first) {
      named(half ? op("Cast", [y], { to: HALF }) : y, `present.${name}`);
      return y;
    }
    const past = half ? op("Cast", [`past_key_values.${name}`], { to: FLOAT }) : `past_key_values.${name}`;
    const all = op("Concat", [past, y], { axis: 2 });
    named(half ? op("Cast", [all], { to: HALF }) : all, `present.${name}`);
    return all;
  };
  const repeated = (y: string): string => {
    const one = op("Unsqueeze", [y, ints(2)]);
    return op("Reshape", [op("Concat", Array<string>(heads / keyValueHeads).fill(one), { axis: 2 }), ints(0, heads, -1, d)]);
  };
  params.blocks.forEach(({ attention, attentionNorm, up, gate, down, norm: ownNorm }, i) => {
    const h = norm(x, attentionNorm);
    const q = turned(split(layer(h, attention.query), heads));
    const k = repeated(grown(turned(split(layer(h, attention.key), keyValueHeads)), `${i}.key`));
    const v = repeated(grown(split(layer(h, attention.value), keyValueHeads), `${i}.value`));
    const scores = op("Mul", [op("MatMul", [q, op("Transpose", [k], { perm: [0, 1, 3, 2] })]), f(1 / Math.sqrt(d))]);
    const y = op("MatMul", [op("Softmax", [op("Add", [scores, bias])], { axis: -1 }), v]);
    x = op("Add", [x, layer(op("Reshape", [op("Transpose", [y], { perm: [0, 2, 1, 3] }), ints(0, 0, width)]), attention.out)]);
    const g = norm(x, ownNorm);
    const u = layer(g, up);
    const a = gate ? layer(g, gate) : u;
    const phi = gate ? op("Mul", [op("Mul", [a, op("Sigmoid", [a])]), u]) : op("Gelu", [a]);
    x = op("Add", [x, layer(phi, down)]);
  });
  let hidden = norm(x, params.norm);
  if (layout.hidden) named(hidden, "last_hidden_state");
  if (keep) {
    const from = op("Neg", [op("Unsqueeze", ["num_logits_to_keep", ints(0)])]);
    hidden = op("Slice", [hidden, from, ints(2 ** 40), ints(1)]);
  }
  const rounded = (x: string, w: NdArray): string => {
    const v = toNumbers(w);
    const unit = Math.max(...v.map(Math.abs)) / 127;
    const bytes = c(
      ndarray(
        Uint8Array.from(v, (y) => 128 + Math.round(y / unit)),
        w.shape,
        "u8",
      ),
    );
    const [xs, scale, zero] = ops("DynamicQuantizeLinear", [x], {}, 3);
    const sums = op("MatMulInteger", [xs, bytes, zero, c(ndarray(Uint8Array.of(128), [], "u8"))]);
    return op("Mul", [op("Cast", [sums], { to: FLOAT }), op("Mul", [scale, f(unit)])]);
  };
  const table = (): NdArray => transposed(params.symbols.table);
  const plain = layout.quantized
    ? rounded(hidden, params.head?.w ?? table())
    : params.head
      ? layer(hidden, params.head)
      : op("MatMul", [hidden, c(table())]);
  const cached = op("Greater", [length, op("Squeeze", [own, ints(0)])]);
  const right = layout.branch ? op("Equal", ["use_cache_branch", cached]) : "";
  const logits = layout.branch ? op("Where", [right, plain, f(Number.NaN)]) : plain;
  named(half ? op("Cast", [logits], { to: HALF }) : logits, "logits");

  const port = (name: string, elemType: number, shape: readonly (number | string)[]): onnxProto.onnx.IValueInfoProto => ({
    name,
    type: { tensorType: { elemType, shape: { dim: shape.map((n) => (typeof n === "number" ? { dimValue: n } : { dimParam: n })) } } },
  });
  const names = pasts ? Array.from({ length: depth }, (_, i) => [`${i}.key`, `${i}.value`]).flat() : [];
  const cache = (prefix: string, length: string): onnxProto.onnx.IValueInfoProto[] =>
    names.map((name) =>
      port(`${prefix}.${name}`, half ? HALF : FLOAT, [
        "batch",
        layout.symbolic ? "heads" : keyValueHeads,
        length,
        layout.symbolic ? "width" : d,
      ]),
    );
  const graph = {
    name: "decoder",
    node,
    initializer,
    input: [
      port("input_ids", INT64, ["batch", "tokens"]),
      port("attention_mask", INT64, ["batch", "all"]),
      ...(hasPositions ? [port("position_ids", INT64, ["batch", "tokens"])] : []),
      ...(keep ? [port("num_logits_to_keep", INT64, [])] : []),
      ...(layout.branch ? [port("use_cache_branch", BOOL, [1])] : []),
      ...cache("past_key_values", "past"),
      ...(layout.other ? [port(layout.other, FLOAT, ["batch", 3])] : []),
    ],
    output: [
      port("logits", half ? HALF : FLOAT, ["batch", "tokens", vocabulary]),
      ...cache("present", "all"),
      ...(layout.hidden ? [port("last_hidden_state", FLOAT, ["batch", "tokens", width])] : []),
    ],
  };
  return onnx.ModelProto.encode({ irVersion: 9, opsetImport: opsets, graph }).finish();
}

const opsets = [
  { domain: "", version: 20 },
  { domain: "com.microsoft", version: 1 },
];

/** Both graphs as branches, as Optimum merges them: their names differ, inputs are those of the whole. */
function merged(config: CausalTransformer, params: CausalParameters<NdArray>, layout: Layout): Uint8Array {
  const part = (own: Layout): onnxProto.onnx.IGraphProto =>
    onnx.ModelProto.decode(exportDecoder(config, params, { ...layout, merged: false, ...own })).graph ?? {};
  const whole = part({ branch: true });
  const inputs = new Set((whole.input ?? []).map(({ name }) => name));
  const branch = (graph: onnxProto.onnx.IGraphProto, prefix: string): onnxProto.onnx.IGraphProto => {
    const own = (name: string): string => (name === "" || inputs.has(name) ? name : prefix + name);
    return {
      name: prefix,
      node: (graph.node ?? []).map((n) => ({ ...n, name: prefix + n.name, input: n.input?.map(own), output: n.output?.map(own) })),
      initializer: (graph.initializer ?? []).map((tensor) => ({ ...tensor, name: own(tensor.name ?? "") })),
      output: (graph.output ?? []).map((port) => ({ ...port, name: own(port.name ?? "") })),
    };
  };
  const output = whole.output ?? [];
  const node = nodeOf({
    ...{ op: "If", in: ["use_cache_branch"], out: output.map(({ name }) => name ?? ""), name: "branches" },
    attributes: { then_branch: { g: branch(part({}), "with_") }, else_branch: { g: branch(part({ first: true }), "without_") } },
  });
  const graph = { name: "merged", node: [node], input: whole.input, output };
  return onnx.ModelProto.encode({ irVersion: 9, opsetImport: opsets, graph }).finish();
}

/** Numbers of 0 … 15 for [outputs, inputs], around 8, and the unit of each block of 16 inputs. */
function fourBits(w: NdArray): { codes: Uint8Array; units: number[] } {
  const [inputs, outputs] = w.shape;
  const v = toNumbers(w);
  const codes = new Uint8Array(inputs * outputs);
  const units: number[] = [];
  for (let o = 0; o < outputs; o++)
    for (let from = 0; from < inputs; from += 16) {
      const block = Array.from({ length: 16 }, (_, i) => v[(from + i) * outputs + o]);
      const unit = Math.fround(Math.max(...block.map(Math.abs)) / 7);
      units.push(unit);
      block.forEach((x, i) => void (codes[o * inputs + from + i] = 8 + Math.round(x / unit)));
    }
  return { codes, units };
}

/** The weights that four bits stand for. */
export function rounded4(w: NdArray): NdArray {
  const [inputs, outputs] = w.shape;
  const { codes, units } = fourBits(w);
  const value = (i: number, o: number): number => (codes[o * inputs + i] - 8) * units[(o * inputs + i - (i % 16)) / 16];
  return ndarray(
    Float32Array.from({ length: inputs * outputs }, (_, e) => value(Math.floor(e / outputs), e % outputs)),
    w.shape,
    "f32",
  );
}

function transposed(table: NdArray): NdArray {
  const [rows, columns] = table.shape;
  const v = toNumbers(table);
  return ndarray(
    Float32Array.from(v, (_, i) => v[(i % rows) * columns + Math.floor(i / rows)]),
    [columns, rows],
    "f32",
  );
}
