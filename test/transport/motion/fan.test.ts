/** Fans of forecasts, and the times at which motions are looked at. */
import { expect, test } from "vitest";
import { array, type NdArray, ndarray } from "../../../src/array/index.ts";
import { fans } from "../../../src/transport/motion/fan.ts";
import { frameTimes } from "../../../src/transport/motion/frames.ts";

test("quantiles are those of the weights, feature by feature", () => {
  // 0 … 100, and the same backward
  const rows = Array.from({ length: 101 }, (_, i) => [i, 100 - i]);
  const cloud = array(rows) as NdArray<"f32">;
  const equal = ndarray(new Float32Array(101), [101], "f32");
  // all of the weight on the first ten
  const few = ndarray(
    Float32Array.from({ length: 101 }, (_, i) => (i < 10 ? 0 : Number.NEGATIVE_INFINITY)),
    [101],
    "f32",
  );
  const frame = { cloud, inner: cloud };
  const data = { times: [0], snapshots: [cloud], features: ["x", "y"] };
  const [x, y] = fans(data, [
    { ...frame, time: 0, logWeight: equal },
    { ...frame, time: 1, logWeight: few },
  ]);
  expect(x.moved[0].quantiles).toEqual([5, 25, 50, 75, 95]);
  expect(x.moved[1].quantiles).toEqual([0, 2, 4, 7, 9]);
  expect(y.moved[1].quantiles).toEqual([91, 93, 95, 98, 100]);
  expect(x.observed).toEqual([{ time: 0, quantiles: [5, 25, 50, 75, 95] }]);
});

test("ten times an interval, and as many in mean intervals beyond the data", () => {
  expect(frameTimes([0, 1])).toHaveLength(10);
  const onward = frameTimes([0, 1, 3], 6);
  expect(onward).toHaveLength(40);
  expect(onward[19]).toBe(3);
  expect(onward[20]).toBeCloseTo(3.15, 12);
  expect(onward.at(-1)).toBe(6);
  expect(frameTimes([0, 2], 1)).toHaveLength(10); // an end within the data is none
});
