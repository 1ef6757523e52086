/** ONNX's own tests of operators (fixtures/nodes.py): each gives the standard's numbers, or is refused by the name of what it lacks. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import onnxProto from "onnx-proto";
import { expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import * as models from "../../src/onnx/index.ts";
import { fromTensorProto } from "../../src/onnx/reader/proto.ts";
import * as pf from "../../src/tensor/index.ts";

const { onnx } = onnxProto;
type Model = onnxProto.onnx.IModelProto;
type TensorProto = onnxProto.onnx.ITensorProto;

interface Case {
  readonly name: string;
  readonly model: Model;
  readonly inputs: readonly TensorProto[];
  readonly outputs: readonly (TensorProto | undefined)[];
}

const bytes = (text: string): Uint8Array => Buffer.from(text, "base64");

function readCase(line: string): Case {
  const [name, model, ...lists] = JSON.parse(line) as [string, string, (string | null)[], (string | null)[]];
  const [inputs, outputs] = lists.map((list) => list.map((t) => (t === null ? undefined : onnx.TensorProto.decode(bytes(t)))));
  return { name, model: onnx.ModelProto.decode(bytes(model)), inputs: inputs.filter((t) => t !== undefined), outputs };
}

const fixture = readFileSync(new URL("fixtures/nodes.json.gz", import.meta.url));
const cases = gunzipSync(fixture).toString().split("\n").map(readCase);
const operatorOf = ({ model }: Case): string => model.graph?.node?.at(-1)?.opType ?? "";

/** The tests give shapes, axes and the like as inputs, which must be known when a program is made: then all inputs become constants. */
function withConstants({ model, inputs }: Case): Model {
  const names = (model.graph?.input ?? []).map((port) => port.name);
  return { ...model, graph: { ...model.graph, input: [], initializer: inputs.map((t, i) => ({ ...t, name: names[i] })) } };
}

/** The outputs of a test, or why it is refused. */
async function outcome(c: Case): Promise<nd.NdArray[] | string> {
  const attempt = async (model: Model, inputs: readonly TensorProto[]): Promise<nd.NdArray[] | string> => {
    try {
      const read = models.fromOnnx(onnx.ModelProto.encode(model).finish());
      const xs = inputs.map((t, i) => fromTensorProto(t, `input ${i}`));
      return await pf.jit((p: Record<string, pf.Tensor>, ys: pf.Tensor[]) => read.apply(p, ...ys))(read.params, xs);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("ONNX model: ")) throw error;
      return error.message;
    }
  };
  const first = await attempt(c.model, c.inputs);
  return typeof first === "string" && /depends on data/.test(first) ? attempt(withConstants(c), []) : first;
}

/** What is refused, and how many tests are for it. docs/engine.md has the reasons. */
const refused: readonly (readonly [reason: RegExp, tests: number])[] = [
  [/"\w+" has the element type (U?INT8|U?INT16|UINT32|UINT64), which programs lack/, 66],
  [/(Average|Max)Pool: a dilation of windows is not supported/, 5],
  [/MaxPool: a pool of i32 is not supported/, 1],
  [/MaxPool: the output of indices is not supported/, 2],
  [/BatchNormalization: training mode is not supported/, 2],
  [/Dropout: training mode \(programs take randomness as an input\) is not supported/, 4],
  [/ConvTranspose.*: (auto_pad "SAME_UPPER"|output_shape) is not supported/, 3],
  [/Einsum: einsum: cannot read "...ii ->...i"/, 1],
  [/GatherND: batch_dims is not supported/, 1],
  [/Reduce(Max|Min): (max|min): there are no elements/, 3],
  [/Resize: antialias or exclude_outside is not supported/, 6],
  [/Resize: align_corners with a scale that gives no whole length/, 2],
  [/Resize: coordinate_transformation_mode "(half_pixel_symmetric|tf_crop_and_resize)" is not supported/, 6],
  [/Resize: keep_aspect_ratio_policy is not supported/, 4],
  [/Scatter(Elements|ND): reduction "(max|min|mul)" is not supported/, 8],
];
const counts = refused.map(() => 0);

/** ONNX's own tolerance, 1e-3 of each number, beside roundings of the largest; halves are computed in f32 and rounded by ONNX. */
function expectAgrees(actual: nd.NdArray, proto: TensorProto, what: string): void {
  const expected = fromTensorProto(proto, what);
  expect(actual.shape, `${what}: shape`).toEqual(expected.shape);
  const [a, b] = [nd.toNumbers(actual), nd.toNumbers(expected)];
  const isHalf = proto.dataType === onnx.TensorProto.DataType.FLOAT16 || proto.dataType === onnx.TensorProto.DataType.BFLOAT16;
  const most = b.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0);
  a.forEach((v, i) => {
    const limit = (isHalf ? 2 ** -8 : 1e-3) * Math.abs(b[i]) + 1e-6 * most;
    if (!Object.is(v + 0, b[i] + 0) && !(Math.abs(v - b[i]) <= limit)) expect.fail(`${what}, element ${i}: ${v} is not ${b[i]}`);
  });
}

const operators = [...new Set(cases.map(operatorOf))].sort();
test.each(operators)("%s gives the standard's numbers, or says what it lacks", async (operator) => {
  for (const c of cases.filter((other) => operatorOf(other) === operator)) {
    const result = await outcome(c);
    if (typeof result === "string") {
      const reason = refused.findIndex(([pattern]) => pattern.test(result));
      expect(reason, `${c.name} is refused: ${result}`).toBeGreaterThanOrEqual(0);
      counts[reason]++;
    } else c.outputs.forEach((y, i) => y && expectAgrees(result[i], y, `${c.name}, output ${i}`));
  }
});

test("no more is refused than is known to be", () => {
  expect(counts).toEqual(refused.map(([, n]) => n));
});
