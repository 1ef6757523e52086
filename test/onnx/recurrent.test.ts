/** Recurrent layers, older and newer operator sets, weights in other files: as ONNX Runtime computes them. */
import { expect, test } from "vitest";
import { array, type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import { fromOnnx, withExternalData } from "../../src/onnx/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { onnx } from "../../src/tensor/proto.ts";
import { type Attribute, build, runRead, runWithOrt } from "./build.ts";

const normal = (...shape: number[]): NdArray => randomStream(`recurrent ${shape}`).normal(shape, "f32");

async function agree(bytes: Uint8Array, inputs: Record<string, NdArray>, outputs: readonly string[], tolerance = 2e-5): Promise<void> {
  const wanted = await runWithOrt(bytes, inputs, outputs);
  const found = await runRead(bytes, inputs);
  for (const [i, a] of found.entries()) {
    expect(a.shape).toEqual([...wanted[i].shape]);
    const [x, y] = [toNumbers(a), toNumbers(wanted[i])];
    expect(Math.max(0, ...x.map((v, k) => Math.abs(v - y[k]) / (1 + Math.abs(y[k]))))).toBeLessThan(tolerance);
  }
}

const [steps, batch, width, hidden] = [5, 3, 4, 2];
const gates = { RNN: 1, GRU: 3, LSTM: 4 } as const;

function layer(op: keyof typeof gates, directions: number, options: Record<string, Attribute>, given: readonly string[]): Uint8Array {
  const g = gates[op] * hidden;
  const all: Record<string, NdArray> = {
    ...{ w: normal(directions, g, width), r: normal(directions, g, hidden), b: normal(directions, 2 * g) },
    ...{ lengths: array([5, 2, 4], "i32"), h: normal(directions, batch, hidden), c: normal(directions, batch, hidden) },
    p: normal(directions, 3 * hidden),
  };
  const slots = ["w", "r", "b", "lengths", "h", ...(op === "LSTM" ? ["c", "p"] : [])];
  const names = slots.map((name) => (name === "w" || name === "r" || given.includes(name) ? name : ""));
  const constants = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
  const outputs = op === "LSTM" ? ["y", "yh", "yc"] : ["y", "yh"];
  const node = { op, in: ["x", ...names], out: outputs, attributes: { hidden_size: hidden, ...options } };
  return build([node], { x: normal(steps, batch, width) }, constants, Object.fromEntries(outputs.map((name) => [name, "f32"])), {
    opset: 14,
  });
}

for (const op of ["RNN", "GRU", "LSTM"] as const)
  test(`${op}: all directions, lengths of sequences, first states, clipping, as ONNX Runtime has it`, async () => {
    const cases: [number, Record<string, Attribute>, string[]][] = [
      [1, {}, []],
      [1, {}, ["b", "h", "c"]],
      [1, { direction: "reverse" }, ["b", "lengths"]],
      [2, { direction: "bidirectional" }, ["b", "lengths", "h", "c"]],
      [1, { clip: { f: 0.5 } }, ["b"]],
      ...(op === "GRU" ? [[1, { linear_before_reset: 1 }, ["b", "h"]] as [number, Record<string, Attribute>, string[]]] : []),
      ...(op === "LSTM" ? [[1, {}, ["b", "p", "c", "h"]] as [number, Record<string, Attribute>, string[]]] : []),
    ];
    for (const [directions, options, given] of cases) {
      const outputs = op === "LSTM" ? ["y", "yh", "yc"] : ["y", "yh"];
      await agree(layer(op, directions, options, given), { x: normal(steps, batch, width) }, outputs);
    }
  });

test("a recurrent layer is differentiable by its weights: differences of the loss", async () => {
  const model = fromOnnx(layer("LSTM", 1, {}, ["b"]));
  const x = normal(steps, batch, width);
  const loss = (w: pf.Tensor, others: Record<string, pf.Tensor>, x: pf.Tensor): pf.Tensor =>
    model
      .apply({ ...others, w }, x)[0]
      .square()
      .sum();
  const slope = pf.jit((w: pf.Tensor, others: Record<string, pf.Tensor>, x: pf.Tensor) => pf.grad((w: pf.Tensor) => loss(w, others, x))(w));
  const value = pf.jit(loss);
  const { w, ...others } = model.params;
  const direction = normal(...w.shape);
  const moved = (h: number): NdArray =>
    array(
      toNumbers(w).map((v, i) => v + h * toNumbers(direction)[i]),
      "f32",
      w.shape,
    );
  const h = 1e-2;
  const [up, down] = [await value(moved(h), others, x), await value(moved(-h), others, x)];
  const along = toNumbers(await slope(w, others, x)).reduce((sum, g, i) => sum + g * toNumbers(direction)[i], 0);
  // the difference has an error of order h² and, in f32, of 1e-7 / h
  expect(Math.abs((toNumbers(up)[0] - toNumbers(down)[0]) / (2 * h) - along)).toBeLessThan(1e-2 * (1 + Math.abs(along)));
});

interface Old {
  readonly op: string;
  readonly opset: number;
  readonly x: NdArray;
  readonly attributes?: Record<string, Attribute>;
  readonly more?: readonly NdArray[];
  readonly outputs?: number;
}

const old: readonly Old[] = [
  { op: "Softmax", opset: 11, x: normal(2, 3, 4) },
  { op: "Softmax", opset: 7, x: normal(2, 3, 4), attributes: { axis: 2 } },
  { op: "LogSoftmax", opset: 12, x: normal(2, 3, 4), attributes: { axis: 1 } },
  { op: "Clip", opset: 10, x: normal(3, 4), attributes: { min: { f: -0.5 }, max: { f: 0.25 } } },
  { op: "Clip", opset: 7, x: normal(3, 4), attributes: { max: { f: 0.25 } } },
  { op: "Pad", opset: 10, x: normal(2, 3), attributes: { pads: [0, 1, 1, 2], value: { f: 2.5 } } },
  { op: "Pad", opset: 7, x: normal(2, 3), attributes: { pads: [0, 1, 0, 1], mode: "reflect" } },
  { op: "Slice", opset: 9, x: normal(4, 5), attributes: { starts: [1, 0], ends: [3, -1], axes: [0, 1] } },
  { op: "Slice", opset: 7, x: normal(4, 5), attributes: { starts: [1], ends: [1000] } },
  { op: "Upsample", opset: 9, x: normal(1, 2, 3, 3), attributes: { mode: "nearest" }, more: [array([1, 1, 2, 2])] },
  { op: "Upsample", opset: 7, x: normal(1, 2, 3, 3), attributes: { mode: "nearest", scales: { fs: [1, 1, 2, 3] } } },
  { op: "Resize", opset: 10, x: normal(1, 2, 4, 4), attributes: { mode: "linear" }, more: [array([1, 1, 2, 2])] },
  { op: "ReduceSum", opset: 11, x: normal(2, 3, 4), attributes: { axes: [1], keepdims: 0 } },
  { op: "Squeeze", opset: 11, x: normal(2, 1, 4), attributes: { axes: [1] } },
  { op: "Unsqueeze", opset: 7, x: normal(2, 4), attributes: { axes: [0, 2] } },
  { op: "Dropout", opset: 10, x: normal(2, 4), attributes: { ratio: { f: 0.3 } } },
  { op: "Split", opset: 11, x: normal(5, 2), attributes: { axis: 0, split: [2, 3] }, outputs: 2 },
  { op: "BatchNormalization", opset: 7, x: normal(2, 3, 2, 2), more: [normal(3), normal(3), normal(3), array([1, 2, 0.5])] },
  { op: "BatchNormalization", opset: 9, x: normal(2, 3, 2, 2), more: [normal(3), normal(3), normal(3), array([1, 2, 0.5])] },
  { op: "RMSNormalization", opset: 23, x: normal(2, 6), more: [normal(6)] },
  { op: "Softmax", opset: 23, x: normal(2, 3, 4) },
  { op: "Softmax", opset: 24, x: normal(2, 3, 4) },
];

for (const { op, opset, x, attributes, more = [], outputs = 1 } of old)
  test(`${op} of operator set ${opset}${attributes ? ` with ${Object.keys(attributes)}` : ""}`, async () => {
    const constants = Object.fromEntries(more.map((a, i) => [`c${i}`, a]));
    const out = Array.from({ length: outputs }, (_, i) => `y${i}`);
    const node = { op, in: ["x", ...Object.keys(constants)], out, attributes };
    const bytes = build([node], { x }, constants, Object.fromEntries(out.map((name) => [name, "f32" as const])), { opset });
    await agree(bytes, { x }, out);
  });

test("TopK of operator set 9, Scatter of 9", async () => {
  const x = normal(3, 5);
  const top = build([{ op: "TopK", in: ["x"], out: ["v", "i"], attributes: { k: 2 } }], { x }, {}, { v: "f32", i: "i64" }, { opset: 9 });
  const [wanted] = await runWithOrt(top, { x }, ["v"]);
  expect(toNumbers((await runRead(top, { x }))[0])).toEqual(toNumbers(wanted));
  const constants = { i: array([[1, 0, 2]], "i64"), u: normal(1, 3) };
  const scatter = build([{ op: "Scatter", in: ["x", "i", "u"], out: ["y"] }], { x }, constants, { y: "f32" }, { opset: 9 });
  await agree(scatter, { x }, ["y"]);
});

test("operator sets before 7, after 25, and the batches of Scan-8 are refused", () => {
  const of = (op: string, opset: number): Uint8Array =>
    build([{ op, in: ["x"], out: ["y"] }], { x: normal(2) }, {}, { y: "f32" }, { opset });
  expect(() => fromOnnx(of("Relu", 6))).toThrow(/operator set 6 is not among 7 to 25/);
  expect(() => fromOnnx(of("Relu", 26))).toThrow(/operator set 26/);
  expect(() => fromOnnx(of("Scan", 8))).toThrow(/Scan of operator set 8/);
});

test("weights in another file are read from there; places outside the folder or the file are refused", async () => {
  const x = normal(2, 3);
  const w = normal(3, 2);
  const inside = build([{ op: "MatMul", in: ["x", "w"], out: ["y"] }], { x }, { w }, { y: "f32" });
  const moved = (...entries: [string, string][]): Uint8Array => {
    const model = onnx.ModelProto.decode(inside);
    const [proto] = model.graph?.initializer ?? [];
    proto.rawData = new Uint8Array();
    proto.dataLocation = 1;
    proto.externalData = entries.map(([key, value]) => ({ key, value }));
    return onnx.ModelProto.encode(model).finish();
  };
  const file = new Uint8Array(40);
  file.set(new Uint8Array(w.data.buffer), 8);
  const bytes = withExternalData(moved(["location", "w.bin"], ["offset", "8"], ["length", "24"]), (name) =>
    name === "w.bin" ? file : new Uint8Array(),
  );
  const [y] = await runRead(bytes, { x });
  expect(toNumbers(y)).toEqual(toNumbers((await runRead(inside, { x }))[0]));
  for (const location of ["../w.bin", "/etc/passwd", "a/../../b", "c:\\w", ""])
    expect(() => withExternalData(moved(["location", location]), () => file)).toThrow(/not below the model's folder/);
  expect(() => withExternalData(moved(["location", "w.bin"], ["offset", "30"], ["length", "24"]), () => file)).toThrow(
    /bytes 30 to 54 of w.bin, which has 40/,
  );
  expect(() => fromOnnx(moved(["location", "w.bin"]))).toThrow(/in another file/);
});

test("sequence lengths that a model is given when it runs", async () => {
  const constants = { w: normal(1, 3 * hidden, width), r: normal(1, 3 * hidden, hidden) };
  const inputs = { x: normal(steps, batch, width), lengths: array([1, 5, 3], "i32") };
  const node = { op: "GRU", in: ["x", "w", "r", "", "lengths"], out: ["y"], attributes: { hidden_size: hidden } };
  await agree(build([node], inputs, constants, { y: "f32" }, { opset: 14 }), inputs, ["y"]);
});
