/** Moving particles. */
import { expect, test } from "vitest";
import { type NdArray, randomStream, type Tensor } from "../../src/tensor/index.ts";
import { type Model, pusher } from "../../src/transport/index.ts";

/** dX = drift dt + dW. */
const noisy = (drift: (x: Tensor) => Tensor): Model =>
  ({ noise: 1, dynamics: () => ({ drift: (_: Tensor, x: Tensor) => drift(x), noise: 1 }) }) as unknown as Model;
const start = randomStream(1).normal([300, 2]) as NdArray<"f32">;

async function apart(model: Model, stepsPerUnit: number): Promise<number> {
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
