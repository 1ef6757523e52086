/** Training on pictures. */
import { describe, expect, test } from "vitest";
import {
  flatten,
  isArrayLeaf,
  item,
  mapTree,
  type NdArray,
  ndarray,
  randomStream,
  sizeOf,
  toNumbers,
} from "../../../../src/array/index.ts";
import { jit, type Tensor, valueAndGrad } from "../../../../src/tensor/index.ts";
import { type ImageLearnOptions, imageLearner, settingOf } from "../../../../src/transport/images/learning/learner.ts";
import { type ImageSample, imageMethodOf } from "../../../../src/transport/images/learning/methods.ts";
import { type ImageNet, imageHeads } from "../../../../src/transport/images/learning/network.ts";
import { densityAtKnots } from "../../../../src/transport/index.ts";
import { column, legendre } from "../../quadrature.ts";
import { coefficients, doubled, momentsAt, noisyNet, normalBytes, ofBytes, problemOf, weights } from "../gaussian.ts";

const leaves = (tree: object): NdArray[] => flatten(tree, isArrayLeaf).leaves as NdArray[];

describe("the gradient of the loss, through that of the action, is that of finite differences", () => {
  const rng = randomStream("gradients");
  const [n, shape] = [3, [1, 4, 4] as const];
  const d = sizeOf(shape);
  const times = [0.2, 0.5, 0.8];
  const rows = (): NdArray => rng.normal([n, d], "f64");
  const [x, v, z, clean, spoilt] = [rows(), rows(), rows(), rows(), rows()];
  const sample = { t: column(times), x, v, z, ends: { clean, spoilt } };

  test.each([...imageHeads.map((head) => ["flow", head] as const), ["action", "inner"] as const, ["action", "scalar"] as const])(
    "objective %s, head %s",
    async (objective, head) => {
      const options: ImageLearnOptions = { net: { channels: [2, 2] }, objective, head, growth: head === "scalar" ? 1 : 0 };
      const setting = settingOf(problemOf("flow", { shape }), options);
      const net = doubled(noisyNet(setting.form, head === "scalar" ? "one" : "seen", 6));
      const loss = (p: ImageNet, s: ImageSample): Tensor => imageMethodOf("am").loss(p, s, setting).loss;
      const value = jit(loss);
      const { gradient } = await jit((p: ImageNet, s: ImageSample) => ({ gradient: valueAndGrad(loss)(p, s)[1] }))(net, sample);
      // along random directions: truncation h² L'''/6 and rounding ε L / h, both near 1e-9 of a slope
      const h = 1e-5;
      for (const seed of [1, 2, 3]) {
        const stream = randomStream(seed);
        const direction = leaves(net).map((p) => stream.normal(p.shape, "f64").data);
        const moved = (by: number): ImageNet<NdArray> => {
          let k = 0;
          return mapTree<ImageNet<NdArray>>((p: NdArray) => {
            const along = direction[k++];
            return ndarray(
              Float64Array.from(toNumbers(p), (w, i) => w + by * along[i]),
              p.shape,
              "f64",
            );
          }, net);
        };
        const [up, down] = [item(await value(moved(h), sample)), item(await value(moved(-h), sample))];
        const slope = leaves(gradient).reduce((s, g, k) => s + toNumbers(g).reduce((a, w, i) => a + w * direction[k][i], 0), 0);
        expect(Math.abs(slope)).toBeGreaterThan(1e-4);
        expect(Math.abs((up - down) / (2 * h) - slope)).toBeLessThan(1e-5 * Math.max(0.01, Math.abs(slope)));
      }
    },
  );
});

const small: ImageLearnOptions = { net: { channels: [4] }, batch: 16, steps: 40, warmUp: 2, threads: 1 };
/** A state that outlives the next steps. */
const copied = <S extends object>(state: S): S => mapTree<S>((a: NdArray) => ({ ...a, data: a.data.slice() }) as NdArray, state); // a slice is of its own kind

test.each([
  ["even times", {}],
  ["adaptive times", { times: "adaptive" }],
  ["probes", { noise: 0.3 }],
] as const)("training is its state and its stream: going on from a copy ends in the same bits (%s)", async (_, options) => {
  const model = imageLearner(problemOf("flow", { shape: [1, 4, 4] }), randomStream("evaluation"), { ...small, ...options });
  const [straight, cut] = [randomStream(9), randomStream(9)];
  const end = async (state: ReturnType<typeof model.init>, rng: typeof straight, steps: number) => {
    let now = state;
    for (let i = 0; i < steps; i++) now = (await model.step(now, rng)).state;
    return copied(now);
  };
  const whole = await end(model.init(randomStream(1)), straight, 6);
  const half = await end(model.init(randomStream(1)), cut, 3);
  const fresh = imageLearner(problemOf("flow", { shape: [1, 4, 4] }), randomStream("evaluation"), { ...small, ...options });
  let now = half;
  for (let i = 0; i < 3; i++) now = (await fresh.step(now, cut)).state;
  leaves(now).forEach((a, i) => void expect(toNumbers(a)).toEqual(toNumbers(leaves(whole)[i])));
  expect(await fresh.evaluate(now)).toEqual(await model.evaluate(whole));
});

test("times follow the spread of the loss, and their density stays of mean one", async () => {
  const model = imageLearner(problemOf("vp", { shape: [1, 2, 2] }), randomStream("evaluation"), { ...small, times: "adaptive" });
  let state = model.init(randomStream(1));
  const rng = randomStream(2);
  const mean = (p: ArrayLike<number>): number =>
    Array.from(p).reduce((s, v, i) => s + (i > 0 ? (v + p[i - 1]) / 2 : 0), 0) / (p.length - 1);
  for (let i = 0; i < 40; i++) {
    state = (await model.step(state, rng)).state;
    const p = densityAtKnots(state.density!);
    expect(mean(p)).toBeCloseTo(1, 10);
    expect(Math.min(...p)).toBeGreaterThanOrEqual(0.01);
  }
  const p = densityAtKnots(state.density!);
  // with w = b⁵ nothing of the loss is left at the clean end; it varies where w is large
  expect(p[2]).toBeLessThan(p[60]);
});

test("what training loses comes near to minus the energy of the path, and not below", async () => {
  const shape = [1, 2, 2] as const;
  const all = normalBytes(4000, shape, 3);
  const problem = problemOf("flow", { shape, pixels: all });
  const steps = 250;
  const model = imageLearner(problem, randomStream("evaluation"), { ...small, batch: 128, steps, learningRate: 2e-2, emaDecay: 0.95 });
  let state = model.init(randomStream(1));
  const rng = randomStream(2);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const next = await model.step(state, rng);
    state = next.state;
    losses.push(next.metrics.loss);
  }
  const { x, w } = legendre(60);
  const energy = x.reduce((s, t, i) => {
    const { dm, dr } = momentsAt("flow", ofBytes, t);
    return s + (w[i] * weights.flow(t) * (dm * dm + dr * dr)) / 2;
  }, 0);
  const last = losses.slice(-100);
  const mean = last.reduce((s, v) => s + v, 0) / last.length;
  const se = Math.sqrt(last.reduce((s, v) => s + (v - mean) ** 2, 0)) / last.length;
  expect(mean).toBeGreaterThan(-energy - 5 * se); // the gap is never below zero
  expect(mean).toBeLessThan(-0.97 * energy + 5 * se);
});

test("weights are those of path, task and method", async () => {
  const times = [0.1, 0.5, 0.9];
  const weightOf = async (path: "flow" | "vp", options: ImageLearnOptions, task?: "inpaint") => {
    const { weight } = settingOf(problemOf(path, { task }), options);
    return weight && toNumbers(await jit((t: Tensor) => weight(t))(column(times)));
  };
  const expectWeights = (found: ArrayLike<number> | undefined, f: (t: number) => number) =>
    times.forEach((t, i) => void expect(found?.[i]).toBeCloseTo(f(t), 12));
  expectWeights(await weightOf("flow", {}), (t) => 1 - t);
  expectWeights(await weightOf("vp", {}), weights.vp);
  expectWeights(await weightOf("vp", { method: "fm" }), weights.vp);
  expectWeights(await weightOf("flow", { method: "ssm" }), (t) => (1 - t) ** 2);
  expect(await weightOf("flow", {}, "inpaint")).toBeUndefined(); // nothing grows without bound where pictures come from pictures
  expect(await weightOf("vp", { method: "dsm" })).toBeUndefined();
  expect(await weightOf("vp", { weight: "constant" })).toBeUndefined();
  expect(coefficients.vp(0.5).b ** 5).toBeCloseTo(weights.vp(0.5), 12);
});
