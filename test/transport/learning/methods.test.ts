import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import { accelerationPotential, freeMotion, has, learner, leastAction, methodNames, pusher } from "../../../src/transport/index.ts";
import { normals, train } from "../training.ts";

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
  const potential = has(method, "potential")
    ? {
        potential: accelerationPotential(
          [0, 1, 2],
          [
            [0, 0],
            [1, 0],
            [2, 0],
          ],
        ),
      }
    : {};
  const model = await learner(method, [0, 1, 2], clouds, { ...settings, ...potential });
  const rng = randomStream(1);
  const { state, metrics } = await train(model, 3, rng);
  for (const value of Object.values(metrics[2])) expect(Number.isFinite(value)).toBe(true);
  expect(model.noise > 0).toBe(has(method, "noise") && method !== "sb-cfm");
  const { clouds: moved } = await pusher(model, 1)(model.average(state), { x: clouds[0].points }, 0, [0.5, 2], {
    rng,
    stepsPerUnit: 10,
  });
  expect(moved.map((c) => c.x.shape)).toEqual([
    [60, 2],
    [60, 2],
  ]);
  for (const { x, logWeight } of moved) {
    expect(x.data.every(Number.isFinite)).toBe(true);
    expect(logWeight.data.some((w) => w !== 0)).toBe(has(method, "growth"));
  }
  const again = await train(model, 3, randomStream(1));
  expect(again.metrics).toEqual(metrics);
});

test("a flow with growth starts from unbalanced pairs: what grows in place is not carried there", async () => {
  const group = (place: number, n: number, seed: number) => normals([place], [0.1], n, seed).data;
  const cloud = (left: number, right: number, seed: number) => {
    const data = Float32Array.of(...group(0, left, seed), ...group(8, right, seed + 1));
    return { points: ndarray(data, [left + right, 1], "f32"), mass: (left + right) / 200 };
  };
  const ends = [cloud(100, 100, 1), cloud(100, 300, 3)];
  const options = {
    steps: 300,
    batch: 256,
    layers: 2,
    width: 32,
    generatorWidth: 32,
    growth: 1,
    inner: 1,
    learningRate: 3e-3,
    warmUp: 20,
    emaDecay: 0.97,
    threads: 1,
  };
  const action = async (more: object): Promise<number> => {
    const model = await learner("wlf-uot", [0, 1], ends, { ...options, ...more });
    const rng = randomStream(2);
    const { state } = await train(model, 300, rng);
    return (await model.value!(state, rng)).dual;
  };
  // the right group grows from 1/2 to 3/2 of the first mass: 2 (√1.5 - √0.5)², and the bounds of the snapshots' own plan; from balanced
  // pairs, half of the
  // left group sets out to the right first, and after as many steps the action is still twice as large
  const exact = 2 * (Math.sqrt(1.5) - Math.sqrt(0.5)) ** 2;
  const { lower, upper } = await leastAction([0, 1], ends, { ...freeMotion, growth: 1 }, randomStream(1));
  expect(lower).toBeLessThan(exact + 0.01);
  expect(upper).toBeGreaterThan(exact);
  expect(Math.abs((await action({})) - exact)).toBeLessThan(0.05 * exact);
  expect(await action({ coupling: "ot" })).toBeGreaterThan(1.5 * exact);
});

test("under a drift, flows with growth pair along it, and pairs that cannot are refused", async () => {
  const drift = (_: Tensor, x: Tensor): Tensor => x.mul(0).add(8);
  const ends = [0, 8].map((shift, k) => ({ points: normals([shift], [1], 100, 5 + k), mass: 1 }));
  const trained = async (more: object): Promise<unknown> =>
    (await train(await learner("wlf-uot", [0, 1], ends, { ...settings, ...more }), 2, randomStream(2))).metrics;
  expect(await trained({ drift })).toEqual(await trained({ drift, coupling: "ot" }));
  expect(await trained({})).toEqual(await trained({ coupling: "unbalanced" }));
  await expect(learner("am-wfr", [0, 1], ends, { ...settings, drift })).rejects.toThrow(/neither drift nor cost/);
  await expect(learner("wlf-uot", [0, 1], ends, { ...settings, drift, coupling: "unbalanced" })).rejects.toThrow(/neither drift nor cost/);
});
