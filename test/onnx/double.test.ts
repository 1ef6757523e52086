/** Models of single precision that compute in f64. */
import { expect, test } from "vitest";
import { array, randomStream, toNumbers } from "../../src/array/index.ts";
import { fromOnnx } from "../../src/onnx/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { build } from "./build.ts";

const rng = randomStream("double");
const [W, b] = [rng.normal([3, 2]), rng.normal([2])];
const model = build(
  [
    { op: "MatMul", in: ["x", "W"], out: ["u"] },
    { op: "Cast", in: ["u"], out: ["v"], attributes: { to: 1 } },
    { op: "Constant", in: [], out: ["third"], attributes: { value: { t: array(1 / 3, "f32", []) } } },
    { op: "Mul", in: ["v", "third"], out: ["w"] },
    { op: "Add", in: ["w", "b"], out: ["s"] },
    { op: "Elu", in: ["s"], out: ["y"] },
  ],
  { x: array([1, 1, 1], "f32", [1, 3]) },
  { W, b },
  { y: "f32" },
);

test("a model read in f64 has the weights of its file and rounds nothing between input and output", async () => {
  const read = fromOnnx(model, { dtype: "f64" });
  expect([read.inputs[0].dtype, read.outputs[0].dtype, read.params.W.dtype]).toEqual(["f64", "f64", "f64"]);
  const x = [0.1, -0.7, 1.3];
  const [y] = await jit((p: Record<string, Tensor>, v: Tensor) => read.apply(p, v))(read.params, array(x, "f64", [1, 3]));
  const expected = [0, 1].map((j) => {
    const s = x.reduce((sum, v, i) => sum + v * W.data[2 * i + j], 0) * Math.fround(1 / 3) + b.data[j];
    return s > 0 ? s : Math.expm1(s);
  });
  // sums of three products in another order: a few ulps, where f32 would be off by 1e-8
  toNumbers(y).forEach((v, j) => expect(Math.abs(v - expected[j])).toBeLessThan(1e-15));
});

test("f64 given to a model of single precision is refused, not rounded", () => {
  const read = fromOnnx(model);
  expect(() => read.apply(read.params, array([1, 2, 3], "f64", [1, 3]))).toThrow(/input "x" is f32, and was given f64.*dtype: "f64"/);
});
