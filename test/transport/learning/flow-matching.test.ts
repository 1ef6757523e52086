/** What action matching is compared with: flow matching, with scores too, and simulation. */
import { expect, test } from "vitest";
import { randomStream } from "../../../src/array/index.ts";
import { flowMatching, pathThrough, pusher, simulateAndMatch } from "../../../src/transport/index.ts";
import { normals, pushed, train } from "../training.ts";

const quick = {
  steps: 400,
  layers: 2,
  width: 32,
  batch: 256,
  learningRate: 5e-3,
  warmUp: 40,
  emaDecay: 0.98,
  threads: 1,
} as const;
const clouds = [normals([0], [1], 1500, 3), normals([2], [0.5], 1500, 4)];
const start = normals([0], [1], 3000, 5);
// as in the tests of action matching: sampling of 1500 and 3000 points, and 0.06 for the short training
const near = (value: number, exact: number): void => void expect(Math.abs(value - exact)).toBeLessThan(0.13);

test("flow matching on optimal pairs moves a Gaussian to its image, there and back", async () => {
  const path = await pathThrough([0, 1], clouds, { coupling: "ot" });
  const model = flowMatching(path, quick);
  const { state } = await train(model, quick.steps, randomStream(6));
  const [half, end] = await pushed(model, state, start, [0.5, 1], randomStream(7));
  near(half.mean[0], 1);
  near(half.deviation[0], 0.75);
  near(end.mean[0], 2);
  near(end.deviation[0], 0.5);
});

test("flow and score matching: noisy particles have the marginals of the Schrödinger bridge", async () => {
  const noise = 1;
  const path = await pathThrough([0, 1], clouds, { coupling: "sinkhorn", shape: "bridge", noise });
  const model = flowMatching(path, { ...quick, score: true });
  const { state } = await train(model, quick.steps, randomStream(8));
  const [half, end] = await pushed(model, state, start, [0.5, 1], randomStream(9));
  near(half.mean[0], 1);
  // variance .6660533906 at the middle, for σ = 1
  near(half.deviation[0], Math.sqrt(0.6660533906));
  near(end.mean[0], 2);
  const { clouds: smooth } = await pusher(model)(model.average(state), { x: start }, 0, [0.5], { flow: true });
  const values = Array.from(smooth[0].x.data);
  const mean = values.reduce((a, b) => a + b) / values.length;
  near(Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length), Math.sqrt(0.6660533906));
  expect(() => flowMatching({ ...path, options: { ...path.options, shape: "linear" } }, { score: true })).toThrow(/bridges/);
});

test("simulate and match brings the particles to the next snapshot", async () => {
  const path = await pathThrough([0, 1], clouds, { coupling: "independent" });
  const model = simulateAndMatch(path, { ...quick, steps: 250 });
  const { state } = await train(model, 250, randomStream(10));
  const [end] = await pushed(model, state, start, [1], randomStream(11));
  // batches of 64: their means are off by 0.06
  expect(Math.abs(end.mean[0] - 2)).toBeLessThan(0.2);
  expect(Math.abs(end.deviation[0] - 0.5)).toBeLessThan(0.2);
});
