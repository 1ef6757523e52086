import { expect, test } from "vitest";
import { flatten, isArrayLeaf, mapTree, type NdArray, ndarray, randomStream, sizeOf, toNumbers } from "../../src/array/index.ts";
import * as nn from "../../src/nn/index.ts";
import { fromOnnx, toOnnx } from "../../src/onnx/index.ts";
import { constant, grad, jit, type Tensor } from "../../src/tensor/index.ts";

const numbers = (tree: unknown): number => (flatten(tree, isArrayLeaf).leaves as NdArray[]).reduce((s, a) => s + sizeOf(a.shape), 0);

// parameters counted by hand: k² c_in c_out for a convolution, 2 c for a normalisation, (in + 1) out for a dense layer
const image = [2, 8, 8];
const conv = (a: number, b: number, k = 3): number => k * k * a * b + 2 * b;
const block = (w: number): number => 4 * w * (w + 1) + 2 * (2 * w) + (w + 1) * 4 * w + (4 * w + 1) * w;
const cases: readonly (readonly [name: string, nn.Network, parameters: number, statistics: number])[] = [
  ["mlp", nn.mlpNetwork(image, 5, { width: 6, depth: 2 }), 129 * 6 + 7 * 6 + 7 * 5, 0],
  ["cnn", nn.cnn(image, 5, { width: 4, depth: 2 }), conv(2, 4) + conv(4, 8) + 9 * 5, 24],
  ["vgg", nn.vgg(image, 5, { width: 3, depth: 2 }), conv(2, 3) + conv(3, 3) + conv(3, 6) + conv(6, 6) + 7 * 5, 36],
  [
    "resnet",
    nn.resnet(image, 5, { width: 4, depth: 1 }),
    conv(2, 4) + 2 * conv(4, 4) + conv(4, 8) + conv(8, 8) + conv(4, 8, 1) + conv(8, 16) + conv(16, 16) + conv(8, 16, 1) + 17 * 5,
    8 + 16 + 48 + 96,
  ],
  ["vit", nn.vit(image, 5, { width: 8, depth: 2, heads: 2, patch: 4 }), 33 * 8 + 4 * 8 + 2 * block(8) + 16 + 9 * 5, 0],
];

test.each(cases)(
  "%s has the parameters that its layers count, and each of them moves the loss",
  async (_, network, parameters, statistics) => {
    const { params, stats } = network.init(randomStream(1));
    expect(numbers(params)).toBe(parameters);
    expect(numbers(stats)).toBe(statistics);
    const x = randomStream(2).normal([3, ...image]);
    const y = randomStream(3).normal([3, 5]);
    const g = await jit((p: object, s: object, x: Tensor, y: Tensor) =>
      grad((q: object) => network.apply(q, s, x, true).y.sub(y).square().sum())(p),
    )(params, stats, x, y);
    for (const leaf of flatten(g, isArrayLeaf).leaves as NdArray[]) expect(toNumbers(leaf).some((v) => v !== 0)).toBe(true);
  },
);

test("outputs of a row in evaluation mode do not depend on the other rows", async () => {
  for (const [, network] of cases) {
    const { params, stats } = network.init(randomStream(1));
    const f = jit((p: object, s: object, x: Tensor) => network.apply(p, s, x, false).y);
    const x = randomStream(2).normal([4, ...image]);
    const all = toNumbers(await f(params, stats, x));
    const first = ndarray((x.data as Float32Array<ArrayBuffer>).slice(0, 128), [1, ...image], "f32");
    const one = toNumbers(await f(params, stats, first));
    one.forEach((v, i) => expect(v).toBeCloseTo(all[i], 4));
  }
});

test("batch normalisation gives every channel mean 0 and deviation 1, and its running averages go to the data's", async () => {
  const { params, stats } = nn.batchNorm.init(3);
  const x = randomStream(4).normal([64, 3, 5, 5]);
  for (let i = 0; i < x.data.length; i++) x.data[i] = x.data[i] * (1 + (Math.floor(i / 25) % 3)) + 4;
  const step = jit((s: nn.BatchStatistics, x: Tensor) =>
    nn.batchNorm.apply(
      mapTree((a: NdArray) => constant(a), params),
      s,
      x,
      { training: true },
    ),
  );
  const { y } = await step(stats, x);
  const channel = (values: readonly number[], c: number): number[] => values.filter((_, i) => Math.floor(i / 25) % 3 === c);
  const moments = (v: number[]): [number, number] => {
    const mean = v.reduce((s, a) => s + a, 0) / v.length;
    return [mean, v.reduce((s, a) => s + (a - mean) ** 2, 0) / v.length];
  };
  let state = stats;
  for (let i = 0; i < 200; i++) state = (await step(state, x)).stats;
  for (const c of [0, 1, 2]) {
    const [mean, variance] = moments(channel(toNumbers(y), c));
    expect(mean).toBeCloseTo(0, 4);
    expect(variance).toBeCloseTo(1, 3);
    const [dataMean, dataVariance] = moments(channel(toNumbers(x), c));
    // (1 - 0.1)^200 = 7e-10 of the start is left
    expect(toNumbers(state.mean)[c]).toBeCloseTo(dataMean, 4);
    expect(toNumbers(state.variance)[c] / dataVariance).toBeCloseTo(1, 4);
  }
});

test("a network that was written to a file goes on from there, for any number of rows", async () => {
  const network: nn.Network = nn.cnn(image, 5, { width: 4, depth: 2 });
  const { params, stats } = network.init(randomStream(1));
  const lifted = (tree: object) => mapTree<object>((a: NdArray) => constant(a), tree);
  const x = randomStream(2).normal([10, ...image]);
  const file = toOnnx(
    (x: Tensor) => network.apply(lifted(params), lifted(stats), x, false).y,
    [ndarray(new Float32Array(4 * 128), [4, ...image], "f32")],
  );
  const read = nn.onnxNetwork(fromOnnx(file));
  const again = read.init(randomStream(0));
  const y = await jit((x: Tensor) => network.apply(lifted(params), lifted(stats), x, false).y)(x);
  const z = await jit((p: Record<string, Tensor>, x: Tensor) => read.apply(p, {}, x, false).y)(again.params, x);
  expect(z.shape).toEqual([10, 5]);
  toNumbers(z).forEach((v, i) => expect(v).toBeCloseTo(toNumbers(y)[i], 4));
});

test("shapes that do not fit are refused", () => {
  expect(() => nn.cnn([7], 2)).toThrow("needs images");
  expect(() => nn.vit(image, 2, { patch: 3 })).toThrow("patches of 3 do not tile 8 x 8");
  expect(() => nn.vit(image, 2, { width: 6, heads: 4 })).toThrow("does not divide among 4 heads");
});
