/** What pictures show of data with outliers. */
import { expect, test } from "vitest";
import { ndarray } from "../../src/array/index.ts";
import { pathsFigure } from "../../src/transport/figures/paths.ts";
import { mainRange } from "../../src/transport/motion/main-range.ts";

const even = Array.from({ length: 101 }, (_, i) => i / 100);

test("a value far out is left aside; the ends of plain, skewed and few data are not", () => {
  expect(mainRange([...even, 1e6])).toEqual([0, 1]);
  expect(mainRange([...even, 1e6, -1e6])).toEqual([0, 1]);
  expect(mainRange(even)).toEqual([0, 1]);
  expect(mainRange([...even, 2.5])).toEqual([0, 2.5]);
  expect(mainRange(even.map((x) => -Math.log(1 - 0.99 * x)))).toEqual([-Math.log(1), expect.closeTo(Math.log(100), 10)]);
  expect(mainRange([1, 2, 1e6])).toEqual([1, 1e6]);
  expect(mainRange([...new Array<number>(30).fill(5), 7])).toEqual([5, 7]);
});

test("an outlier at 10^6 does not crush the picture, and is told below it", () => {
  const cloud = ndarray(Float32Array.from([...even, 1e6].flatMap((x) => [x, 1 - x])), [102, 2], "f32");
  const data = { times: [0, 1], snapshots: [cloud, cloud], features: ["a", "b"] };
  const figure = pathsFigure(
    data,
    [0, 1].map((time) => ({ time, cloud })),
  );
  expect(figure.caption).toContain(" 2 outliers of the data are not in the picture.");
  expect(figure.svg).not.toMatch(/>1,?000,?000</);
});
