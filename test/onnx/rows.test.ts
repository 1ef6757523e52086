import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { mapTree, type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import * as nn from "../../src/nn/index.ts";
import { fromOnnx, toOnnx } from "../../src/onnx/index.ts";
import * as t from "../../src/tensor/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";

/** A program, and the shape of one input. */
type Case = readonly [name: string, f: (x: Tensor) => Tensor, input: readonly number[]];

function fixed(network: nn.Network): (x: Tensor) => Tensor {
  const { params, stats } = network.init(randomStream(1));
  const lift = (tree: object) => mapTree<object>((a: NdArray) => t.constant(a), tree);
  return (x) => network.apply(lift(params), lift(stats), x, false).y;
}

const potential = fixed(nn.mlpNetwork([3], 1, { width: 8 }));
const cases: Case[] = [
  ["an MLP", fixed(nn.mlpNetwork([5], 3, { width: 8 })), [5]],
  ["a convolutional network", fixed(nn.cnn([2, 8, 8], 4, { width: 4, depth: 2 })), [2, 8, 8]],
  ["a residual network", fixed(nn.resnet([1, 8, 8], 4, { width: 4 })), [1, 8, 8]],
  ["a vision transformer", fixed(nn.vit([1, 8, 8], 4, { width: 8, depth: 1, heads: 2, patch: 4 })), [1, 8, 8]],
  ["a gradient in the input", (x) => t.grad((z: Tensor) => potential(z).square().sum())(x), [3]],
  ["rows merged with positions", (x) => t.softmax(x.reshape([x.shape[0] * 2, 3])), [2, 3]],
  ["sorting and a constant for each row", (x) => t.sort(x).mul(t.iota(4, "f32").add(1)).add(x.mul(0).sum(1, true).add(2)), [4]],
  ["pools, inside and beside branches", (x) => t.maxPool(x, 2).reshape([x.shape[0], -1]), [2, 8, 8]],
  [
    "extrema, places and counts",
    (x) =>
      t
        .max(x, -1)
        .add(t.argmax(x).cast("f32"))
        .add(t.sum(t.greater(x, 0), -1).cast("f32")),
    [5],
  ],
  ["loops over rows", (x) => t.scan((c: Tensor) => ({ carry: c.mul(0.5).add(x) }), x, 3).carry, [4]],
];

describe("a model for any number of rows", () => {
  test.each(cases)("%s gives for each number of rows what the program gives", async (_, f, input) => {
    const file = toOnnx(f, [nd.allocate("f32", [2, ...input])], { anyRows: true, inputNames: ["x"], outputNames: ["y"] });
    const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
    for (const rows of [1, 2, 7, 64]) {
      const x = randomStream(rows).normal([rows, ...input]);
      const { y } = await session.run({ x: new ort.Tensor("float32", x.data as Float32Array, x.shape) });
      const expected = await jit(f)(x);
      expect(y.dims).toEqual(expected.shape);
      toNumbers(expected).forEach((v, i) => expect(Number(y.data[i])).toBeCloseTo(v, 4));
    }
    // and it can be read again
    const model = fromOnnx(file);
    expect(model.inputs[0].shape).toEqual(["rows", ...input]);
    const x = randomStream(9).normal([3, ...input]);
    const again = await jit((p: Record<string, Tensor>, z: Tensor) => model.apply(p, z)[0])({ ...model.params }, x);
    toNumbers(await jit(f)(x)).forEach((v, i) => expect(toNumbers(again)[i]).toBeCloseTo(v, 4));
  });

  test("a mean over the rows depends on their number, and is refused", () => {
    expect(() => toOnnx((x: Tensor) => x.sub(x.mean(0)), [nd.allocate("f32", [4, 2])], { anyRows: true })).toThrow(/any number of rows/);
    expect(() => toOnnx((x: Tensor) => x.mul(2), [nd.allocate("f32", [])], { anyRows: true })).toThrow(/no input has rows/);
  });
});
