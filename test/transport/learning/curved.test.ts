import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { spread } from "../../../src/distances/index.ts";
import { type LearnOptions, lagrangianFlow, learner, type MethodName, pathThrough, pusher, score } from "../../../src/transport/index.ts";
import { normals, train } from "../training.ts";

/** Particles N((2, 0), 0.3²) turned about the origin by 36 degrees a unit of time, with their velocities; new ones at every time. */
function turned(time: number, n = 150) {
  const speed = Math.PI / 5;
  const [c, s] = [Math.cos(speed * time), Math.sin(speed * time)];
  const { data } = normals([2, 0], [0.3, 0.3], n, 100 + time);
  const rows = (f: (x: number, y: number) => readonly number[]): NdArray<"f32"> =>
    ndarray(Float32Array.from(Array.from({ length: n }, (_, i) => f(data[2 * i], data[2 * i + 1])).flat()), [n, 2], "f32");
  const points = rows((x, y) => [c * x - s * y, s * x + c * y]);
  const velocities = rows((x, y) => [-speed * (s * x + c * y), speed * (c * x - s * y)]);
  return { points, velocities, mass: 1 };
}

const small: LearnOptions = { layers: 2, width: 48, batch: 256, steps: 600, learningRate: 4e-3, warmUp: 50, emaDecay: 0.98, threads: 1 };

/** W1 at the held-out time 2, of particles from time 1, and its standard error. */
async function miss(method: MethodName, options: LearnOptions) {
  const times = [0, 1, 3, 4];
  const model = await learner(
    method,
    times,
    times.map((t) => turned(t)),
    { ...small, ...options },
  );
  const { state } = await train(model, 600, randomStream(4));
  const { clouds } = await pusher(model, 1)(model.average(state), { x: turned(1).points }, 1, [2], { rng: randomStream(5) });
  const { w1, deviations } = score(method, { x: clouds[0].x }, { x: turned(2).points }, randomStream(6));
  return { w1, error: spread(deviations.w1) };
}

test.each(["am", "ot-cfm"] as const)(
  "%s on curves predicts where a turning cloud will be, on straight lines it cuts the corner",
  async (method) => {
    const [linear, spline, hermite] = [
      await miss(method, {}),
      await miss(method, { path: "spline" }),
      await miss(method, { path: "hermite" }),
    ];
    // the chord of 72 degrees passes 2 (1 - cos 36°) = 0.38 inside the circle
    expect(linear.w1).toBeGreaterThan(0.3);
    for (const curved of [spline, hermite]) expect(linear.w1 - curved.w1).toBeGreaterThan(3 * Math.hypot(linear.error, curved.error));
  },
  60_000,
);

test("methods with noise and growth train on curves; those with paths of their own refuse them", async () => {
  const times = [0, 1, 3, 4];
  const clouds = times.map((t, k) => ({ ...turned(t, 40), mass: 1 + k / 4 }));
  const few = { ...small, steps: 3, width: 8, batch: 32 };
  for (const method of ["eam", "uam", "euam", "am-sb", "i-cfm", "sb-cfm", "sf2m"] as const)
    for (const path of ["spline", "hermite"] as const) {
      const { metrics } = await train(await learner(method, times, clouds, { ...few, path, growth: 0.5 }), 3, randomStream(1));
      expect(metrics.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    }
  for (const method of ["wlf-ot", "am-wfr", "am-mix", "simulate"] as const)
    await expect(learner(method, times, clouds, { ...few, path: "spline" })).rejects.toThrow(/do not curve/);
  const path = await pathThrough(times, clouds, { curve: "spline" });
  expect(() => lagrangianFlow(path)).toThrow(/not curves/);
});
