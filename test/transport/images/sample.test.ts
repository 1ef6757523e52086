/** Pictures made by motions of which all is known. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { jit, type Tensor } from "../../../src/tensor/index.ts";
import type { ImageModel } from "../../../src/transport/images/learning/learner.ts";
import { type Mix, scheduleOf } from "../../../src/transport/images/paths/schedules.ts";
import { pictureMaker } from "../../../src/transport/images/sample.ts";
import { imageSolver } from "../../../src/transport/images/solvers.ts";
import type { VectorField } from "../../../src/transport/index.ts";
import { anyNet, type MixedName, modelOf, momentsAt, type Normal, problemOf, scoreOf, velocityOf } from "./gaussian.ts";

const pictures: Normal = { mean: 0.4, deviation: 0.5 };
const n = 1500;
const noise = randomStream("starts").normal([n, 1, 2, 2]);
const mixOf = (path: MixedName): Mix => scheduleOf(path).mix!;

const exactModel = (path: MixedName, normal = pictures): ImageModel =>
  modelOf(problemOf(path), { dynamics: () => ({ drift: velocityOf(mixOf(path), normal), noise: 0 }) });

const makeBy = (model: ImageModel, solver: string, stages = 1) =>
  pictureMaker(model, { solver: imageSolver(solver), threads: 1 })(anyNet(model.problem), {}, noise, { rng: randomStream(1), stages });

/** The map of the exact flow from starts to pictures: what was k deviations from the mean stays so. */
function mapped(path: MixedName, normal = pictures): number[] {
  const { clean, spoilt } = scheduleOf(path);
  const [first, last] = [momentsAt(path, normal, spoilt), momentsAt(path, normal, clean)];
  return Array.from(toNumbers(noise), (z) => last.m + (last.r / first.r) * (z - first.m));
}
const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);

describe.each(["flow", "dimple", "vp", "sub-vp", "simple"] as const)("%s", (path) => {
  test("the exact velocity carries noise to pictures", async () => {
    const { pictures: made, evaluations } = await makeBy(exactModel(path), "rk4-100");
    // the fourth order leaves little, but roots of the time at the ends of "simple" are no polynomials
    expect(worst(toNumbers(made), mapped(path))).toBeLessThan(path === "simple" ? 0.05 : 1e-3);
    expect(evaluations).toBe(400);
  });
});

test.each([
  ["euler", 1, 32],
  ["midpoint", 2, 32],
  ["heun", 2, 32],
  ["rk4", 4, 20],
] as const)("with twice the steps %s errs less by its order, %i", async (solver, order, steps) => {
  const sharp: Normal = { mean: 0.4, deviation: 0.1 };
  const model = exactModel("flow", sharp);
  const error = async (steps: number) => worst(toNumbers((await makeBy(model, `${solver}-${steps}`)).pictures), mapped("flow", sharp));
  const [long, short] = [await error(steps), await error(2 * steps)];
  expect(Math.log2(long / short)).toBeGreaterThan(order - 0.3);
  expect(short).toBeGreaterThan(3e-6); // above the rounding of single precision
});

test("steps by their error come as near as they are told to", async () => {
  const { pictures: made, evaluations } = await makeBy(exactModel("flow"), "dopri5");
  expect(worst(toNumbers(made), mapped("flow"))).toBeLessThan(1e-4);
  expect(evaluations).toBeGreaterThan(20);
});

test.each([1, 3, 8, 40])("the way in %i stages is one way, from the start to the picture", async (stages) => {
  const model = exactModel("flow");
  const [whole, parts] = [await makeBy(model, "heun-25"), await makeBy(model, "heun-25", stages)];
  expect(parts.evaluations).toBe(50);
  expect(parts.way.length).toBe(Math.min(stages, 25) + 1);
  expect(toNumbers(parts.way[0])).toEqual(toNumbers(noise));
  expect(parts.way[parts.way.length - 1]).toBe(parts.pictures);
  // the same steps; their times are rounded differently
  expect(worst(toNumbers(parts.pictures), toNumbers(whole.pictures))).toBeLessThan(2e-5);
  expect([...new Set(toNumbers(parts.logWeight))]).toEqual([0]);
});

test("each stage but the last shows states between", async () => {
  const { way } = await makeBy(exactModel("flow"), "rk4-8", 4);
  way.forEach((state, k) => {
    const { m, r } = momentsAt("flow", pictures, k / 4);
    const first = momentsAt("flow", pictures, 0);
    const expected = Array.from(toNumbers(noise), (z) => m + (r / first.r) * (z - first.m));
    expect(worst(toNumbers(state), expected)).toBeLessThan(5e-3);
  });
});

/** Mean and variance after `steps` linear steps, and the standard errors of those of `count` normals. */
interface Moments {
  readonly mean: number;
  readonly variance: number;
}
function expectMoments(made: NdArray, { mean, variance }: Moments) {
  const values = toNumbers(made);
  const found = values.reduce((s, v) => s + v, 0) / values.length;
  const spread = values.reduce((s, v) => s + (v - found) ** 2, 0) / (values.length - 1);
  expect(Math.abs(found - mean)).toBeLessThan(5 * Math.sqrt(variance / values.length));
  expect(Math.abs(spread - variance)).toBeLessThan(5 * variance * Math.sqrt(2 / values.length));
}

test.each(["flow", "dimple", "vp"] as const)(
  "%s with noise: steps of Euler and Maruyama, in the path's own direction of time",
  async (path) => {
    const { clean, spoilt } = scheduleOf(path);
    const sigma = 0.3;
    const toPictures = Math.sign(clean - spoilt);
    // dX = (v + (σ²/2) score d|t|/dt) dt + σ dW has the marginals of the path
    const drift: VectorField = (t, x) =>
      velocityOf(mixOf(path), pictures)(t, x).add(scoreOf(mixOf(path), pictures)(t, x).mul((toPictures * sigma ** 2) / 2));
    const model = modelOf(problemOf(path), { dynamics: () => ({ drift, noise: sigma }) }, { noise: sigma });
    const { pictures: made, evaluations } = await makeBy(model, "heun-25");
    expect(evaluations).toBe(100);
    // what these steps make of N(0, 1), exactly: x ← x + h (k (x - m) + m') + σ √|h| z
    const h = (clean - spoilt) / 100;
    let [mean, variance] = [0, 1];
    for (let i = 0; i < 100; i++) {
      const { m, r, dm, dr } = momentsAt(path, pictures, spoilt + i * h);
      const k = dr / r - (toPictures * sigma ** 2) / (2 * r * r);
      mean += h * (k * (mean - m) + dm);
      variance = variance * (1 + h * k) ** 2 + sigma ** 2 * Math.abs(h);
    }
    expectMoments(made, { mean, variance });
    // which is near to the pictures: first order in h with a stiff start on vp
    expect(Math.abs(mean - pictures.mean)).toBeLessThan(0.05);
    expect(Math.abs(Math.sqrt(variance) - pictures.deviation)).toBeLessThan(0.05);
  },
);

test("scores are followed by annealed Langevin dynamics of 1,090 evaluations", async () => {
  const wide: Normal = { mean: 0.4, deviation: 0.2 };
  const model = modelOf(problemOf("flow"), { score: () => scoreOf(mixOf("flow"), wide) }, { method: "ssm" });
  const { pictures: made, evaluations, way } = await makeBy(model, "heun-25");
  expect([evaluations, way.length]).toEqual([1090, 2]);
  // ten steps at each of 0.01, …, 0.99 with ε = 0.6 (1.01 - t)², then a hundred more: x ← x - ½ ε (x - m) / r² + √ε z
  let [mean, variance] = [0, 1];
  for (let k = 1; k <= 109; k++) {
    const t = Math.min(k, 99) / 100;
    const { m, r } = momentsAt("flow", wide, t);
    const size = 0.6 * (1.01 - t) ** 2;
    for (let i = 0; i < 10; i++) {
      mean -= (size / 2) * ((mean - m) / r ** 2);
      variance = variance * (1 - size / (2 * r ** 2)) ** 2 + size;
    }
  }
  expectMoments(made, { mean, variance });
  const staged = await makeBy(model, "heun-25", 4);
  expect([staged.evaluations, staged.way.length]).toEqual([1090, 5]);
  expectMoments(staged.pictures, { mean, variance });
});

test.each([
  ["flow", 1],
  ["dimple", -1],
] as const)("%s: weights gather the growth along the way, in the time of the path", async (path, sign) => {
  const model = modelOf(problemOf(path), {
    dynamics: () => ({
      drift: (_, x) => x.mul(0),
      noise: 0,
      growth: (t, x) => t.squeeze(1).mul(x.mean(1)),
    }),
  });
  const { logWeight, pictures: made } = await makeBy(model, "heun-4", 2);
  expect(toNumbers(made)).toEqual(toNumbers(noise));
  // ∫ t dt = 1/2, which Heun's method sums exactly
  const rows = Array.from(
    { length: n },
    (_, i) =>
      (sign *
        toNumbers(noise)
          .slice(4 * i, 4 * i + 4)
          .reduce((s, v) => s + v, 0)) /
      8,
  );
  expect(worst(toNumbers(logWeight), rows)).toBeLessThan(1e-6);
});

test("restorations begin and end with what is known", async () => {
  const problem = problemOf("flow", { shape: [1, 4, 4], task: "inpaint" });
  const model = modelOf(problem, { dynamics: () => ({ drift: (_, x) => x.neg().add(3), noise: 0 }) });
  const rng = randomStream(2);
  const mask = ndarray(
    new Float32Array(32).map((_, i) => (i % 16 < 8 ? 1 : 0)),
    [2, 1, 4, 4],
    "f32",
  );
  const full = rng.uniform([2, 1, 4, 4]);
  const seen = await jit((x: Tensor, m: Tensor) => x.mul(m))(full, mask);
  const e = rng.normal([2, 1, 4, 4]);
  const make = pictureMaker(model, { solver: imageSolver("euler-1"), threads: 1 });
  const { way } = await make(anyNet(problem), { seen, mask }, e, { rng });
  const [start, end] = way.map(toNumbers);
  for (let i = 0; i < 32; i++) {
    const known = mask.data[i] === 1;
    expect(start[i]).toBeCloseTo(known ? full.data[i] : e.data[i], 6);
    expect(end[i]).toBeCloseTo(known ? full.data[i] : 3, 6);
  }
});

test("circles begin anywhere on them; heat needs pictures to begin with", async () => {
  const still = { dynamics: () => ({ drift: (_: Tensor, x: Tensor) => x.mul(0), noise: 0 }) };
  const { pictures: made } = await makeBy(modelOf(problemOf("torus"), still), "euler-1");
  const values = toNumbers(made);
  // uniform places decoded to [-2, 2): variance 16/12
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...values)).toBeLessThanOrEqual(2);
  const variance = values.reduce((s, v) => s + v * v, 0) / values.length;
  // Var x² of uniforms on [-2, 2] is 16/5 - 16/9 = 1.42
  expect(Math.abs(variance - 4 / 3)).toBeLessThan(5 * Math.sqrt(1.42 / values.length));
  await expect(makeBy(modelOf(problemOf("blur"), still), "euler-1")).rejects.toThrow(/pictures/);
});

test("a model without motion or score makes nothing", () => {
  expect(() => pictureMaker(modelOf(problemOf("flow"), {}))).toThrow(/a motion or a score/);
});
