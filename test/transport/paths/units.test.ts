/** Units of the training. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { unitsOf } from "../../../src/transport/index.ts";
import { distanceUnit } from "../../../src/transport/paths/units.ts";

const shifted = (x: NdArray<"f32">, by: readonly number[]): NdArray<"f32"> =>
  ndarray(x.data.map((v, i) => v + by[i % by.length]) as Float32Array<ArrayBuffer>, x.shape, "f32");
const cloud = (n: number, seed: number): NdArray<"f32"> => randomStream(seed).normal([n, 2]);

test("units weigh particles: those without weight are not there, and a common factor changes nothing", () => {
  const [x, y] = [cloud(40, 31), shifted(cloud(30, 32), [3, 0])];
  const far = ndarray(Float32Array.of(...x.data, 900, -900), [41, 2], "f32");
  const plain = unitsOf([0, 2], [x, y]);
  const padded = unitsOf([0, 2], [far, y], "each", [Array.from({ length: 41 }, (_, i) => (i < 40 ? 5 : 0)), new Array(30).fill(0.1)]);
  // the snapshot with the particle of no weight still counts by its number of particles, 41 of 71
  plain.mean.forEach((_, j) => {
    const own = (c: NdArray<"f32">): number => c.data.reduce((s, v, i) => s + (i % 2 === j ? v : 0), 0) / c.shape[0];
    expect(padded.mean[j]).toBeCloseTo((41 * own(x) + 30 * own(y)) / 71, 5);
    expect(unitsOf([0, 2], [x, y], "each", [new Array(40).fill(7), new Array(30).fill(2)]).deviation[j]).toBeCloseTo(plain.deviation[j], 9);
  });
});

test("distances are told in the units of the file where all features share one scale", () => {
  expect(distanceUnit({ deviation: [4] })).toEqual({ name: "standard deviations of the feature", own: 4 });
  expect(distanceUnit({ deviation: [3, 3] })).toEqual({ name: "standard deviations of the feature that varies most", own: 3 });
  expect(distanceUnit({ deviation: [3, 2] })).toEqual({ name: "standard deviations of each feature" });
});
