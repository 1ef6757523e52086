import { expect, test } from "vitest";
import type { Tensor } from "../../../src/tensor/index.ts";
import { balances, type Mover } from "../../../src/transport/index.ts";
import { normals } from "../training.ts";

/** Particles drift at a speed along the first coordinate and multiply at a rate. */
const motion = (speed: number, rate: number): Mover => ({
  noise: 0,
  dynamics: () => ({
    drift: (_: Tensor, x: Tensor) => x.mul(0).add(speed),
    noise: 0,
    growth: (_: Tensor, x: Tensor) => x.sum(1).mul(0).add(rate),
  }),
});

test("the balance of a true motion is within sampling errors, that of a wrong one is not", async () => {
  // N(t, 1) with mass 1 + t: at t = 1 the means move at speed 1, the mass grows at rate ½
  const clouds = [0, 1, 2].map((k) => ({ points: normals([k], [1], 2000, k + 1), mass: 1 + k }));
  const right = await balances(motion(1, 0.5), {}, [0, 1, 2], clouds);
  expect(right.map((b) => b.test)).toEqual(["mass", "x1", "x1²"]);
  // d/dt of M = 1 + t is 1 and of E x M = t + t² is 2 by central differences (2² + 2 - 0) / 2 = 3, at t = 1: 1 + 2t = 3
  expect(right[0].observed).toBeCloseTo(1, 6);
  expect(right[0].predicted).toBeCloseTo(1, 6);
  for (const b of right.slice(1, 2)) expect(Math.abs(b.z)).toBeLessThan(4);
  const wrong = await balances(motion(0.5, 0.5), {}, [0, 1, 2], clouds);
  expect(Math.abs(wrong[1].z)).toBeGreaterThan(8);
});

test("noise that spreads particles backward in time narrows them forward", async () => {
  // N(0, 1 + t) with σ = 1: the drift of the reversed process, seen forward, is v - ½ ∇log q = x / (1 + t), and d/dt E[x²] = 2 - σ² = 1
  const model = { noise: 1, backward: true, dynamics: () => ({ drift: (t: Tensor, x: Tensor) => x.div(t.add(1)), noise: 1 }) };
  const clouds = [0, 1, 2].map((k) => ({ points: normals([0], [Math.sqrt(1 + k)], 4000, k + 1), mass: 1 }));
  const [, , square] = await balances(model, {}, [0, 1, 2], clouds);
  expect(Math.abs(square.z)).toBeLessThan(4);
  expect(Math.abs(square.predicted - 1)).toBeLessThan(5 * Math.sqrt(2 / 4000) * 2);
});
