import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../src/array/index.ts";
import { toCorpus, toExamples } from "../../src/data/index.ts";
import { table } from "../../src/data/table.ts";
import {
  exampleTask,
  namedNetwork,
  naturalNetwork,
  predictions,
  predictionTable,
  type SupervisedState,
  sampleText,
  textTask,
  trainingFindings,
} from "../../src/training/index.ts";

const zero = ndarray(new Int32Array(1), [], "i32");
const state: SupervisedState = {
  step: zero,
  params: {},
  stats: {},
  optimizer: { inner: {}, skipped: zero, inRow: zero },
  loss: zero,
};
const sign = Array.from({ length: 40 }, (_, i) => (i % 2 ? 1 : -1));
const columns = [{ name: "x", values: Float64Array.from(sign) }];

test("the class of the largest logit is predicted, with its probability", async () => {
  const classes = { name: "y", values: sign.map((s) => (s > 0 ? "up" : "down")) };
  const task = exampleTask(toExamples(table("signs", [...columns, classes]), "signs", { target: "y" }), randomStream(0), {});
  // logits 0 and 2 x: the odds of "up" are e^2 or e^-2
  const predict = async (_: SupervisedState, x: { data: ArrayLike<number | bigint>; shape: readonly number[] }) =>
    ndarray(
      Float32Array.from({ length: 2 * x.shape[0] }, (_, i) => (i % 2 ? 2 * Number(x.data[i >> 1]) : 0)),
      [x.shape[0], 2],
      "f32",
    );
  const found = await predictions(task, { predict }, state);
  expect(found.guess).toEqual(found.truth);
  for (const p of found.probability) expect(p).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  const { columns: written, rows } = predictionTable(task, found);
  expect(written.map(({ name }) => name)).toEqual(["row", "class", "predicted", "probability"]);
  expect(rows).toBe(task.split.test.length);
});

test("predicted numbers are in the units of the data", async () => {
  const numbers = { name: "y", values: Float64Array.from(sign, (s) => 10 + 3 * s) };
  const task = exampleTask(toExamples(table("line", [...columns, numbers]), "line", { target: "y", task: "numbers" }), randomStream(0), {});
  // an output of 0 stands for the mean of the training part
  const predict = async (_: SupervisedState, x: { shape: readonly number[] }) =>
    ndarray(new Float32Array(x.shape[0]), [x.shape[0], 1], "f32");
  const { guess, truth, probability } = await predictions(task, { predict }, state);
  const mean = task.split.train.reduce((s, i) => s + 10 + 3 * sign[i], 0) / task.split.train.length;
  for (const g of guess) expect(g).toBeCloseTo(mean, 5);
  expect(new Set(truth)).toEqual(new Set([7, 13]));
  expect(probability).toEqual([]);
});

test("a text of a network that is sure goes on as the network says", async () => {
  const corpus = { name: "", title: "", source: "", ...toCorpus("abcabcabc".repeat(20), "abc") };
  const k = corpus.vocabulary.length;
  // the character after c is c + 1, with logits that no noise overturns
  const predict = async (_: SupervisedState, x: { data: ArrayLike<number | bigint>; shape: readonly number[] }) =>
    ndarray(
      Float32Array.from({ length: x.shape[1] * k }, (_, i) => (i % k === (Number(x.data[Math.floor(i / k)]) + 1) % 3 ? 1000 : 0)),
      [1, x.shape[1], k],
      "f32",
    );
  const text = await sampleText(corpus, { predict }, state, 8, randomStream(1), 30);
  expect("abc".repeat(20)).toContain(text);
  expect(text.length).toBe(38);
});

test("a context that is longer than a part is refused, and so is a network for other data", () => {
  const corpus = { name: "", title: "", source: "short.txt", ...toCorpus("abcabcabc".repeat(20), "short.txt") };
  expect(() => textTask(corpus, 20)).toThrow("short.txt: the validation part has 18 characters, fewer than a context of 20");
  const { problem } = textTask(corpus, 8);
  expect(naturalNetwork(problem)).toBe("transformer-lm");
  expect(() => namedNetwork("cnn", problem, {})).toThrow("cnn is not for these data");
  expect(() => namedNetwork("cmn", problem, {})).toThrow(expect.objectContaining({ hint: 'did you mean "cnn"?' }));
});

test("an accuracy has the binomial error of its test part", () => {
  const classes = { name: "y", values: sign.map(String) };
  const { problem } = exampleTask(toExamples(table("signs", [...columns, classes]), "signs", { target: "y" }), randomStream(0), {});
  const scores = { loss: 1, score: 0.8 };
  const results = {
    train: scores,
    validation: scores,
    test: scores,
    parameters: 3,
    optimizerNumbers: 6,
    baseline: { name: "none", score: 0.5 },
  };
  const [first] = trainingFindings(problem, results);
  expect(first).toMatchObject({ name: "accuracy, test", value: 0.8 });
  expect(first.error).toBeCloseTo(Math.sqrt((0.8 * 0.2) / problem.count("test")), 12);
});
