import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../src/array/index.ts";
import { areaUnderCurve, baselineOf, calibrationError, classScores } from "../../src/training/metrics.ts";
import { exampleTask } from "../../src/training/task.ts";

test("the area under the curve is the share of pairs in the right order, ties as half", () => {
  const rng = randomStream(1);
  const score = [...rng.uniform([40]).data].map((u) => Math.floor(6 * u)); // with many ties
  const positive = [...rng.uniform([40]).data].map((u) => u < 0.3);
  let [right, pairs] = [0, 0];
  for (let i = 0; i < 40; i++)
    for (let j = 0; j < 40; j++)
      if (positive[i] && !positive[j]) {
        pairs++;
        right += score[i] > score[j] ? 1 : score[i] === score[j] ? 0.5 : 0;
      }
  expect(areaUnderCurve(score, positive)).toBeCloseTo(right / pairs, 12);
});

test("two classes: F1 is of the rarer one, balanced accuracy is the mean of both recalls", () => {
  // 2 of 3 rare ones are found, 1 of 7 others is called rare
  const truth = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
  const guess = [1, 1, 0, 1, 0, 0, 0, 0, 0, 0];
  const scores = classScores(["no", "yes"], { truth, guess, probability: guess.map(() => 0.9) });
  expect(scores.positive).toBe("yes");
  expect(scores.f1).toBeCloseTo(4 / (4 + 1 + 1), 12);
  expect(scores.balancedAccuracy).toBeCloseTo((2 / 3 + 6 / 7) / 2, 12);
  // of the 21 pairs of a rare and another one: 2 x 6 in order, 2 x 1 and 1 x 6 tied
  expect(scores.auc).toBeCloseTo((12 + 0.5 * 8) / 21, 12);
  // a constant guess is worth nothing, however common the class
  const constant = classScores(["no", "yes"], { truth, guess: truth.map(() => 0), probability: truth.map(() => 0.7) });
  expect([constant.balancedAccuracy, constant.f1, constant.auc]).toEqual([0.5, 0, 0.5]);
});

test("more classes: means over those that the test part has", () => {
  const scores = classScores(["a", "b", "c", "unseen"], { truth: [0, 0, 1, 2], guess: [0, 1, 1, 3], probability: [1, 1, 1, 1] });
  expect(scores.balancedAccuracy).toBeCloseTo((0.5 + 1 + 0) / 3, 12);
  expect(scores.f1).toBeCloseTo((2 / 3 + 2 / 3 + 0) / 3, 12);
  expect(scores.auc).toBeUndefined();
});

test("baselines: the commonest class, and the mean with the deviation as its error", () => {
  const inputs = ndarray(new Float32Array(200), [200, 1], "f32");
  const common = { name: "x", title: "x", source: "x", inputs, features: ["x"], warnings: [] };
  const classes = {
    ...common,
    classes: ["a", "b"],
    targets: ndarray(
      Int32Array.from({ length: 200 }, (_, i) => Number(i % 4 === 0)),
      [200],
      "i32",
    ),
  };
  expect(baselineOf(exampleTask(classes, randomStream(0), {}))).toEqual({ name: 'always "a"', score: 0.75 });
  const numbers = {
    ...common,
    outputs: ["y"],
    targets: ndarray(
      Float32Array.from({ length: 200 }, (_, i) => (i % 2 ? 3 : -1)),
      [200, 1],
      "f32",
    ),
  };
  const task = exampleTask(numbers, randomStream(0), {});
  const mean = task.split.train.reduce((s, r) => s + (r % 2 ? 3 : -1), 0) / task.split.train.length;
  const expected = Math.sqrt(task.split.test.reduce((s, r) => s + ((r % 2 ? 3 : -1) - mean) ** 2, 0) / task.split.test.length);
  expect(baselineOf(task).score).toBeCloseTo(expected, 12);
  // in any unit: squares of 1e300 are no numbers of f64
  const doubled = (unit: number) => ({
    ...numbers,
    targets: ndarray(
      Float64Array.from(numbers.targets.data, (v) => v * unit),
      [200, 1],
      "f64",
    ),
  });
  const large = baselineOf(exampleTask(doubled(1e300), randomStream(0), {})).score;
  expect(large / 1e300).toBeCloseTo(expected, 12);
});

test("the calibration error weighs the bins by their examples", () => {
  // 4 of 5 are right where 0.9 is said, 1 of 2 where 0.5 is said, all where 1 is said
  const probability = [0.9, 0.9, 0.9, 0.9, 0.9, 0.5, 0.5, 1];
  const hits = [true, true, true, true, false, true, false, true];
  // 0.9 and 1 share a bin: 5 hits of 6, where 5.5 are said
  expect(calibrationError(probability, hits)).toBeCloseTo(0.5 / 8, 12);
  expect(calibrationError([0.3, 0.3], [true, true])).toBeCloseTo(0.7, 12);
});
