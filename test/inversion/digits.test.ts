/** Thresholds of the audit on real digits: private 5-9, public 0-4, 14 x 14 pixels. */
import { beforeAll, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import { builtInImages } from "../../src/data/index.ts";
import { frechet, prdc, rowsOf, rowwise } from "../../src/distances/index.ts";
import { usualDefences } from "../../src/inversion/defences/defence.ts";
import { classifierLearner, trainClassifier } from "../../src/inversion/defences/learner.ts";
import { classifierNetwork } from "../../src/inversion/defences/network.ts";
import { evaluatorNoise } from "../../src/inversion/defences/roles.ts";
import type { Labelled } from "../../src/inversion/labelled.ts";
import { neighbourAccuracy } from "../../src/inversion/metrics/accuracy.ts";
import { doubtsOf } from "../../src/inversion/metrics/grade.ts";
import { overlap } from "../../src/inversion/metrics/overlap.ts";
import { adam } from "../../src/optim/index.ts";

let [train, heldOut, publicRows]: readonly Labelled[] = [];
let features: (x: NdArray<"f32">) => Promise<NdArray<"f32">>;

beforeAll(async () => {
  const { inputs, targets } = await builtInImages("mnist");
  const some = (from: number, count: number, is: (digit: number) => boolean): Labelled => {
    const rows: number[] = [];
    for (let i = from; rows.length < count; i++) if (is(Number(targets.data[i]))) rows.push(i);
    const x = new Float32Array(count * 196);
    rows.forEach((row, k) => {
      for (let p = 0; p < 784; p++) x[k * 196 + 14 * Math.floor(p / 56) + ((p % 28) >> 1)] += Number(inputs.data[row * 784 + p]) / 1020;
    });
    return { x: ndarray(x, [count, 196], "f32"), y: Int32Array.from(rows, (row) => Number(targets.data[row]) % 5) };
  };
  train = some(0, 2000, (digit) => digit >= 5);
  heldOut = some(20_000, 1000, (digit) => digit >= 5);
  publicRows = some(0, 1000, (digit) => digit < 5);
  const network = classifierNetwork({ input: [1, 14, 14], classes: 5, kind: "mlp", widths: [128, 32], activation: "silu" });
  const training = { optimizer: adam(3e-3), batchSize: 64, defence: usualDefences.none, noise: evaluatorNoise };
  const learner = classifierLearner(network, train, heldOut, randomStream("order"), training);
  const { state, score } = await trainClassifier(learner, 400, randomStream(1));
  expect(score.accuracy).toBeGreaterThan(0.9);
  features = rowwise(learner.classifier(state, "evaluator", [..."56789"]).features!);
});

test("other digits are near enough, shuffled pixels and noise are far, at any number of rows", async () => {
  const order = randomStream(1).permutation(196).data;
  const shuffled = { ...publicRows.x, data: publicRows.x.data.map((_, k) => publicRows.x.data[k - (k % 196) + order[k % 196]]) };
  for (const count of [400, 2000]) {
    const real = await features(
      rowsOf(
        train.x,
        Int32Array.from({ length: count }, (_, i) => i),
      ),
    );
    const doubts = async (x: NdArray<"f32">) => doubtsOf({ domain: await frechet(real, randomStream(1))(await features(x)) }).length;
    expect(await doubts(publicRows.x)).toBe(0);
    expect(await doubts(heldOut.x)).toBe(0);
    expect(await doubts(shuffled)).toBe(1);
    expect(await doubts(randomStream(2).uniform([1000, 196]))).toBe(1);
  }
});

test("digits saved again in 16 shades are found, all of them; other digits are none", async () => {
  const again = { ...train.x, data: train.x.data.map((v) => Math.round(v * 15) / 15) };
  expect((await overlap(again, train.x)).duplicates).toHaveLength(2000);
  expect((await overlap(heldOut.x, train.x)).duplicates).toEqual([]);
});

test("held-out digits cover the training part, others do not; neighbours know their classes", async () => {
  const beside = prdc(await features(train.x));
  const [own, other] = [await beside(await features(heldOut.x)), await beside(await features(publicRows.x))];
  if ("none" in own || "none" in other) throw new Error("rows are enough");
  expect(own.precision).toBeGreaterThan(0.85);
  expect(own.coverage).toBeGreaterThan(0.6);
  expect(other.coverage).toBeLessThan(own.coverage / 2);
  const { mean, worst } = await neighbourAccuracy(heldOut, train);
  expect(mean.value).toBeGreaterThan(0.9);
  // the class that is drawn best is the owner's worst
  expect(worst.value).toBeGreaterThanOrEqual(mean.value);
});
