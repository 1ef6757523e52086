import { expect, test } from "vitest";
import { array, item, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { sinkhorn } from "../../src/distances/index.ts";
import { grad, jit, type Tensor } from "../../src/tensor/index.ts";
import {
  accelerationPotential,
  constantForce,
  fateMatrix,
  flowMatching,
  membership,
  obstacles,
  parseFormula,
  pathThrough,
  pusher,
  quadraticPotential,
  type ScalarField,
  simulateAndMatch,
  sinkhornDivergence,
  stages,
} from "../../src/transport/index.ts";
import { normals, pushed, train } from "./training.ts";

const points = randomStream(2).normal([5, 2], "f64");
const force = (v: ScalarField, t: number, x: NdArray = points): Promise<NdArray> =>
  jit((z: Tensor) => grad((y: Tensor) => v(y.slice(null, [0, 1]).mul(0).add(t), y).sum())(z).neg())(x) as Promise<NdArray>;

test("potentials push with their forces", async () => {
  expect(toNumbers(await force(quadraticPotential(2, [1, 0]), 0))).toEqual(
    toNumbers(points).map((v, i) => expect.closeTo(-2 * (v - (i % 2 ? 0 : 1)), 12)),
  );
  for (const f of toNumbers(await force(constantForce([3, -1]), 0)).entries()) expect(f[1]).toBeCloseTo(f[0] % 2 ? -1 : 3, 12);
  // going round a hill bends a path towards it
  const pushedAway = toNumbers(await force(obstacles([{ centre: [0, 0], height: 1, radius: 1 }]), 0));
  pushedAway.forEach((f, i) => void expect(Math.sign(f)).toBe(-Math.sign(Number(points.data[i]))));
});

test("the acceleration potential gives each inner snapshot its own acceleration, and the mean between two", async () => {
  // means 0, 1, 4, 9 at times 0, 1, 2, 4: speeds 1, 3, 2.5; accelerations 2, -1/3
  const v = accelerationPotential([0, 1, 2, 4], [[0], [1], [4], [9]]);
  const x = array([[0.3]], "f64");
  for (const [t, a] of [
    [0.2, 2],
    [1, 2],
    [1.5, (2 - 1 / 3) / 2],
    [2, -1 / 3],
    [3.7, -1 / 3],
  ] as const)
    expect(toNumbers(await force(v, t, x))[0]).toBeCloseTo(a, 10);
  expect(() => accelerationPotential([0, 1], [[0], [1]])).toThrow(/three snapshots/);
});

test.each([
  ["-2*(x-1)^2 + exp(-t)*y", (x: number, y: number, t: number) => -2 * (x - 1) ** 2 + Math.exp(-t) * y],
  ["x y", undefined],
  ["min(x, 2) - max(y,-1)/2", (x: number, y: number) => Math.min(x, 2) - Math.max(y, -1) / 2],
  ["-x^2", (x: number) => -(x ** 2)],
  ["2e-1 * x^-1", (x: number) => 0.2 / x],
  ["(x", undefined],
  ["x + z", undefined],
  ["sin(x, y)", undefined],
  ["x^y", undefined],
  ["", undefined],
] as const)("the formula %s", async (text, expected) => {
  const names = ["x", "y", "t"];
  if (!expected) {
    expect(() => parseFormula(text, names)).toThrow(SyntaxError);
    return;
  }
  const f = parseFormula(text, names);
  const run = jit((x: Tensor, y: Tensor, t: Tensor) => f({ x, y, t }));
  for (const [x, y, t] of [
    [0.5, -2, 0.3],
    [-1.5, 3, 2],
  ])
    expect(item(await run(...([x, y, t].map((v) => array([v], "f64")) as [NdArray, NdArray, NdArray])))).toBeCloseTo(expected(x, y, t), 12);
});

test("fates count the groups of the nearest cells and weigh them by descendants", () => {
  const reference = { points: normals([0], [0.1], 20, 1), groups: [] as string[] };
  reference.points.data.forEach((_, i) => void (reference.points.data[i] += i < 10 ? 0 : 10));
  reference.groups.push(...new Array(10).fill("a"), ...new Array(10).fill("b"));
  const x = ndarray(Float32Array.of(0, 10, 10), [3, 1], "f32");
  const fates = membership(x, reference, ["a", "b"], 5);
  [1, 0, 0, 1, 0, 1].forEach((p, i) => void expect(fates[i]).toBeCloseTo(p, 12));
  const matrix = fateMatrix(["s", "s", "r"], ["a", "b"], fates, [1, 3, 2], [1, 1, 1]);
  expect(matrix.starts).toEqual(["r", "s"]);
  expect(matrix.probability[1].map((p) => Number(p.toFixed(12)))).toEqual([0.25, 0.75]);
  expect(matrix.expansion).toEqual([2, 2]);
  expect(fateMatrix(["s", "s", "r"], ["a", "b"], fates, [1, 3, 2], [0.5, 0.5, 4]).expansion).toEqual([0.5, 4]);
  // what has no weight is no neighbour, and neighbours count by weight
  const weights = Float64Array.from({ length: 20 }, (_, i) => (i < 10 ? 0 : i < 12 ? 3 : 1));
  expect(Array.from(membership(ndarray(Float32Array.of(0), [1, 1], "f32"), { ...reference, weights }, ["a", "b"], 5))[1]).toBeCloseTo(
    1,
    12,
  );
  const line = { points: ndarray(Float32Array.of(0, 1, 2), [3, 1], "f32"), groups: ["a", "b", "b"], weights: [3, 1, 1] };
  expect(Array.from(membership(ndarray(Float32Array.of(0), [1, 1], "f32"), line, ["a", "b"], 2))).toEqual([0.75, 0.25]);
});

test("the Sinkhorn divergence of a cloud and itself is zero, and follows the entropic plans", async () => {
  const [x, y] = [normals([0, 0], [1, 1], 40, 1), normals([1, 0], [1, 0.5], 40, 2)];
  const run = jit((a: Tensor, b: Tensor) => sinkhornDivergence(a.expandDims(0), b.expandDims(0), 0.5, 300));
  expect(Math.abs(toNumbers(await run(x, x))[0])).toBeLessThan(1e-4);
  const cost = (a: typeof x, b: typeof x): number => sinkhorn(a, b, { epsilon: 0.5 }).cost;
  expect(toNumbers(await run(x, y))[0]).toBeCloseTo(cost(x, y) - (cost(x, x) + cost(y, y)) / 2, 2);
});

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
