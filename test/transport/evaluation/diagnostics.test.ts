/** Diagnostics speak beyond their limits, and are silent within them. */
import { expect, test } from "vitest";
import { ndarray } from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import { inexact, leaving, misses, unbalanced, wideGap } from "../../../src/transport/evaluation/diagnostics.ts";
import { type Mover, pusher, roomOf } from "../../../src/transport/index.ts";

const rows = (values: readonly number[]) => ndarray(Float32Array.from(values), [values.length / 2, 2], "f32");
/** Particles in [0, 1] x [0, 10]. */
const cloud = { points: rows([0, 0, 1, 10]), mass: 1 };

test("a particle that runs away exponentially is held within half an extent of the data, in both directions of time", async () => {
  const room = roomOf([cloud], false);
  expect(room.margin).toEqual([0.5, 5]);
  const run = (rate: number): Mover => ({
    ...{ noise: 0, room },
    dynamics: () => ({ drift: (_: Tensor, x: Tensor) => x.mul(rate), noise: 0 }),
  });
  const start = { x: rows([1, 10, 0.1, 2]) };
  const [there] = (await pusher(run(12.5), 1)({}, start, 0, [2])).clouds;
  const [back] = (await pusher(run(-12.5), 1)({}, start, 2, [0])).clouds;
  // what is solved to a thousandth of an extent
  for (const { x } of [there, back])
    for (const [i, v] of x.data.entries()) {
      expect(v).toBeLessThanOrEqual([1.5, 15][i % 2] * 1.001);
      expect(v).toBeGreaterThan([1.25, 12.5][i % 2]);
    }
  // within the free half of the margin nothing changes, and inward motion never does
  const [free] = (await pusher(run(0.1), 1)({}, start, 0, [1])).clouds;
  free.x.data.forEach((v, i) => void expect(v).toBeCloseTo(start.x.data[i] * Math.exp(0.1), 4));
  const [inward] = (await pusher(run(-1), 1)({}, { x: rows([1.6, 17, 1.4, 14]) }, 0, [1])).clouds;
  inward.x.data.forEach((v, i) => void expect(v).toBeCloseTo([1.6, 17, 1.4, 14][i] * Math.exp(-1), 3));
});

test("forces, and forecasts, have more room", () => {
  expect(roomOf([cloud], true).margin).toEqual([2, 20]);
  // as far again as the data reach in time
  expect(roomOf([cloud], false, 1).margin).toEqual([2.5, 25]);
  // across a line as along it: a margin of 0 would make every velocity no number
  expect(roomOf([{ points: rows([0, 3, 1, 3]), mass: 1 }], false).margin).toEqual([0.5, 0.5]);
});

test("particles that left the data are counted, and named with their feature", () => {
  const room = roomOf([cloud], false);
  const frame = (values: readonly number[]) => [{ time: 3, inner: rows(values) }];
  expect(leaving(frame([0.5, 5, 1.01, 10.1]), room, ["a", "b"])).toEqual([]);
  expect(leaving(frame([0.5, 5, 0.5, 12.6]), room, ["a", "b"]).join()).toMatch(/^1 of 2 particles leave .* at time 3, most in "b"/);
  expect(leaving(frame([0.5, 5, 1.15, 5]), room, ["a", "b"]).join()).toMatch(/^50 % of the particles are outside/);
});

test("solver errors, snapshots that are not met, wrong masses, rates and gaps", () => {
  expect(inexact(0.049)).toEqual([]);
  expect(inexact(0.06).join()).toMatch(/error of 0\.060 standard deviations/);
  const fit = { time: 2, copy: 1, floor: 0.2, w1: 0.39 };
  expect(misses([fit, { ...fit, mass: 1.2 }], true)).toEqual([]);
  expect(misses([{ ...fit, w1: 0.41 }], true).join()).toMatch(/misses a snapshot .* at time 2: W1 0\.410/);
  expect(misses([{ ...fit, mass: 0.7 }], true).join()).toMatch(/mass at time 2, .* is 0\.700 times/);
  const balance = { test: "x", time: 1, observed: 0, predicted: 1, z: 9, outside: 1, error: 0.1 };
  expect(
    unbalanced(
      [
        { ...balance, outside: 0.2, error: 0.001 },
        { ...balance, error: 0.5 },
      ],
      true,
    ),
  ).toEqual([]);
  expect(unbalanced([balance], true).join()).toMatch(/at time 1 the motion changes the mean of x/);
  // what has no action that may jump is not told to let it
  expect([...misses([{ ...fit, w1: 0.41 }], false), ...unbalanced([balance], false)].join()).not.toMatch(/per-interval/);
  const value = { dual: 4, error: 0.1, primal: 5, gap: { bound: 1, error: 0.1 } };
  expect(wideGap(value)).toEqual([]);
  expect(wideGap({ ...value, gap: { bound: 1.6, error: 0.1 } }).join()).toMatch(/leaves 1\.60 of the path's 5\.00 unexplained/);
  expect(wideGap({ ...value, gap: { bound: -0.0061, error: 0.0001 } }).join()).toMatch(/upper bound .* below the lower/);
});
