import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { type Defence, usualDefences } from "../../../src/inversion/defences/defence.ts";
import { type ClassifierTraining, classifierLearner, trainClassifier } from "../../../src/inversion/defences/learner.ts";
import { classifierNetwork, type NetworkOptions } from "../../../src/inversion/defences/network.ts";
import { outputsOnly, roundedOutputs, temperedOutputs, topOneOutputs } from "../../../src/inversion/defences/outputs.ts";
import { evaluatorNoise, evaluatorOptions, randomLabels } from "../../../src/inversion/defences/roles.ts";
import type { Labelled } from "../../../src/inversion/labelled.ts";
import { adam } from "../../../src/optim/index.ts";
import { jit, softmax, type Tensor } from "../../../src/tensor/index.ts";
import { blobs } from "./blobs.ts";

const [train, heldOut] = [blobs("train", 600), blobs("held out", 600)];
const options: NetworkOptions = { input: [4], classes: 3, kind: "mlp", widths: [32, 16] };

const learn = (network: NetworkOptions, data: Labelled, training: Partial<ClassifierTraining> = {}, steps = 200) => {
  const learner = classifierLearner(classifierNetwork(network), data, heldOut, randomStream("order"), {
    ...{ optimizer: adam(5e-3), batchSize: 64, defence: usualDefences.none },
    ...training,
  });
  return { learner, done: trainClassifier(learner, steps, randomStream(1)) };
};

// classes are 3 √2 deviations apart: the best rule errs about 2 Φ(-2.12) = 3.4 % of the time
test.each(Object.entries(usualDefences))("three clouds are told apart with %s", async (_, defence: Defence) => {
  const network = defence.kind === "bottleneck" ? { ...options, code: 8 } : options;
  const optimizer = defence.kind === "private" ? adam(2e-2) : adam(5e-3);
  // a step of a kernel of m rows takes m eliminations
  const batchSize = defence.kind === "dependence" ? 24 : 64;
  const { score } = await learn(network, train, { defence, optimizer, batchSize }).done;
  expect(score.accuracy).toBeGreaterThan(0.92);
});

test("an evaluator is another network, trained with noise, and as good", async () => {
  const network = evaluatorOptions(options);
  expect(network).toMatchObject({ kind: "mlp", widths: [128, 32], activation: "silu" });
  expect((await learn(network, train, { noise: evaluatorNoise }).done).score.accuracy).toBeGreaterThan(0.92);
  expect(evaluatorOptions({ ...options, input: [1, 28, 28] })).toMatchObject({ kind: "conv" });
  expect(evaluatorOptions({ ...options, input: [1, 28, 28], kind: "conv" })).toMatchObject({ kind: "mlp" });
});

test("a model of shuffled labels knows nothing of the classes", async () => {
  const shuffled = randomLabels(train, randomStream(1));
  expect(shuffled.y.toSorted()).toEqual(train.y.toSorted());
  const { score } = await learn(options, shuffled).done;
  // by clusters it may have learned a permutation in part: far from 0.96 in any case
  expect(score.accuracy).toBeLessThan(0.6);
});

test("after transfer the frozen blocks are those of the public data, and the others learn", async () => {
  const source = await learn(options, blobs("public", 600, 3, 4)).done;
  const start = { params: source.state.params, frozen: 1 };
  const { state, score } = await learn(options, train, { start }).done;
  expect(state.params.blocks[0]).toEqual(source.state.params.blocks[0]);
  expect(state.params.blocks[1]).not.toEqual(source.state.params.blocks[1]);
  expect(score.accuracy).toBeGreaterThan(0.92);
  const defended = await learn(options, train, { start, defence: usualDefences.private, optimizer: adam(2e-2) }).done;
  expect(defended.state.params.blocks[0]).toEqual(source.state.params.blocks[0]);
});

test("convolutions tell bars from bars; features are what goes into the last layer", async () => {
  const n = 200;
  const noise = randomStream("bars").uniform([n, 64]).data;
  const y = Int32Array.from({ length: n }, (_, i) => i % 2);
  const bars = {
    y,
    x: ndarray(
      noise.map((v, k) => (((k % 64) >> (y[k >> 6] ? 3 : 0)) % 8 === 4 ? 1 : 0.5 * v)),
      [n, 64],
      "f32",
    ),
  };
  const network: NetworkOptions = { input: [1, 8, 8], classes: 2, kind: "conv", widths: [4, 8] };
  const learner = classifierLearner(classifierNetwork(network), bars, bars, randomStream(1), {
    ...{ optimizer: adam(1e-2), batchSize: 50, defence: usualDefences.none },
  });
  const { state, score } = await trainClassifier(learner, 60, randomStream(1));
  expect(score.accuracy).toBeGreaterThan(0.98);
  const classifier = learner.classifier(state, "bars", ["across", "down"]);
  expect(classifier.input).toEqual([1, 8, 8]);
  const features = await jit((x: Tensor) => classifier.features!(x))(bars.x);
  expect(features.shape).toEqual([n, 8 * 2 * 2]);
});

test("a classifier's weights are constants of its own: later steps do not change it", async () => {
  const { learner, done } = learn(options, train, {}, 5);
  const { state } = await done;
  const classifier = learner.classifier(state, "early", ["a", "b", "c"]);
  const before = toNumbers(await jit(classifier.logits)(heldOut.x));
  let later = state;
  for (let step = 0; step < 3; step++) ({ state: later } = await learner.step(later, randomStream(step)));
  expect(toNumbers(await jit(classifier.logits)(heldOut.x))).toEqual(before);
  expect(toNumbers(await jit(learner.classifier(later, "later", []).logits)(heldOut.x))).not.toEqual(before);
});

test("answers that are rounded, cut to the top or tempered have the classes of the logits", async () => {
  const { learner, done } = learn(options, train, {}, 50);
  const classifier = learner.classifier((await done).state, "target", ["a", "b", "c"]);
  const say = async (f: (x: Tensor) => Tensor): Promise<number[][]> => {
    const p = toNumbers(await jit((x: Tensor) => softmax(f(x)))(heldOut.x));
    return Array.from({ length: 600 }, (_, i) => p.slice(3 * i, 3 * i + 3));
  };
  const plain = await say(classifier.logits);
  const [rounded, top, flat] = [
    await say(roundedOutputs(classifier, 2).logits),
    await say(topOneOutputs(classifier).logits),
    await say(temperedOutputs(classifier, 4).logits),
  ];
  plain.forEach((p, i) => {
    const best = p.indexOf(Math.max(...p));
    expect(top[i][best]).toBeCloseTo(1, 6);
    expect(flat[i].indexOf(Math.max(...flat[i]))).toBe(best);
    expect(Math.max(...flat[i])).toBeLessThanOrEqual(p[best] + 1e-6);
    // rounded shares may add up to 1 ± 0.015, and softmax shares that out
    p.forEach((v, c) => void expect(Math.abs(rounded[i][c] - v)).toBeLessThan(0.02));
  });
  expect(topOneOutputs(classifier).name).toBe("target, top class only");
  expect(outputsOnly).toMatch(/no protection against an attack that has the weights/);
});

test("what does not fit is refused before the first step, with what to do", () => {
  expect(() => classifierNetwork({ ...options, classes: 1 })).toThrow(/nothing to tell apart/);
  expect(() => classifierNetwork({ ...options, kind: "conv" })).toThrow(/these are features/);
  expect(() => classifierNetwork({ ...options, input: [1, 8, 8], kind: "conv", widths: [2, 2, 2] })).toThrow(/cannot be halved 3 times/);
  const refuse =
    (training: Partial<ClassifierTraining>, data: Labelled = train) =>
    () =>
      learn(options, data, training);
  expect(refuse({ defence: usualDefences.bottleneck })).toThrow(/needs a code/);
  expect(refuse({ defence: { kind: "private", clip: 0, sigma: 1 } })).toThrow(/make no private step/);
  expect(refuse({ defence: usualDefences.private, noise: 0.1 })).toThrow(/no noise to its inputs/);
  expect(refuse({ batchSize: 0 })).toThrow(/batch of 0/);
  expect(refuse({}, { x: train.x, y: train.y.map((c) => c + 1) })).toThrow(/row 3 has class 3, and there are 3/);
  expect(refuse({}, { x: train.x, y: train.y.slice(1) })).toThrow(/600 rows and 599 classes/);
  expect(refuse({}, { x: ndarray(new Float32Array(0), [0, 4], "f32"), y: new Int32Array(0) })).toThrow(/no rows/);
  const start = { params: classifierNetwork(options).init(randomStream(1)), frozen: 3 };
  expect(refuse({ start })).toThrow(/3 frozen blocks/);
});

test("a loss that is not finite stops the training with its step", async () => {
  const { done } = learn(options, { ...train, x: { ...train.x, data: train.x.data.map(() => Number.NaN) } }, {}, 3);
  await expect(done).rejects.toThrow(/step 1: the loss is NaN/);
});
