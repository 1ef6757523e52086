import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import * as onnx from "../../src/onnx/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";

const file = (name: string): Uint8Array => readFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** Largest difference, relative to the largest of the expected values. */
function difference(a: NdArray, b: NdArray): number {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [nd.toNumbers(a), nd.toNumbers(b)];
  return Math.max(...x.map((v, i) => Math.abs(v - y[i]))) / Math.max(...y.map(Math.abs));
}

test.each([
  ["convnet", "head.weight"],
  ["convnet-13", "head.weight"],
  ["encoder", "table.weight"],
  ["attention-17", "qkv.weight"],
])("%s, written by PyTorch, has PyTorch's values and gradients", async (name, parameter) => {
  const model = onnx.fromOnnx(file(`${name}.onnx`));
  const expected = nd.readNpz(file(`${name}.npz`)) as Record<string, NdArray>;
  const inputs = model.inputs.map((_, i) => expected[`input${i}`]);
  const floats = inputs.flatMap((x, i) => (x.dtype === "f32" ? [i] : []));
  type Weights = Record<string, Tensor>;
  const program = pf.jit((params: Weights, xs: Tensor[], weight: Tensor) => {
    const loss = (p: Weights, ys: Tensor[]): Tensor =>
      model
        .apply(p, ...xs.map((x, i) => (floats.includes(i) ? ys[floats.indexOf(i)] : x)))[0]
        .mul(weight)
        .sum();
    const at = floats.map((i) => xs[i]);
    const [, back] = pf.vjp(loss, params, at);
    const [gp, gx] = back(pf.scalar(1, "f32"));
    return { y: model.apply(params, ...xs)[0], gp, gx };
  });
  const { y, gp, gx } = await program(model.params, inputs, expected.weight);
  expect(difference(y, expected.output)).toBeLessThan(1e-4);
  floats.forEach((i, k) => expect(difference(gx[k], expected[`gradient${i}`])).toBeLessThan(1e-4));
  const found = parameterGradient(gp, parameter, expected.parameterGradient);
  expect(difference(found, expected.parameterGradient)).toBeLessThan(1e-4);
});

/** Exporters may rename the weight of a product, and store it transposed. */
function parameterGradient(gradients: Record<string, NdArray>, name: string, like: NdArray): NdArray {
  if (gradients[name]) return gradients[name];
  const [rows, columns] = like.shape;
  const g = Object.values(gradients).find((a) => a.shape.length === 2 && a.shape[0] === columns && a.shape[1] === rows);
  if (!g) throw new Error(`no gradient of ${name} among ${Object.keys(gradients).join(", ")}`);
  const data = Float32Array.from({ length: rows * columns }, (_, i) => g.data[(i % columns) * rows + Math.floor(i / columns)] as number);
  return nd.ndarray(data, like.shape, "f32");
}

test("named lengths are bound by the call", async () => {
  const model = onnx.fromOnnx(file("attention-17.onnx"));
  expect(model.inputs).toEqual([{ name: "x0", dtype: "f32", shape: ["batch", "tokens", 8] }]);
  for (const [batch, tokens] of [
    [1, 1],
    [3, 9],
  ]) {
    const x = nd.randomStream(1).normal([batch, tokens, 8]);
    const [y] = await pf.jit((p: Record<string, Tensor>, x: Tensor) => model.apply(p, x))(model.params, x);
    expect(y.shape).toEqual([batch, tokens, 14]);
  }
});
