/** Graphs of ONNX as calls, for the benchmark of lowerings. */
import * as ort from "onnxruntime-node";
import { type NdArray, randomStream } from "../src/array/index.ts";
import { attributeProto, type Onnx } from "../src/tensor/proto.ts";
import { serialize, valueInfo } from "../src/tensor/write.ts";

export type Call = () => Promise<unknown>;

const rng = randomStream(0);
export const normal = (shape: readonly number[]): NdArray<"f32"> => rng.normal([...shape]);

/** A node of ONNX by what it is called, what it takes and gives. */
export const node = (
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, unknown> = {},
  domain?: string,
): Onnx.INodeProto => ({
  ...{ opType, input, output, name: output[0] },
  ...(domain && { domain }),
  attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
});

/** A graph of arrays, as a call of a session with these options. */
export async function session(
  nodes: Onnx.INodeProto[],
  inputs: Readonly<Record<string, NdArray<"f32">>>,
  output: readonly number[],
  options: ort.InferenceSession.SessionOptions,
): Promise<Call> {
  const graph = {
    ...{ name: "lowering", node: nodes },
    input: Object.entries(inputs).map(([name, { shape }]) => valueInfo(name, { dtype: "f32", shape })),
    output: [valueInfo("y", { dtype: "f32", shape: output })],
  };
  const running = await ort.InferenceSession.create(serialize(graph, {}), { logSeverityLevel: 4, ...options });
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, new ort.Tensor("float32", data, shape)]));
  return () => running.run(feeds);
}
