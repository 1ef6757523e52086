/** Moving particles. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import { type Mover, pusher, stages } from "../../../src/transport/index.ts";

/** dX = drift dt + dW. */
const noisy = (drift: (x: Tensor) => Tensor): Mover => ({
  noise: 1,
  dynamics: () => ({ drift: (_: Tensor, x: Tensor) => drift(x), noise: 1 }),
});
const start = randomStream(1).normal([300, 2]) as NdArray<"f32">;

async function apart(model: Mover, stepsPerUnit: number): Promise<number> {
  const push = pusher(model, 1);
  const end = async (pair: "coarse" | "fine") =>
    (await push({}, { x: start }, 0, [0.5, 1], { rng: randomStream(2), stepsPerUnit, pair })).clouds[1].x.data;
  const [a, b] = [await end("coarse"), await end("fine")];
  return Math.sqrt(a.reduce((s, v, i) => s + (v - b[i]) ** 2, 0) / a.length);
}

test("coarse and fine steps follow one Brownian motion", async () => {
  expect(
    await apart(
      noisy((x) => x.mul(0)),
      10,
    ),
  ).toBeLessThan(1e-5);
  // with a drift their distance is the error of the steps, of first order for additive noise
  const [long, short] = [
    await apart(
      noisy((x) => x.mul(-2)),
      10,
    ),
    await apart(
      noisy((x) => x.mul(-2)),
      40,
    ),
  ];
  expect(long).toBeGreaterThan(0.01);
  expect(long / short).toBeGreaterThan(2.8);
  expect(long / short).toBeLessThan(5.6);
});

test("weights grow from what they were, none from none", async () => {
  const growing: Mover = {
    noise: 0,
    dynamics: () => ({ drift: (_: Tensor, x: Tensor) => x.mul(0).add(2), growth: (t: Tensor, _x: Tensor) => t.squeeze(1), noise: 0 }),
  };
  const x = ndarray(Float32Array.of(0, 1, 2), [3, 1], "f32");
  const logWeight = ndarray(Float32Array.of(0, 1.5, Number.NEGATIVE_INFINITY), [3], "f32");
  const [end] = (await pusher(growing, 1)({}, { x, logWeight }, 0, [2])).clouds;
  // ∫ t dt = 2, and everything moves by 4
  [2, 3.5].forEach((l, i) => void expect(end.logWeight.data[i]).toBeCloseTo(l, 4));
  expect(end.logWeight.data[2]).toBe(Number.NEGATIVE_INFINITY);
  [4, 5, 6].forEach((v, i) => void expect(end.x.data[i]).toBeCloseTo(v, 4));
});

test("an integration through knots is cut at them, in both directions", () => {
  expect(stages(0, [0.5, 3], [0, 1, 2, 4])).toEqual([
    { from: 0, to: [0.5, 1], wanted: [true, false], interval: 0 },
    { from: 1, to: [2], wanted: [false], interval: 1 },
    { from: 2, to: [3], wanted: [true], interval: 2 },
  ]);
  expect(stages(3, [1.5], [0, 1, 2, 4])).toEqual([
    { from: 3, to: [2], wanted: [false], interval: 2 },
    { from: 2, to: [1.5], wanted: [true], interval: 1 },
  ]);
  expect(stages(0, [1, 2])).toEqual([{ from: 0, to: [1, 2], wanted: [true, true], interval: 0 }]);
});
