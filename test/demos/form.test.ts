/** Controls with their values, and level lines. */
import { expect, test } from "vitest";
import { type Grid, gridPoints, levelLines } from "../../src/demos/contours.ts";
import { choice, form, range } from "../../src/demos/form.ts";

const fields = form<{ size: number; kind: "a" | "b" }>({
  size: range({ label: "Size", min: 0.1, max: 0.7, step: 0.1, value: 0.3 }),
  kind: choice({ label: "Kind", choices: { a: "first", b: "second" }, value: "b" }),
});

test("controls have the keys of their fields, and values that were not given are theirs", () => {
  expect(fields.controls.map(({ kind, key }) => [kind, key])).toEqual([
    ["range", "size"],
    ["choice", "kind"],
  ]);
  expect(fields.read({})).toEqual({ size: 0.3, kind: "b" });
  // steps are counted in floating point
  expect(fields.read({ size: 0.1 + 0.2 + 0.3, kind: "a" })).toEqual({ size: 0.1 + 0.2 + 0.3, kind: "a" });
  expect(() => fields.read({ sise: 1 })).toThrow(expect.objectContaining({ hint: "did you mean size?" }));
});

const grid: Grid = { x: [-2, 2], y: [-1, 3], size: 81 };

test("level lines lie where the field has the level, and end at the edge", () => {
  const { data } = gridPoints(grid);
  const values = Float64Array.from({ length: 81 ** 2 }, (_, i) => Math.hypot(data[2 * i], data[2 * i + 1] - 1));
  const circle = levelLines(grid, values, [1.5]);
  const points = Array.from({ length: circle.length / 2 }, (_, i) => [circle[2 * i], circle[2 * i + 1]]);
  const drawn = points.filter(([x]) => !Number.isNaN(x));
  expect(drawn.length).toBeGreaterThan(100);
  // linear between points 0.05 apart: h² / 8 r
  for (const [x, y] of drawn) expect(Math.abs(Math.hypot(x, y - 1) - 1.5)).toBeLessThan(1e-3);
  // a slope is cut by one line from edge to edge, without the edge itself
  const slope = levelLines(
    grid,
    Float64Array.from({ length: 81 ** 2 }, (_, i) => data[2 * i]),
    [0.5],
  );
  const on = Array.from({ length: slope.length / 2 }, (_, i) => [slope[2 * i], slope[2 * i + 1]]).filter(([x]) => !Number.isNaN(x));
  for (const [x] of on) expect(x).toBeCloseTo(0.5, 6);
  expect(Math.max(...on.map(([, y]) => y))).toBeCloseTo(3, 6);
  expect(Math.min(...on.map(([, y]) => y))).toBeCloseTo(-1, 6);
});
