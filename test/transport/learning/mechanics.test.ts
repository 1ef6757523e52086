/** Second-order mechanics learned by simulation. */
import { expect, test } from "vitest";
import {
  flatten,
  isArrayLeaf,
  item,
  mapTree,
  type NdArray,
  ndarray,
  type Random,
  randomStream,
  toNumbers,
} from "../../../src/array/index.ts";
import { wasserstein } from "../../../src/distances/index.ts";
import { type Feeds, jit, type Tensor, valueAndGrad } from "../../../src/tensor/index.ts";
import { type Cloud, type MechanicsOptions, mechanics, pusher, quadraticPotential } from "../../../src/transport/index.ts";
import { energyDistance } from "../../../src/transport/learning/energy-distance.ts";
import { horizon, penaltyAt } from "../../../src/transport/learning/mechanics.ts";
import { type MechanicsBatch, mechanicsLoss } from "../../../src/transport/learning/mechanics-loss.ts";
import { initMechanics, type MechanicsParams, type MechanicsSettings } from "../../../src/transport/learning/mechanics-system.ts";
import { train } from "../training.ts";

test("the energy distance is that of all pairs but of a particle with itself, and zero in the mean for samples of one law", async () => {
  const [x, y] = [randomStream(1).normal([1, 4, 2], "f64"), randomStream(2).normal([1, 3, 2], "f64")];
  const [a, b] = [toNumbers(x), toNumbers(y)];
  const mean = (p: number[], q: number[], without: boolean): number => {
    const [n, m] = [p.length / 2, q.length / 2];
    let sum = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) sum += Math.hypot(p[2 * i] - q[2 * j], p[2 * i + 1] - q[2 * j + 1]);
    return sum / (without ? n * (n - 1) : n * m);
  };
  const [found] = toNumbers(await jit(energyDistance)(x, y));
  expect(found).toBeCloseTo(2 * mean(a, b, false) - mean(a, a, true) - mean(b, b, true), 4);
  const draws = [3, 4].map((seed) => randomStream(seed).normal([400, 20, 2]));
  const many = toNumbers(await jit(energyDistance)(draws[0], draws[1]));
  const average = many.reduce((s, v) => s + v, 0) / 400;
  const error = Math.sqrt(many.reduce((s, v) => s + (v - average) ** 2, 0)) / 400;
  expect(Math.abs(average)).toBeLessThan(4 * error);
});

const settings: MechanicsSettings = {
  ...{ times: [0, 0.8, 2], energy: "both", given: { potential: quadraticPotential(0.3) }, friction: "fit", noise: 0.2 },
  ...{ measured: false, speed: 1, layers: 1, width: 4, solverSteps: 3 },
};

const isArray = (x: unknown): x is NdArray => isArrayLeaf(x);

test.each([false, true])("the gradient through the solver is that of finite differences, velocities measured: %s", async (measured) => {
  const s = { ...settings, measured, speed: 1.3 };
  const double = (a: NdArray): NdArray =>
    ndarray(
      Float64Array.from(toNumbers(a), (v) => v + 0.05),
      a.shape,
      "f64",
    );
  const params = mapTree<MechanicsParams<NdArray>>(double, initMechanics(randomStream(1), 2, s));
  const rng = randomStream(2);
  const batch = {
    ...{ x: rng.normal([15, 2], "f64"), z: rng.normal([6, 5, 2], "f64"), weights: ndarray(Float64Array.of(1, 0.6), [2], "f64") },
    penalty: ndarray(Float64Array.of(0.1), [], "f64"),
    ...(measured && { v: rng.normal([15, 2], "f64") }),
  };
  // the mean velocity learns from the motion and has no part in it: in the whole loss it is held fixed
  const match = (p: MechanicsParams, b: MechanicsBatch): Tensor => mechanicsLoss(p, b, s)[1];
  const gradientOf = jit((p: MechanicsParams, b: MechanicsBatch) => valueAndGrad((q: MechanicsParams) => match(q, b))(p)[1]);
  const value = jit(match);
  const gradient = await gradientOf(params as Feeds<MechanicsParams>, batch);
  const [leaves, slopes] = [params, gradient].map((tree) => flatten(tree, isArray).leaves);
  const h = 1e-6;
  for (const [k, leaf] of leaves.entries()) {
    const data = leaf.data as Float64Array;
    const i = data.length >> 1;
    const at = async (by: number): Promise<number> => {
      data[i] += by;
      const found = item(await value(params as Feeds<MechanicsParams>, batch));
      data[i] -= by;
      return found;
    };
    expect(toNumbers(slopes[k])[i]).toBeCloseTo(((await at(h)) - (await at(-h))) / (2 * h), 6);
  }
});

test("near snapshots and small forces come first, and all of them from the middle of the training on", () => {
  [0.03, 0.02, 0.01, 0.01].forEach((alpha, i) => void expect(penaltyAt([0, 0.25, 0.5, 1][i], 0.01)).toBeCloseTo(alpha, 12));
  expect(penaltyAt(0, 1)).toBe(1); // never below its last value
  expect([0, 0.25, 0.5, 1].map((p) => Array.from(horizon(5, p).data))).toEqual([
    [1, 0, 0, 0],
    [1, 1, 1, 0],
    [1, 1, 1, 1],
    [1, 1, 1, 1],
  ]);
});

const small: MechanicsOptions = {
  ...{ layers: 2, width: 32, particles: 48, solverSteps: 4, warmUp: 30, emaDecay: 0.98, threads: 1 },
};

const omega = Math.PI / 4;
/**
 * Clouds of two lobes about (1.3, 0) and (1.9, 0), launched upward and turning, in oscillators about the origin with friction γ. They turn, and
 * never meet in a point.
 */
function lobes(time: number, rng: Random, gamma = 0, n = 250): Cloud {
  const z = rng.normal([n, 2]).data;
  const wide = Math.sqrt(omega ** 2 - gamma ** 2 / 4);
  const [c, s] = [Math.cos(wide * time), Math.sin(wide * time) / wide].map((v) => v * Math.exp((-gamma * time) / 2));
  const place = (i: number): number => (i % 2 ? 0.3 * z[i] : 1.3 + 0.2 * z[i] + ((i >> 1) % 3 === 0 ? 0.6 : 0));
  const speed = (i: number): number => (i % 2 ? 0.3 + 0.5 * omega * place(i - 1) : -0.5 * omega * place(i + 1));
  const points = Float32Array.from({ length: 2 * n }, (_, i) => c * place(i) + s * (speed(i) + (gamma / 2) * place(i)));
  return { points: ndarray(points, [n, 2], "f32"), mass: 1 };
}

const w1 = (x: NdArray<"f32">, y: NdArray<"f32">): number => wasserstein(x, y, { power: 1 });

test("oscillators are forecast half a period beyond the data, and a population that begins elsewhere by the same law", async () => {
  const times = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const rng = randomStream(11);
  const clouds = times.map((t) => lobes(t, rng.fold(`${t}`)));
  const model = mechanics(times, clouds, { ...small, steps: 450 });
  const { state } = await train(model, 450, rng.fold("training"));
  const push = pusher(model, 1);
  const params = model.average(state);
  const end = 8 + 4; // the period is 8
  const [ahead] = (await push(params, { x: clouds[0].points }, 0, [end])).clouds;
  const [truth, again] = ["truth", "again"].map((name) => lobes(end, rng.fold(name)).points);
  expect(w1(ahead.x, truth)).toBeLessThan(3 * w1(again, truth));
  // the other half of the circle, with velocities of its own: only the force is the same
  const other = rng.fold("other").normal([200, 2]).data;
  const x = ndarray(
    Float32Array.from(other, (z, i) => (i % 2 ? 0 : -0.5) + 0.1 * z),
    [200, 2],
    "f32",
  );
  const velocity = ndarray(
    Float32Array.from(other, (_, i) => (i % 2 ? 0 : 0.3)),
    [200, 2],
    "f32",
  );
  const [moved] = (await push(params, { x, velocity }, 0, [2])).clouds; // a quarter of a period: x -> v / ω
  const [mx, my] = [0, 1].map((j) => moved.x.data.filter((_, i) => i % 2 === j).reduce((a, b) => a + b, 0) / 200);
  expect(Math.hypot(mx - 0.3 / omega, my)).toBeLessThan(0.12);
}, 40_000);

test("friction is fitted where the potential is known", async () => {
  const times = [0, 1, 2, 3, 4];
  const gamma = 0.35;
  const clouds = times.map((t) => lobes(t, randomStream(5).fold(`${t}`), gamma));
  const given = { potential: quadraticPotential(omega ** 2) };
  const model = mechanics(times, clouds, { ...small, steps: 350, energy: "given", given, friction: "fit" });
  const { state } = await train(model, 350, randomStream(6));
  // the envelope over four units of time falls by e^(-γ 2): means of 250 particles tell it to a few hundredths
  expect(Math.abs(Math.exp(item(model.average(state).friction as NdArray)) - gamma)).toBeLessThan(0.06);
}, 20_000);

/** A thermal cloud of oscillators about the origin: velocities differ at every place. */
function thermal(time: number, rng: Random, n = 250): Cloud & Required<Pick<Cloud, "velocities">> {
  const z = rng.normal([n, 2]).data;
  const [c, s] = [Math.cos(omega * time), Math.sin(omega * time)];
  const at = (i: number): [number, number] => [1 + 0.2 * z[2 * i], 0.5 * z[2 * i + 1]];
  const rows = (f: (x: number, v: number) => number) =>
    ndarray(
      Float32Array.from({ length: n }, (_, i) => f(...at(i))),
      [n, 1],
      "f32",
    );
  return { points: rows((x, v) => c * x + (s / omega) * v), velocities: rows((x, v) => c * v - omega * s * x), mass: 1 };
}

test("with measured velocities two snapshots tell a force, and a cloud whose velocities differ at one place is forecast", async () => {
  const rng = randomStream(8);
  const clouds = [0, 1.5].map((t) => thermal(t, rng.fold(`${t}`)));
  const model = mechanics([0, 1.5], clouds, { ...small, steps: 500 });
  expect(model.origin).toBeUndefined();
  const { state } = await train(model, 500, rng.fold("training"));
  const [{ points: x, velocities: velocity }] = clouds;
  const [ahead] = (await pusher(model, 1)(model.average(state), { x, velocity }, 0, [2.2])).clouds;
  const [truth, again] = ["truth", "again"].map((name) => thermal(2.2, rng.fold(name)).points);
  expect(w1(ahead.x, truth)).toBeLessThan(2 * w1(again, truth) + 0.05);
}, 20_000);

test("one snapshot is no motion", () => {
  expect(() => mechanics([0], [lobes(0, randomStream(1))])).toThrow(/two snapshots/);
});
