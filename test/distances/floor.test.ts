/** The sampling floor. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { randomStream } from "../../src/array/random.ts";
import { samplingFloor } from "../../src/distances/floor.ts";
import { lineTransport } from "../../src/distances/line.ts";

describe("the sampling floor", () => {
  test("is the mean distance between two disjoint parts: on a line, that of two Gaussian samples", () => {
    const random = randomStream(10);
    const cloud = random.normal([4000, 1]);
    const w1 = (a: NdArray<"f32">, b: NdArray<"f32">) => lineTransport(a.data, b.data, 1);
    const { mean, sizes } = samplingFloor(w1, cloud, [100, 100], random, 200);
    expect(sizes).toEqual([100, 100]);
    // the same for fresh samples; the spread of one distance is about 0.05
    const fresh = Array.from({ length: 200 }, () => w1(random.normal([100, 1]), random.normal([100, 1])));
    expect(Math.abs(mean - fresh.reduce((s, v) => s + v) / 200)).toBeLessThan((5 * 0.05 * Math.SQRT2) / Math.sqrt(200));
  });

  test("scales both sizes down to what the cloud can fill, and takes every point at most once", () => {
    const cloud = ndarray(
      Float32Array.from({ length: 90 }, (_, i) => i),
      [90, 1],
      "f32",
    );
    const seen: number[] = [];
    const { sizes } = samplingFloor((a, b) => seen.push(...a.data, ...b.data), cloud, [200, 100], randomStream(11), 1);
    expect(sizes).toEqual([60, 30]);
    expect(seen.sort((a, b) => a - b)).toEqual([...cloud.data]);
    expect(() => samplingFloor(() => 0, cloud, [1000, 1], randomStream(11))).toThrow(/cannot be split/);
  });
});
