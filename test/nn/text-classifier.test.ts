import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { type Network, textClassifier } from "../../src/nn/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";

const outputs = async (depth: number, rows: readonly (readonly number[])[]): Promise<number[]> => {
  const network: Network = textClassifier(6, 2, { width: 4, depth });
  const { params, stats } = network.init(randomStream(1));
  const f = jit((p: object, x: Tensor) => network.apply(p, stats, x, false).y);
  return toNumbers(await f(params, ndarray(Int32Array.from(rows.flat()), [rows.length, rows[0].length], "i32")));
};

test("without layers the order of tokens does not tell; with one it does", async () => {
  const rows = [
    [0, 1, 2, 3],
    [3, 1, 0, 2],
  ];
  const [bag, ordered] = [await outputs(0, rows), await outputs(1, rows)];
  for (const k of [0, 1]) expect(bag[2 + k]).toBeCloseTo(bag[k], 6);
  expect(Math.abs(ordered[2] - ordered[0])).toBeGreaterThan(1e-5);
});

test.each([0, 2])("padding does not count, with %d layers", async (depth) => {
  const short = await outputs(depth, [[1, 2, 4, 5]]);
  const long = await outputs(depth, [[1, 2, 4, 5, 5, 5, 5, 5, 5]]);
  const exact = await outputs(depth, [[1, 2, 4]]);
  for (const k of [0, 1]) {
    expect(short[k]).toBeCloseTo(exact[k], 6);
    expect(long[k]).toBeCloseTo(exact[k], 6);
  }
  // nothing but padding: no division by zero
  for (const v of await outputs(depth, [[5, 5]])) expect(Number.isFinite(v)).toBe(true);
});
