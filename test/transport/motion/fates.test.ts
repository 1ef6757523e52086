/** Where particles end. */
import { expect, test } from "vitest";
import { ndarray } from "../../../src/array/index.ts";
import { fateMatrix, membership } from "../../../src/transport/index.ts";
import { normals } from "../training.ts";

test("fates count the groups of the nearest cells and weigh them by descendants", () => {
  const reference = { points: normals([0], [0.1], 20, 1), groups: [] as string[] };
  reference.points.data.forEach((_, i) => void (reference.points.data[i] += i < 10 ? 0 : 10));
  reference.groups.push(...new Array(10).fill("a"), ...new Array(10).fill("b"));
  const x = ndarray(Float32Array.of(0, 10, 10), [3, 1], "f32");
  const fates = membership(x, reference, ["a", "b"], 5);
  [1, 0, 0, 1, 0, 1].forEach((p, i) => void expect(fates[i]).toBeCloseTo(p, 12));
  const matrix = fateMatrix(["s", "s", "r"], ["a", "b"], fates, [1, 3, 2], [1, 1, 1]);
  expect(matrix.starts).toEqual(["r", "s"]);
  expect(matrix.probability[1].map((p) => Number(p.toFixed(12)))).toEqual([0.25, 0.75]);
  expect(matrix.expansion).toEqual([2, 2]);
  expect(fateMatrix(["s", "s", "r"], ["a", "b"], fates, [1, 3, 2], [0.5, 0.5, 4]).expansion).toEqual([0.5, 4]);
  // what has no weight is no neighbour, and neighbours count by weight
  const weights = Float64Array.from({ length: 20 }, (_, i) => (i < 10 ? 0 : i < 12 ? 3 : 1));
  expect(Array.from(membership(ndarray(Float32Array.of(0), [1, 1], "f32"), { ...reference, weights }, ["a", "b"], 5))[1]).toBeCloseTo(
    1,
    12,
  );
  const line = { points: ndarray(Float32Array.of(0, 1, 2), [3, 1], "f32"), groups: ["a", "b", "b"], weights: [3, 1, 1] };
  expect(Array.from(membership(ndarray(Float32Array.of(0), [1, 1], "f32"), line, ["a", "b"], 2))).toEqual([0.75, 0.25]);
});
