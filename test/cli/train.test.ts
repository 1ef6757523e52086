import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { readTable } from "../../src/data/index.ts";
import { loadModel } from "../../src/language/models/load.ts";
import { readLanguageModel } from "../../src/nn/index.ts";
import { fromOnnx } from "../../src/onnx/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { tokenizerOf } from "../../src/tokenizers/index.ts";
import { expectReported } from "../lab/reported.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-train-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command; its results, the error, and the exit code. */
async function pushforward(...args: string[]): Promise<{ code: number; out: string; text: string }> {
  let [out, text] = ["", ""];
  const code = await run(["train", ...args], commands, { out: (s) => void (out += s), error: (s) => void (text += s) });
  return { code, out, text };
}

async function file(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.join("\n"));
  return path;
}

/** Two features; the class is the sign of their sum, the number 2 a - b. */
function rows(n = 200): string[] {
  const { data } = randomStream(1).normal([2 * n]);
  return [
    "a,b,class,number",
    ...Array.from({ length: n }, (_, i) => {
      const [a, b] = [data[2 * i], data[2 * i + 1]];
      return `${a},${b},${a + b > 0 ? "up" : "down"},${10 + 2 * a - b}`;
    }),
  ];
}

const results = async (out: string) => JSON.parse(await readFile(join(out, "results.json"), "utf8"));

test("learns classes, and its files agree with each other", async () => {
  const path = await file("classes.csv", rows(400));
  const out = join(folder, "classes");
  const { code } = await pushforward(
    path,
    "--target",
    "class",
    "--features",
    "a,b",
    "--steps",
    "150",
    "--lr",
    "0.01",
    "--width",
    "16",
    "--out",
    out,
    "--quiet",
  );
  expect(code).toBe(0);
  const { test: score, parameters } = await results(out);
  expect(parameters).toBe(3 * 16 + 17 * 16 + 17 * 2);
  // a line separates the classes: 40 test rows, of which those next to the line may go wrong
  expect(score.score).toBeGreaterThan(0.85);
  const predictions = await readTable(join(out, "artifacts", "predictions.csv"));
  const [truth, guess, probability] = ["class", "predicted", "probability"].map(
    (n) => predictions.columns.find((c) => c.name === n)!.values,
  );
  const right = truth.filter((t: unknown, i: number) => t === guess[i]).length;
  expect(right / predictions.rows).toBeCloseTo(score.score, 6);
  // the exported model takes the rows as the file has them
  const model = fromOnnx(await readFile(join(out, "artifacts", "model.onnx")));
  expect(JSON.parse(model.metadata.classes)).toEqual(["down", "up"]);
  const source = await readTable(path);
  const row = predictions.columns.find((c) => c.name === "row")!.values as Float64Array;
  const x = ndarray(new Float32Array(40 * 2), [40, 2], "f32");
  for (let i = 0; i < 40; i++) for (const j of [0, 1]) x.data[2 * i + j] = Number(source.columns[j].values[row[i]]);
  const y = toNumbers(await jit((p: Record<string, Tensor>, x: Tensor) => model.apply(p, x)[0])(model.params, x));
  for (let i = 0; i < 40; i++) expect(Math.max(y[2 * i], y[2 * i + 1])).toBeCloseTo(Number(probability[i]), 4);
  expect(await readFile(join(out, "report.html"), "utf8")).toMatch(/Confusion/);
});

test("learns numbers in their own units", async () => {
  const out = join(folder, "numbers");
  const { code } = await pushforward(
    await file("numbers.csv", rows(400)),
    "--target",
    "number",
    "--features",
    "a,b",
    "--optimizer",
    "sgd",
    "--lr",
    "0.01",
    "--set",
    "momentum=0.8",
    "--depth",
    "1",
    "--steps",
    "200",
    "--out",
    out,
    "--quiet",
  );
  expect(code).toBe(0);
  // the numbers have standard deviation √5; a linear function explains them
  expect((await results(out)).test.score).toBeLessThan(0.5);
});

test("learns to write text", async () => {
  const out = join(folder, "text");
  const path = await file("text.txt", [new Array(400).fill("the cat sat on the mat. ").join("")]);
  const { code } = await pushforward(
    path,
    "--context",
    "16",
    "--width",
    "16",
    "--depth",
    "1",
    "--heads",
    "2",
    "--lr",
    "0.01",
    "--steps",
    "80",
    "--batch",
    "16",
    "--out",
    out,
    "--quiet",
  );
  expect(code).toBe(0);
  // the text repeats itself: far below the 3.3 bits of its single characters
  expect((await results(out)).test.score).toBeLessThan(1.5);
});

test("learns to write byte pairs; its score is in bits a character, and the file is a language model with its tokenizer", async () => {
  const out = join(folder, "pairs");
  const stories = join(folder, "stories");
  await mkdir(stories);
  const story = (i: number): string => `the cat number ${i % 7} sat on the mat. `.repeat(3 + (i % 5));
  for (let i = 0; i < 40; i++) await writeFile(join(stories, `story-${i + 10}.txt`), story(i));
  const sizes = ["--tokens", "bpe:300", "--context", "16", "--width", "16", "--depth", "1", "--heads", "2"];
  const { code } = await pushforward(stories, ...sizes, "--lr", "0.01", "--steps", "80", "--batch", "16", "--out", out, "--quiet");
  expect(code).toBe(0);
  const { test: scores, score, warnings } = await results(out);
  expect(warnings).toContain("40 documents: whole ones make training, validation and test part");
  expect(score).toBe("bits a character");
  // a token has several characters here, so that bits a character are fewer than bits a token
  expect(scores.score).toBeLessThan((0.5 * scores.loss) / Math.LN2);
  const { config, tokenizer, params } = readLanguageModel(await readFile(join(out, "artifacts", "language-model.safetensors")));
  expect(config).toEqual({ architecture: "gpt", vocabulary: params.symbols.table.shape[0], context: 16, width: 16, depth: 1, heads: 2 });
  const said = tokenizerOf(tokenizer, "stories");
  expect([said.size, said.end, said.start]).toEqual([config.vocabulary, config.vocabulary - 1, config.vocabulary - 1]);
  expect(said.decode(said.encode(story(3)))).toBe(story(3));
  // the model that is steered says the same of the next token as the one that is predicted with
  const tokens = said.encode(story(3)).slice(0, 16);
  const { model } = await loadModel(out);
  const { next, close } = await model.start(tokens, 1);
  const onnx = fromOnnx(await readFile(join(out, "artifacts", "model.onnx")));
  const whole = toNumbers(await jit((x: Tensor) => onnx.apply(onnx.params, x)[0])(ndarray(Int32Array.from(tokens), [1, 16], "i32")));
  const [steered, last] = [toNumbers(next.logits), whole.slice(-said.size)];
  for (const [v, logit] of steered.entries()) expect(logit - last[v]).toBeCloseTo(steered[0] - last[0], 4);
  close();
});

test("learns classes of texts in a table", async () => {
  const out = join(folder, "texts");
  const path = await file("reviews.csv", ["stars,text,shop", ...reviews(200)]);
  const said = ["--text", "text", "--target", "stars", "--steps", "60", "--lr", "0.01", "--quiet"];
  expect((await pushforward(path, ...said, "--out", out)).code).toBe(0);
  const { test: scores, warnings } = await results(out);
  expect(warnings).toContain('the text alone is read: "shop" left out');
  expect(scores.score).toBeGreaterThan(0.9);
});

test.each([
  ["an empty text", ["1,good", '5,"  "'], 'column "text", row 2'],
  ["a missing label", ["1,good", ",bad"], 'column "stars", row 2'],
  ["a single class", ["1,good", "1,bad"], 'column "stars" has a single value'],
  ["numbers for texts", ["1,17", "2,18"], 'column "text" has numbers, not texts'],
])("%s in a table of texts is refused", async (_, lines, message) => {
  const path = await file("bad-texts.csv", ["stars,text", ...lines]);
  const { code, text } = await pushforward(path, "--text", "text", "--target", "stars", "--out", join(folder, "bad-texts"));
  expect(code).toBe(1);
  expect(text).toContain(message);
});

/** Lines of a table: stars, a text that tells them, a number without meaning. */
const reviews = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => {
    const words = ["the tea", "came", ["on monday", "on friday", "late", "soon"][i % 4], ["and", "but"][i % 2], "it was"];
    return `${i % 3 ? 5 : 1},"${words.join(" ")} ${i % 3 ? "good, lovely" : "bad, awful"}",${i}`;
  });

test("compares optimizers", async () => {
  const out = join(folder, "compare");
  const args = [
    "compare",
    await file("compare.csv", rows()),
    "--target",
    "class",
    "--features",
    "a,b",
    "--optimizers",
    "sgd,adamw",
    "--tune",
    "2",
    "--seeds",
    "2",
    "--steps",
    "100",
    "--width",
    "8",
    "--out",
    out,
    "--quiet",
  ];
  expect((await pushforward(...args)).code).toBe(0);
  const { optimizers, recommendation } = await results(out);
  expect(optimizers.map((o: { optimizer: string }) => o.optimizer).sort()).toEqual(["adamw", "sgd"]);
  expect(recommendation).toMatch(/^(sgd|adamw) has the best/);
  const trainings = JSON.parse(await readFile(join(out, "artifacts", "trainings.json"), "utf8"));
  for (const { optimizer, test: mean } of optimizers) {
    const scores = trainings.finals
      .filter((f: { optimizer: string }) => f.optimizer === optimizer)
      .map((f: { test: { score: number } }) => f.test.score);
    expect(scores).toHaveLength(2);
    expect(mean.mean).toBeCloseTo((scores[0] + scores[1]) / 2, 12);
    // at least the spread of the seeds: that of the test examples is added
    expect(mean.error).toBeGreaterThanOrEqual(Math.abs(scores[0] - scores[1]) / 2 - 1e-12);
  }
});

test("a comparison in parts has the scores of one in a process", async () => {
  const args = ["compare", await file("parts.csv", rows()), "--target", "class", "--features", "a,b", "--optimizers", "sgd,adamw"];
  const more = ["--tune", "1", "--seeds", "1", "--steps", "20", "--width", "8", "--quiet"];
  expect((await pushforward(...args, ...more, "--out", join(folder, "whole"))).code).toBe(0);
  expect((await pushforward(...args, ...more, "--out", join(folder, "parted"), "--workers", "2")).code).toBe(0);
  const scores = async (name: string) =>
    (await results(join(folder, name))).optimizers.map(({ milliseconds, ...rest }: { milliseconds: unknown }) => rest);
  expect(await scores("parted")).toEqual(await scores("whole"));
});

test.each([
  ["no data", [], /no data: name a file/],
  ["an unknown set", ["--data", "mnits"], /did you mean "mnist"/],
  ["a file that is not there", ["nowhere.csv", "--target", "y"], /no such file/],
  ["an unknown optimizer", ["DATA", "--target", "class", "--optimizer", "adamm"], /did you mean adam/],
  ["an unknown hyper-parameter", ["DATA", "--target", "class", "--set", "betta1=0.9"], /no option betta1/],
  ["a value out of range", ["DATA", "--target", "class", "--optimizer", "sgd", "--set", "momentum=1.5"], /momentum = 1.5 is not in/],
  ["a network for images on a table", ["DATA", "--target", "class", "--model", "cnn"], /cnn is not for these data.*--model mlp/s],
  ["an unknown network", ["DATA", "--target", "class", "--model", "resnett"], /did you mean "resnet"/],
  ["a model that is no ONNX file", ["DATA", "--target", "class", "--model", "BAD"], /ONNX/],
  [
    "an exploding loss",
    ["DATA", "--target", "number", "--optimizer", "sgd", "--lr", "1e30", "--steps", "40"],
    /step \d+: the loss is (NaN|Infinity).*lower --lr/s,
  ],
  ["a frozen layer that is not there", ["DATA", "--target", "class", "--freeze", "layers.9"], /no parameter begins with "layers.9"/],
  ["everything frozen", ["DATA", "--target", "class", "--freeze", "layers"], /nothing is left to train/],
  ["twice the same optimizer", ["compare", "DATA", "--target", "class", "--optimizers", "sgd,sgd"], /names sgd twice/],
])("%s is refused with a message", async (name, args, message) => {
  const data = await file("refused.csv", rows(60));
  const bad = await file("bad.onnx", ["this is no model"]);
  const { code, text } = await pushforward(
    ...args.map((a) => (a === "DATA" ? data : a === "BAD" ? bad : a)),
    "--out",
    join(folder, `refused ${name}`),
    "--quiet",
  );
  expect(text).toMatch(message);
  expect(code).toBe(1);
  expect(text).not.toMatch(/\n\s+at |fault of the program/);
});

test("a batch larger than the data is the whole data", async () => {
  const out = join(folder, "small");
  const { code } = await pushforward(
    await file("small.csv", rows(30)),
    "--target",
    "class",
    "--batch",
    "1000",
    "--steps",
    "3",
    "--out",
    out,
    "--quiet",
  );
  expect(code).toBe(0);
  expect(JSON.parse(await readFile(join(out, "config.json"), "utf8")).config.batch).toBe(24);
});

test("lists optimizers and what each can be told", async () => {
  const { code, out } = await pushforward("optimizers", "rf-rmsprop");
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}damping +/m);
  expect((await pushforward("optimizers", "nothing")).text).toMatch(/no optimizer "nothing"/);
});

test("runs write the numbers that their methods declare, and no others", async () => {
  await expectReported(folder, "train");
  await expectReported(folder, "train compare");
});
