/** Draws from weights. */
import { expect, test } from "vitest";
import { array, randomStream, toNumbers } from "../../src/array/index.ts";
import { categorical } from "../../src/sampling/categorical.ts";
import { jit } from "../../src/tensor/index.ts";

const draw = jit(categorical);

test.each([1, 2, 5, 16, 17, 100])("of %i weights each is drawn on an interval of its length, in order", async (size) => {
  const weights = randomStream(size)
    .uniform([size], "f64")
    .data.map((w, i) => (i % 3 === 1 ? 0 : w));
  const total = weights.reduce((a, b) => a + b, 0);
  const points = 997;
  const uniforms = Float64Array.from({ length: points }, (_, i) => i / points);
  const rows = array(
    Array.from({ length: points }, () => [...weights]),
    "f64",
  );
  const drawn = toNumbers(await draw(rows, array([...uniforms], "f64")));
  // the definition, index by index
  const expected = [...uniforms].map((u) => {
    let [k, sum] = [0, weights[0]];
    while (sum <= u * total && k < size - 1) sum += weights[++k];
    return k;
  });
  // a point within rounding of a border may fall to either side
  const off = drawn.filter((k, i) => k !== expected[i]).length;
  expect(off).toBeLessThanOrEqual(1);
  expect(drawn.every((k) => weights[k] > 0)).toBe(true);
});

test("a weight of 0 is never drawn, at no end, in f32, where u is next to 1", async () => {
  const rows = array(
    [
      [0, 0, 1, 0, 0, 0, 0, 0, 0],
      [0, 1e-30, 0, 0, 0, 0, 0, 1, 0],
      [1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0.1, 0.7, 0],
    ],
    "f32",
  );
  const uniforms = array([1 - 2 ** -24, 1 - 2 ** -24, 1 - 2 ** -24, 1 - 2 ** -24], "f32");
  expect(toNumbers(await draw(rows, uniforms))).toEqual([2, 7, 2, 7]);
  expect(toNumbers(await draw(rows, array([0, 0, 0, 0], "f32")))).toEqual([2, 1, 0, 6]);
});
