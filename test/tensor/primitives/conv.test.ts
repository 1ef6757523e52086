import { describe, expect, test } from "vitest";
import type { NdArray } from "../../../src/array/index.ts";
import * as nd from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import * as t from "../../../src/tensor/index.ts";
import { writeGraph } from "../../../src/tensor/write.ts";
import fc from "../../property.ts";
import { checkDerivatives, expectClose, f64, normal, run, spread } from "../check.ts";

interface Options {
  readonly strides?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** Two-dimensional convolution by its definition; one-dimensional ones have a first spatial axis of length one. */
function convolve(x: NdArray, w: NdArray, { strides = 1, padding = 0, dilation = 1, groups = 1 }: Options, flat = false) {
  const [N, C, H, W] = x.shape;
  const [O, c, KH, KW] = w.shape;
  const [sh, ph, dh] = flat ? [1, 0, 1] : [strides, padding, dilation];
  const length = (n: number, k: number, s: number, p: number, d: number): number => Math.floor((n + 2 * p - d * (k - 1) - 1) / s) + 1;
  const [OH, OW] = [length(H, KH, sh, ph, dh), length(W, KW, strides, padding, dilation)];
  const [a, b] = [nd.toNumbers(x), nd.toNumbers(w)];
  const y: number[] = [];
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++)
      for (let i = 0; i < OH; i++)
        for (let j = 0; j < OW; j++) {
          let s = 0;
          const first = Math.floor(o / (O / groups)) * c;
          for (let q = 0; q < c; q++)
            for (let k = 0; k < KH; k++)
              for (let l = 0; l < KW; l++) {
                const [u, v] = [i * sh - ph + k * dh, j * strides - padding + l * dilation];
                if (u >= 0 && u < H && v >= 0 && v < W) s += a[((n * C + first + q) * H + u) * W + v] * b[((o * c + q) * KH + k) * KW + l];
              }
          y.push(s);
        }
  return f64(y, [N, O, OH, OW]);
}

const cases: [string, number[], number[], Options][] = [
  ["plain", [2, 2, 5, 4], [3, 2, 3, 2], {}],
  ["padded, stride 2", [2, 2, 5, 4], [4, 2, 3, 3], { padding: 1, strides: 2 }],
  ["dilated, in groups", [1, 4, 6, 7], [2, 2, 3, 2], { dilation: 2, groups: 2 }],
  ["depthwise, stride 3 that leaves a rest", [1, 3, 6, 5], [6, 1, 2, 2], { strides: 3, groups: 3 }],
  ["with padding wider than the kernel", [1, 1, 2, 2], [1, 1, 2, 2], { padding: 2 }],
  ["in groups, with rows of many positions", [2, 4, 13, 12], [2, 2, 3, 2], { padding: 1, groups: 2 }],
  ["with a kernel of one", [2, 3, 2, 2], [4, 3, 1, 1], {}],
];

describe("conv", () => {
  for (const [name, a, b, options] of cases) {
    test(`${name}: the sum over the window, in two dimensions and in one`, async () => {
      const [x, w] = [normal(a, 1), normal(b, 2)];
      const r = await run(
        (p: Tensor, q: Tensor) => [
          t.conv(p, q, options),
          t.conv(p.slice(null, null, 0), q.slice(null, null, 0), options),
          t.conv(p.cast("f32"), q.cast("f32"), options).cast("f64"),
        ],
        x,
        w,
      );
      const expected = convolve(x, w, options);
      expectClose(r[0], expected, 1e-14);
      expectClose(r[2], expected, 1e-5);
      const [row, kernel] = await run((p: Tensor, q: Tensor) => [p.slice(null, null, [0, 1]), q.slice(null, null, [0, 1])], x, w);
      const flat = convolve(row, kernel, options, true);
      expectClose(r[1], { ...flat, shape: flat.shape.filter((_, i) => i !== 2) }, 1e-14);
    });

    test(`${name}: differentiates and batches in data and weights`, () =>
      checkDerivatives((x, w) => t.conv(x, w, options), [normal(a, 1), normal(b, 2)]));

    test(`${name}: convTranspose is the transpose`, async () => {
      const [x, w] = [normal(a, 1), normal(b, 2)];
      const y = convolve(x, w, options);
      const u = normal(y.shape, 3);
      const back = (c: Tensor, q: Tensor): Tensor => t.convTranspose(c, q, { ...options, space: a.slice(2) });
      const r = await run((c: Tensor, q: Tensor) => [back(c, q), back(c.cast("f32"), q.cast("f32")).cast("f64")], u, w);
      const inner = (p: NdArray, q: NdArray): number => nd.toNumbers(p).reduce((s, v, i) => s + v * nd.toNumbers(q)[i], 0);
      expect(r[0].shape).toEqual(a);
      expectClose(f64([inner(x, r[0])]), [inner(y, u)], 1e-13);
      expectClose(r[1], r[0], 1e-5);
      await checkDerivatives(back, [u, w]);
    });
  }

  test.each([
    ["", { padding: 1 }],
    [", strided, padded on one side, dilated", { strides: 2, padding: [[0, 1] as const, [1, 0] as const], dilation: 2 }],
  ])("channels that fill the blocks of the processor's own kernels give what others give%s", async (_, options) => {
    const [x, w] = [normal([2, 32, 7, 6]), normal([16, 32, 3, 2], 2)];
    const [y, exact] = await run((p: Tensor, q: Tensor) => [t.conv(p.cast("f32"), q.cast("f32"), options), t.conv(p, q, options)], x, w);
    // Sums of 192 products in f32, of a standard deviation of 14.
    expectClose(y, exact, 2e-6);
  });

  test("gradients to the weights are the transpose for any strides, dilations, padding and groups: ⟨∂⟨u, x * w⟩/∂w, v⟩ = ⟨u, x * v⟩", async () => {
    const pair = (low: number, high: number) => fc.tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }));
    const shapes = fc.record({
      ...{ n: fc.integer({ min: 1, max: 3 }), groups: fc.integer({ min: 1, max: 2 }), c: pair(1, 3) },
      ...{ kernel: pair(1, 3), strides: pair(1, 4), dilation: pair(1, 2), padding: fc.tuple(pair(0, 2), pair(0, 2)), beyond: pair(0, 12) },
    });
    const sized = shapes.map(({ n, groups, c, kernel, beyond, ...options }) => ({
      options: { ...options, groups },
      x: [n, groups * c[0], ...kernel.map((k, i) => options.dilation[i] * (k - 1) + 1 + beyond[i])],
      w: [groups * c[1], c[0], ...kernel],
    }));
    await fc.assert(
      fc.asyncProperty(sized, async ({ options, ...shape }) => {
        const [x, w, v] = [normal(shape.x, 1), normal(shape.w, 2), normal(shape.w, 3)];
        const values = await run(
          (x: Tensor, w: Tensor, v: Tensor) => {
            const y = t.conv(x, v, options);
            const u = t.sin(t.iota(y.size).cast("f64").mul(1.3)).reshape(y.shape);
            const dw = t.grad((w: Tensor) => t.conv(x, w, options).mul(u).sum())(w);
            return [dw.mul(v).sum(), y.mul(u).sum(), t.abs(y.mul(u)).sum()];
          },
          x,
          w,
          v,
        );
        const [left, right, size] = values.map((value: NdArray) => nd.toNumbers(value)[0]);
        expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-12 * (size + 1));
      }),
      { numRuns: 60 },
    );
  });

  test("models for others have the standard's convolution, whatever the processor has", () => {
    const program = t.trace((x: Tensor, w: Tensor) => t.conv(x, w), [t.like([1, 16, 4, 4]), t.like([16, 16, 3, 3])]);
    const operators = (portable: boolean): string[] => {
      const { node } = writeGraph(program, { portable, channelBlock: 16 });
      return (node ?? []).map(({ opType, domain }) => `${domain} ${opType}`);
    };
    expect(operators(true)).toEqual([" Conv"]);
    expect(operators(false)).toContain("com.microsoft.nchwc Conv");
  });

  test('"same" padding keeps the size, divided by the stride and rounded up', async () => {
    const r = await run(
      (x: Tensor, w: Tensor) => [1, 2, 3].map((strides) => t.conv(x, w, { padding: "same", strides })),
      normal([1, 1, 7, 5]),
      normal([1, 1, 3, 2]),
    );
    expect(r.map((y) => y.shape)).toEqual([
      [1, 1, 7, 5],
      [1, 1, 4, 3],
      [1, 1, 3, 2],
    ]);
  });

  test("channels, kernels and options that do not fit are named", async () => {
    const [x, w] = [normal([1, 2, 3, 3]), normal([2, 3, 2, 2])];
    await expect(run((a: Tensor, b: Tensor) => t.conv(a, b), x, w)).rejects.toThrow(
      /conv: channels do not fit 1 groups: got f64\[1, 2, 3, 3\] and f64\[2, 3, 2, 2\]/,
    );
    await expect(run((a: Tensor, b: Tensor) => t.conv(a, b), x, normal([1, 2, 4, 4]))).rejects.toThrow(
      /conv: the kernel is larger than the padded input/,
    );
    await expect(run((a: Tensor, b: Tensor) => t.conv(a, b, { strides: 0 }), x, normal([1, 2, 2, 2]))).rejects.toThrow(
      /conv: strides, padding and dilation/,
    );
  });
});

describe("pooling", () => {
  const x = spread(-2, 2, [2, 2, 5, 4]);
  const windows: [number, { strides?: number; padding?: number }][] = [
    [2, {}],
    [3, { strides: 2, padding: 1 }],
    [2, { strides: 1 }],
  ];
  for (const [size, options] of windows)
    test(`maxima and means over windows of ${size}, strides ${options.strides ?? size}, padding ${options.padding ?? 0}`, async () => {
      const { strides = size, padding = 0 } = options;
      const values = nd.toNumbers(x);
      const out = [5, 4].map((n) => Math.floor((n + 2 * padding - size) / strides) + 1);
      const [top, middle]: number[][] = [[], []];
      for (let plane = 0; plane < 4; plane++)
        for (let i = 0; i < out[0]; i++)
          for (let j = 0; j < out[1]; j++) {
            const seen: number[] = [];
            for (let k = 0; k < size; k++)
              for (let l = 0; l < size; l++) {
                const [u, v] = [i * strides - padding + k, j * strides - padding + l];
                if (u >= 0 && u < 5 && v >= 0 && v < 4) seen.push(values[(plane * 5 + u) * 4 + v]);
              }
            top.push(Math.max(...seen));
            middle.push(seen.reduce((a, b) => a + b, 0) / size ** 2);
          }
      const f = (y: Tensor): Tensor[] => [t.maxPool(y, size, options), t.avgPool(y, size, options)];
      const r = await run((y: Tensor) => [...f(y), ...f(y.cast("f32")).map((z) => z.cast("f64"))], x);
      r.forEach((y, i) => expectClose(y, f64(i % 2 ? middle : top, [2, 2, ...out]), i < 2 ? 1e-15 : 1e-6));
      await checkDerivatives((y) => t.maxPool(t.exp(y), size, options).mul(t.avgPool(y, size, options)), [x]);
    });
});

describe("resizing", () => {
  test("nearest repeats elements", async () => {
    const r = await run((x: Tensor) => t.resizeNearest(x, 2), f64([1, 2, 3, 4], [1, 1, 2, 2]));
    expect(nd.toNumbers(r)).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    await checkDerivatives((x) => t.resizeNearest(t.exp(x), 3), [normal([1, 2, 2, 1])]);
  });

  test("bilinear interpolates between centres and repeats the edges", async () => {
    const r = await run(
      (x: Tensor) => [t.resizeBilinear(x, [4]), t.resizeBilinear(x, [1]), t.resizeBilinear(x, [2])],
      f64([1, 3], [1, 1, 2]),
    );
    expectClose(r[0], [1, 1.5, 2.5, 3], 1e-15);
    expectClose(r[1], [2], 1e-15);
    expectClose(r[2], [1, 3], 1e-15);
    await checkDerivatives((x) => t.resizeBilinear(t.exp(x), [3, 5]), [normal([1, 2, 2, 3])]);
  });
});
