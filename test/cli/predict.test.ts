import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { readTable } from "../../src/data/index.ts";
import { column } from "../../src/data/table.ts";
import { readOnnx } from "../../src/onnx/read.ts";
import { tokenizerOf } from "../../src/tokenizers/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-predict-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function pushforward(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const code = await run(args, commands, { out: (s) => void (out += s), error: (s) => void (error += s) });
  return { code, out, error };
}

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

const train = (path: string, out: string, ...options: string[]) =>
  pushforward("train", path, "--steps", "40", "--width", "8", "--quiet", "--out", join(folder, out), ...options);

/** Rows of a class that follows from a number and a word. */
function rows(count: number, seed: number): string[] {
  const u = randomStream(seed).uniform([count, 2]).data;
  return Array.from({ length: count }, (_, i) => {
    const [x, word] = [u[2 * i].toFixed(3), ["red", "green", "blue"][Math.floor(3 * u[2 * i + 1])]];
    return `${x},${word},${Number(x) > 0.5 || word === "red" ? "yes" : "no"}`;
  });
}

test("a raw table is predicted as in the training: the same rows get the same classes and probabilities", async () => {
  const path = await file("table.csv", ["x,colour,answer", ...rows(300, 1)].join("\n"));
  expect((await train(path, "table", "--target", "answer")).code).toBe(0);
  const out = join(folder, "again.csv");
  const { code, out: said } = await pushforward("predict", join(folder, "table"), path, "--out", out);
  expect(code).toBe(0);
  const [trained, again] = [await readTable(join(folder, "table", "artifacts", "predictions.csv")), await readTable(out)];
  const [guess, probability] = [column(again, "predicted").values, column(again, "probability").values];
  for (let i = 0; i < trained.rows; i++) {
    const row = Number(column(trained, "row").values[i]);
    expect(guess[row]).toBe(column(trained, "predicted").values[i]);
    expect(Number(probability[row])).toBeCloseTo(Number(column(trained, "probability").values[i]), 5);
  }
  // the table has the answers: they are compared
  const right = rows(300, 1).filter((row, i) => row.endsWith(`,${guess[i]}`)).length;
  expect(said).toContain(`accuracy against column "answer" (300 rows): ${Number((right / 300).toPrecision(4))}`);
});

test("columns may stand in another order, and more of them; what training has not seen is told; what does not fit is refused", async () => {
  const model = join(folder, "table", "artifacts", "model.onnx");
  const predict = async (content: string, ...options: string[]) =>
    pushforward("predict", model, await file("new.csv", content), "--out", join(folder, "new-predictions.csv"), ...options);
  const { code, out } = await predict("colour,id,x\nred,1,0.9\nmauve,2,0.1\n");
  expect(code).toBe(0);
  expect(out).toMatch(/^note: column "colour": 1 rows have values that training has not seen \("mauve"\)/);
  expect((await predict("x\n0.1\n")).error).toMatch(/no column "colour"/);
  expect((await predict("x,colour\nmany,red\n")).error).toMatch(/column "x": row 1 is "many", the model was trained on numbers/);
  expect((await predict("x,colour\n0.1,red\n,red\n")).error).toMatch(
    /missing .*column "x", row 2: missing.*\n {2}hint: use --drop-missing/s,
  );
  expect((await predict("x,colour\n0.1,red\n,red\n", "--drop-missing")).out).toMatch(/left out\n1 predictions/);
  expect((await pushforward("predict", join(folder, "nothing"), model)).error).toMatch(/there is no such run or model/);
  expect((await pushforward("predict", folder, model)).error).toMatch(/holds no trained model/);
  expect((await pushforward("predict", "test/onnx/fixtures/encoder.onnx", model)).error).toMatch(/not made by `pushforward train`/);
  expect((await predict("x,colour\n0.1,red\n", "--out", join(folder, "x.txt"))).error).toMatch(/is not a table/);
});

test("what is no model of ours is refused with its name and what to do", async () => {
  const [table, other] = [
    await file("raw.csv", ["x,word,class", ...rows(40, 1)].join("\n")),
    await file("other.onnx", "\x7fELF of another program"),
  ];
  for (const args of [
    ["predict", other, table],
    ["train", table, "--target", "class", "--model", other],
  ]) {
    const { code, error } = await pushforward(...args);
    expect(code).toBe(1);
    expect(error).toMatch(/other\.onnx: not an ONNX model.*\n\s*hint: give an \.onnx file/);
  }
});

test("a feature that varies little about a large number is learned, and the model file takes it whole", async () => {
  const u = randomStream(6).uniform([300]).data;
  const path = await file("offset.csv", ["x,y", ...Array.from(u, (x) => `${1e9 + x},${x > 0.5 ? "high" : "low"}`)].join("\n"));
  expect((await train(path, "offset", "--target", "y", "--lr", "0.03")).code).toBe(0);
  const { out } = await pushforward("predict", join(folder, "offset"), path, "--out", join(folder, "offset-predicted.csv"));
  expect(Number(/: (0\.\d+|1)\n/.exec(out)?.[1])).toBeGreaterThan(0.95);
});

test("numbers come in their own units, with the error where the truth is known", async () => {
  const u = randomStream(2).uniform([400]).data;
  const path = await file("numbers.csv", ["x,y", ...Array.from(u, (x) => `${x},${1000 + 500 * x}`)].join("\n"));
  expect((await train(path, "numbers", "--target", "y", "--task", "numbers", "--lr", "0.03")).code).toBe(0);
  const out = join(folder, "numbers-predicted.csv");
  await pushforward("predict", join(folder, "numbers"), path, "--out", out);
  const predicted = column(await readTable(out), "y").values;
  const error = Math.sqrt(Array.from(u, (x, i) => (Number(predicted[i]) - 1000 - 500 * x) ** 2).reduce((a, b) => a + b) / 400);
  expect(error).toBeLessThan(0.2 * 500 * Math.sqrt(1 / 12)); // a fifth of the spread of y
});

test("pictures of a folder, cut and scaled as in the training", async () => {
  const pictures = join(folder, "pictures");
  for (const [name, level] of Object.entries({ dark: 40, light: 210 })) {
    await mkdir(join(pictures, name), { recursive: true });
    for (let i = 0; i < 12; i++)
      await sharp({ create: { width: 12, height: 10, channels: 3, background: { r: level + i, g: level, b: level } } })
        .png()
        .toFile(join(pictures, name, `${i}.png`));
  }
  expect((await train(pictures, "shades", "--size", "8", "--model", "mlp", "--lr", "0.01")).code).toBe(0);
  const out = join(folder, "shades.csv");
  expect((await pushforward("predict", join(folder, "shades"), pictures, "--out", out)).code).toBe(0);
  const t = await readTable(out);
  const names = column(t, "picture").values;
  for (let i = 0; i < t.rows; i++) expect(String(names[i]).startsWith(String(column(t, "predicted").values[i]))).toBe(true);
});

test("texts of a table are predicted as in the training, by the reader of the command and by that of any model", async () => {
  const texts = Array.from({ length: 120 }, (_, i) => `it was ${i % 2 ? "good" : "bad"} on day ${i % 9}${" indeed".repeat(i % 4)}`);
  const path = await file("texts.csv", ["said,stars", ...texts.map((text, i) => `${text},${i % 2 ? "five" : "one"}`)].join("\n"));
  expect((await train(path, "texts", "--text", "said", "--target", "stars", "--lr", "0.02", "--steps", "80")).code).toBe(0);
  const out = join(folder, "texts-again.csv");
  const { code, out: said } = await pushforward("predict", join(folder, "texts"), path, "--out", out);
  expect(code).toBe(0);
  expect(said).toMatch(/accuracy against column "stars" \(120 rows\): 1$/m);
  const { metadata, inputs } = readOnnx(await readFile(join(folder, "texts", "artifacts", "model.onnx")), "model.onnx");
  expect(JSON.parse(metadata.classes)).toEqual(["five", "one"]);
  expect([inputs[0].dtype, inputs[0].shape[1]]).toEqual(["i32", Number(metadata.tokens)]);
  const tokenizer = tokenizerOf(JSON.parse(metadata.tokenizer), "model.onnx");
  expect(tokenizer.size).toBe(Number(metadata.pad));
  const empty = await file("no-text.csv", 'said,stars\n"  ",one\nit was bad,one\n');
  expect((await pushforward("predict", join(folder, "texts"), empty, "--out", out)).error).toContain('column "said", row 1');
});

test("a text is scored in bits a character and continued; the same seed continues it alike", async () => {
  const text = "the cat sat on the mat and the rat sat on the cat. ".repeat(60);
  const path = await file("cats.txt", text);
  expect((await train(path, "cats", "--context", "16", "--depth", "1", "--heads", "2")).code).toBe(0);
  const predict = async (...more: string[]) =>
    JSON.parse((await pushforward("predict", join(folder, "cats"), path, "--length", "30", "--json", ...more)).out);
  const first = await predict();
  const { test: scored } = JSON.parse(await readFile(join(folder, "cats", "results.json"), "utf8"));
  expect(Math.abs(first.bits - scored.score)).toBeLessThan(0.15); // the whole text and its last tenth repeat the same sentence
  expect(first.continued).toHaveLength(30);
  expect(await predict()).toEqual(first);
  expect((await predict("--seed", "1")).continued).not.toBe(first.continued);
});
