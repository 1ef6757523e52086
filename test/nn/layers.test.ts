import { expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import * as nn from "../../src/nn/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { difference, mean, shaken, variance } from "./differences.ts";

const rng = nd.randomStream("layers");
const f64 = { dtype: "f64" } as const;
const at = (a: NdArray, ...index: number[]): number => nd.toNumbers(a)[index.reduce((flat, i, axis) => flat * a.shape[axis] + i, 0)];

test("mlp is the composition of its affine maps and activations, written as loops", async () => {
  const params = shaken(nn.mlp.init(rng, [3, 5, 2], f64), rng);
  const x = rng.normal([4, 3], "f64");
  const y = await pf.jit((p: nn.Mlp, x: Tensor) => nn.mlp.apply(p, x, "tanh"))(params, x);
  const affine = ({ w, b }: nn.Dense<NdArray>, v: readonly number[]): number[] =>
    Array.from({ length: w.shape[1] }, (_, j) => v.reduce((s, vi, i) => s + vi * at(w, i, j), at(b as NdArray, j)));
  const expected = [0, 1, 2, 3].flatMap((row) => {
    const v = [0, 1, 2].map((i) => at(x, row, i));
    return affine(params[1], affine(params[0], v).map(Math.tanh));
  });
  expect(difference(y, expected)).toBeLessThan(1e-14);
});

test("a residual network starts as the affine map of its normalised input, whatever its blocks", async () => {
  const params = nn.residualMlp.init(rng, 3, 2, { blocks: 3, width: 8, dtype: "f64" });
  const x = rng.normal([4, 3], "f64");
  const y = await pf.jit(nn.residualMlp.apply)(params, x);
  const plain = await pf.jit((p: nn.ResidualMlp, x: Tensor) => nn.dense.apply(p.last, pf.standardize(nn.dense.apply(p.first, x))))(
    params,
    x,
  );
  expect(difference(y, plain)).toBeLessThan(1e-14);
  const moved = await pf.jit(nn.residualMlp.apply)(shaken(params, rng), x);
  expect(difference(moved, y)).toBeGreaterThan(0.1);
});

const reference: [nn.Activation, (x: number) => number][] = [
  ["elu", (x) => (x > 0 ? x : Math.expm1(x))],
  ["leakyRelu", (x) => (x > 0 ? x : 0.01 * x)],
  ["mish", (x) => x * Math.tanh(Math.log1p(Math.exp(x)))],
  ["silu", (x) => x / (1 + Math.exp(-x))],
  ["identity", (x) => x],
  [(x) => pf.square(x), (x) => x * x],
];
test.each(reference)("activation %s", async (name, f) => {
  const x = nd.array([-3, -0.5, 0, 0.2, 2], "f64");
  const y = await pf.jit((x: Tensor) => nn.activationOf(name)(x))(x);
  expect(difference(y, nd.toNumbers(x).map(f))).toBeLessThan(1e-14);
});

test("an unknown activation is refused with the known ones", () => {
  expect(() => nn.activationOf("swish2" as "silu")).toThrow(/"swish2" is none of .*silu/);
});

test("layer norm: rows have the parameters' mean and deviation, and do not see scale and offset of the input", async () => {
  const params = { scale: nd.array([2, 2, 2, 2, 2], "f64"), shift: nd.array([1, 1, 1, 1, 1], "f64") };
  const x = rng.normal([3, 5], "f64");
  const norm = pf.jit((p: nn.Norm, x: Tensor) => [nn.layerNorm.apply(p, x, 0), nn.layerNorm.apply(p, x.mul(7).add(3), 0)]);
  const [y, z] = await norm(params, x);
  expect(difference(z, y)).toBeLessThan(1e-13);
  for (let i = 0; i < 3; i++) {
    const row = nd.toNumbers(y).slice(5 * i, 5 * i + 5);
    expect(mean(row)).toBeCloseTo(1, 12);
    expect(variance(row)).toBeCloseTo(4, 12);
  }
});

test("RMS norm divides by the root mean square and sees only the direction", async () => {
  const params = nn.rmsNorm.init(4, f64);
  const x = rng.normal([3, 4], "f64");
  const [y, z] = await pf.jit((p: nn.Norm, x: Tensor) => [nn.rmsNorm.apply(p, x, 0), nn.rmsNorm.apply(p, x.mul(5), 0)])(params, x);
  expect(difference(z, y)).toBeLessThan(1e-14);
  for (let i = 0; i < 3; i++)
    expect(
      mean(
        nd
          .toNumbers(y)
          .slice(4 * i, 4 * i + 4)
          .map((v) => v * v),
      ),
    ).toBeCloseTo(1, 12);
});

test("group norm: each group of channels of an image is standardised by itself, then each channel scaled", async () => {
  const params = { scale: nd.array([1, 2, 3, 4], "f64"), shift: nd.array([0, 0, 5, 5], "f64") };
  const x = rng.normal([2, 4, 3, 2], "f64");
  const y = await pf.jit((p: nn.Norm, x: Tensor) => nn.groupNorm.apply(p, x, 2, 0))(params, x);
  const expected = nd.toNumbers(x).map((v, flat, all) => {
    const channel = Math.floor(flat / 6) % 4;
    const start = Math.floor(flat / 12) * 12;
    const group = all.slice(start, start + 12);
    return ((v - mean(group)) / Math.sqrt(variance(group))) * (channel + 1) + (channel > 1 ? 5 : 0);
  });
  expect(difference(y, expected)).toBeLessThan(1e-13);
  expect(() => pf.trace((p: nn.Norm, x: Tensor) => nn.groupNorm.apply(p, x, 3), [params, x])).toThrow(/4 channels do not make 3 groups/);
});

test("embedding looks rows up, its gradient adds up where symbols repeat, and attend is its transpose", async () => {
  const params = nn.embedding.init(rng, 5, 3, f64);
  const symbols = nd.array(
    [
      [4, 1],
      [1, 0],
    ],
    "i32",
  );
  const program = pf.jit((p: nn.Embedding, s: Tensor) => {
    const g = pf.grad((q: nn.Embedding) => nn.embedding.apply(q, s).sum())(p);
    const y = nn.embedding.apply(p, s);
    return { y, g: g.table, scores: nn.embedding.attend(p, y) };
  });
  const { y, g, scores } = await program(params, symbols);
  const row = (i: number): number[] => nd.toNumbers(params.table).slice(3 * i, 3 * i + 3);
  expect(nd.toNumbers(y)).toEqual([...row(4), ...row(1), ...row(1), ...row(0)]);
  expect(nd.toNumbers(g)).toEqual([1, 2, 0, 0, 1].flatMap((n) => [n, n, n]));
  expect(at(scores, 0, 0, 2)).toBeCloseTo(
    row(4).reduce((s, v, i) => s + v * row(2)[i], 0),
    14,
  );
});

test("convolution layers: a bias per channel, and transposed ones undo the strides' change of size", async () => {
  const [down, up] = [nn.conv2d.init(rng, 2, 4, 3, f64), nn.convTranspose2d.init(rng, 4, 2, 3, f64)];
  const shift = { ...down, b: nd.array([1, 2, 3, 4], "f64") };
  const x = rng.normal([1, 2, 8, 6], "f64");
  const options = { strides: 2, padding: "same" } as const;
  const program = pf.jit((d: nn.Conv, s: nn.Conv, u: nn.Conv, x: Tensor) => {
    const y = nn.conv2d.apply(d, x, options);
    return { difference: nn.conv2d.apply(s, x, options).sub(y), back: nn.convTranspose2d.apply(u, y, options) };
  });
  const result = await program(down, shift, up, x);
  expect(result.difference.shape).toEqual([1, 4, 4, 3]);
  expect(
    difference(
      result.difference,
      [1, 2, 3, 4].flatMap((b) => new Array(12).fill(b)),
    ),
  ).toBeLessThan(1e-13);
  expect(result.back.shape).toEqual([1, 2, 8, 6]);
});

test("a 1-d convolution layer sums neighbours with its kernel", async () => {
  const params = { w: nd.array([[[1, 10, 100]]], "f64"), b: nd.array([0.5], "f64") };
  const y = await pf.jit((p: nn.Conv, x: Tensor) => nn.conv1d.apply(p, x))(params, nd.array([[[1, 2, 3, 4]]], "f64"));
  expect(nd.toNumbers(y)).toEqual([321.5, 432.5]);
});

test("sinusoidal features are the published sines and cosines; Fourier features have period one", async () => {
  const time = nd.array([0, 0.3, 17], "f64");
  const [s, f, g] = await pf.jit((t: Tensor) => [
    nn.sinusoidalFeatures(t, 6, 1000),
    nn.fourierFeatures(t, 4),
    nn.fourierFeatures(t.add(1), 4),
  ])(time);
  const expected = nd.toNumbers(time).flatMap((t) => {
    const phases = [0, 1, 2].map((k) => t / 1000 ** (k / 3));
    return [...phases.map(Math.sin), ...phases.map(Math.cos)];
  });
  expect(difference(s, expected)).toBeLessThan(1e-14);
  // a phase of 2π 2 18 is rounded by 2e-14
  expect(difference(g, f)).toBeLessThan(1e-12);
  expect(at(f, 1, 1)).toBeCloseTo(Math.sin(4 * Math.PI * 0.3), 14);
  expect(() => pf.trace((t: Tensor) => nn.fourierFeatures(t, 5), [time])).toThrow(/5 is not a positive even number/);
});

test("random Fourier features approximate a Gaussian kernel by their inner products", async () => {
  const n = 4000;
  const params = nn.randomFourier.init(rng, 2, n, 0.3);
  const y = await pf.jit(nn.randomFourier.apply)(
    params,
    nd.array([
      [0, 0],
      [0.5, 0.3],
    ]),
  );
  const v = nd.toNumbers(y);
  const inner = v.slice(0, n).reduce((s, a, i) => s + a * v[n + i], 0) / (n / 2);
  // E cos(2π B·d) = exp(-2π² σ² |d|²); 4 standard errors of a mean of 2000 cosines
  expect(Math.abs(inner - Math.exp(-2 * Math.PI ** 2 * 0.09 * 0.34))).toBeLessThan(4 * Math.sqrt(0.5 / (n / 2)));
});
