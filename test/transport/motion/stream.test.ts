/** Stream lines. */
import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import { streamLines } from "../../../src/transport/motion/stream.ts";

/** Particles spread evenly over a square, and a velocity at each. */
const cloud = randomStream(1).uniform([2000, 2]);
const velocity = (f: (x: number, y: number) => [number, number]) =>
  ndarray(
    Float32Array.from({ length: 4000 }, (_, e) => f(cloud.data[e - (e % 2)], cloud.data[e - (e % 2) + 1])[e % 2]),
    [2000, 2],
    "f32",
  );
const data = { snapshots: [cloud], features: ["a", "b"] };

test("lines of a constant velocity are straight, and lie where the particles are", () => {
  const { lines, x, y } = streamLines(data, [{ velocity: velocity(() => [2, 1]) }]);
  expect(lines.length).toBeGreaterThan(5);
  // a line ends one step, a quarter of a grid cell, outside at most
  const half = (low: number, high: number): number => (high - low) * (0.5 + 0.26 / 39);
  for (const line of lines)
    for (const [k, p] of line.entries()) {
      for (const [at, [low, high]] of [
        [p.x, x],
        [p.y, y],
      ] as const)
        expect(Math.abs(at - (low + high) / 2)).toBeLessThan(half(low, high));
      if (k > 0) expect((p.y - line[k - 1].y) / (p.x - line[k - 1].x)).toBeCloseTo(0.5, 3);
    }
});

test("lines of a rotation keep their distance from its centre", () => {
  const { lines } = streamLines(data, [{ velocity: velocity((x, y) => [0.5 - y, x - 0.5]) }]);
  // away from the rim, where neighbours lie on one side only
  const inner = lines.map((line) => line.map((p) => Math.hypot(p.x - 0.5, p.y - 0.5))).filter((r) => Math.max(...r) < 0.4);
  expect(inner.length).toBeGreaterThan(2);
  for (const r of inner) expect(Math.max(...r) - Math.min(...r)).toBeLessThan(0.03);
});
