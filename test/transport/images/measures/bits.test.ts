import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../../../src/array/index.ts";
import { jit } from "../../../../src/tensor/index.ts";
import { bitsPerDimension, dequantised } from "../../../../src/transport/images/measures/bits.ts";

const dequantise = jit(dequantised);

test("under the uniform density on [-1, 1]^D every picture takes 8 bits a value", () => {
  for (const d of [1, 784, 3072]) expect(bitsPerDimension(-d * Math.LN2, d)).toBeCloseTo(8, 12);
});

test("a density that is all in the cell of each value takes none", () => {
  // 128 on a cell of side 1/128
  expect(bitsPerDimension(784 * Math.log(128), 784)).toBeCloseTo(0, 12);
});

test("cells of the 256 values follow each other and fill [-1, 1]", async () => {
  const x = ndarray(
    Float32Array.from({ length: 256 }, (_, b) => b / 255),
    [256],
    "f32",
  );
  const at = async (u: number): Promise<number[]> => [
    ...toNumbers(await dequantise(x, ndarray(new Float32Array(256).fill(u), [256], "f32"))),
  ];
  const [low, middle, high] = [await at(0), await at(0.5), await at(1)];
  low.forEach((v, b) => {
    expect(v).toBe(b / 128 - 1);
    expect(middle[b]).toBe((b + 0.5) / 128 - 1);
    expect(high[b]).toBe((b + 1) / 128 - 1);
  });
});

test("the mean of the bits over the noise is the entropy, for a density that is flat in each cell", async () => {
  // P(b) falls geometrically; its density in the cell of b is 128 P(b)
  const weight = (b: number): number => 0.97 ** b;
  const total = (1 - 0.97 ** 256) / (1 - 0.97);
  const density = (x: number): number => (128 * weight(Math.floor((x + 1) * 128))) / total;
  const n = 20000;
  const rng = randomStream(1);
  const bytes = rng.categorical(
    Array.from({ length: 256 }, (_, b) => weight(b)),
    [n],
  ).data;
  const x = ndarray(
    Float32Array.from(bytes, (b) => b / 255),
    [n],
    "f32",
  );
  const drawn = toNumbers(await dequantise(x, rng.uniform([n])));
  const bits = Array.from(drawn, (v) => bitsPerDimension(Math.log(density(Math.min(v, 1 - 1e-7))), 1));
  const entropy = Array.from({ length: 256 }, (_, b) => weight(b) / total).reduce((h, p) => h - p * Math.log2(p), 0);
  const mean = bits.reduce((a, b) => a + b, 0) / n;
  const deviation = Math.sqrt(bits.reduce((sum, b) => sum + (b - mean) ** 2, 0) / n);
  expect(Math.abs(mean - entropy)).toBeLessThan((5 * deviation) / Math.sqrt(n));
});
