import { expect, test } from "vitest";
import { array, randomStream } from "../../src/array/index.ts";
import { readSystem } from "../../src/chemistry/systems/read.ts";
import { revived } from "../../src/chemistry/walkers/revive.ts";

const { system } = readSystem("He", {});
const near = [0.1, 0.2, 0.3, -0.4, 0.5, -0.6];

test("walkers without a density, and electrons far from every nucleus, become copies of others", () => {
  const far = [...near.slice(0, 3), 0, 41, 0];
  const x = array([near, far, near.map((v) => 2 * v), near], "f32");
  const { x: next, count } = revived(system, x, array([-1, -2, Number.NaN, Number.NEGATIVE_INFINITY], "f32"), randomStream(1));
  expect(count).toBe(3);
  for (let b = 0; b < 4; b++) expect([...(next.data as Float32Array).subarray(6 * b, 6 * b + 6)]).toEqual([...Float32Array.from(near)]);
});

test("where all are well, or none is, nothing is touched", () => {
  const x = array([near, near], "f32");
  expect(revived(system, x, array([0, 0], "f32"), randomStream(1))).toEqual({ x, count: 0 });
  expect(revived(system, x, array([Number.NaN, Number.NaN], "f32"), randomStream(1))).toEqual({ x, count: 2 });
});
