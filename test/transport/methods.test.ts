import { expect, test } from "vitest";
import { randomStream } from "../../src/tensor/index.ts";
import { accelerationPotential, has, learner, methodNames, pusher } from "../../src/transport/index.ts";
import { normals, train } from "./training.ts";

const clouds = [0, 1, 2].map((k) => ({ points: normals([k, 0], [0.4, 0.3], 60, k), mass: 1 + k }));
const settings = {
  steps: 3,
  batch: 16,
  layers: 1,
  width: 4,
  generatorLayers: 1,
  generatorWidth: 4,
  threads: 1,
  noise: 0.3,
  growth: 0.5,
};

test.each(methodNames)("%s trains, moves particles, and gives weights only if it knows growth", async (method) => {
  const potential = has(method, "potential") ? { potential: accelerationPotential([0, 1, 2], [[0, 0], [1, 0], [2, 0]]) } : {}; // biome-ignore format: one line
  const model = await learner(method, [0, 1, 2], clouds, { ...settings, ...potential });
  const rng = randomStream(1);
  const { state, metrics } = await train(model, 3, rng);
  for (const value of Object.values(metrics[2])) expect(Number.isFinite(value)).toBe(true);
  expect(model.noise > 0).toBe(has(method, "noise") && method !== "sb-cfm");
  const { clouds: moved } = await pusher(model, 1)(model.average(state), { x: clouds[0].points }, 0, [0.5, 2], {
    rng,
    stepsPerUnit: 10,
  });
  expect(moved.map((c) => c.x.shape)).toEqual([[60, 2], [60, 2]]); // biome-ignore format: one line
  for (const { x, logWeight } of moved) {
    expect(x.data.every(Number.isFinite)).toBe(true);
    expect(logWeight.data.some((w) => w !== 0)).toBe(has(method, "growth"));
  }
  const again = await train(model, 3, randomStream(1));
  expect(again.metrics).toEqual(metrics);
});
