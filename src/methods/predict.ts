/** `pushforward predict`: what a trained model says about new data. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { randomStream } from "../array/index.ts";
import { readUnlabelled } from "../data/images.ts";
import { isBlank } from "../data/labelled-texts.ts";
import { readTable } from "../data/read.ts";
import { type Column, column, completeRows, isMissing, isNumeric, table, uniqueNames } from "../data/table.ts";
import { writeCsv, writeParquet } from "../data/write.ts";
import { UserError } from "../errors.ts";
import { job, type Outcome } from "../lab/command.ts";
import { talkOptions } from "../lab/options.ts";
import { formatNumber } from "../numbers.ts";
import {
  continueText,
  type ModelPredictions,
  predictInputs,
  type SupervisedModel,
  scoreText,
  supervisedModel,
  tableInputs,
} from "../training/supervised-model.ts";
import { textOptions } from "./train/options.ts";

const options = z.object({
  out: z.string().default("predictions.csv").describe("table to write, .csv or .parquet").meta({ short: "o", placeholder: "file" }),
  dropMissing: z.boolean().default(false).describe("leave out rows with missing values"),
  ...textOptions,
  length: z.int().min(0).max(100_000).default(400).describe("characters, or tokens, by which a text is continued"),
  seed: z.int().min(0).default(0).describe("seed of what is drawn"),
  ...talkOptions,
});
type Options = z.infer<typeof options>;

export const predict = job({
  name: "predict",
  summary: "apply a trained network to new tables, pictures or text",
  arguments: [
    { name: "<model>", description: "folder of a run of `train`, or the model.onnx that it wrote" },
    { name: "<input>", description: "table as the training had it, pictures, or text" },
  ],
  examples: ["pushforward predict runs/wine new.csv --out predicted.csv", "pushforward predict runs/mnist/artifacts/model.onnx scans/"],
  options,
  async run([model, input], given) {
    const trained = await load(model);
    if (!existsSync(input)) throw new UserError(`${input}: there is no such file or folder`, "check the path");
    if (trained.kind === "text") return onText(trained, input, given);
    return trained.input.length === 3 ? onPictures(trained, input, given) : onTable(trained, input, given);
  },
});

async function load(path: string): Promise<SupervisedModel> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such run or model`, "`pushforward runs list` shows the runs");
  const file = statSync(path).isDirectory() ? join(path, "artifacts", "model.onnx") : path;
  if (!existsSync(file))
    throw new UserError(`${path} holds no trained model`, "it should be the folder of a finished run of `pushforward train`");
  return supervisedModel(await readFile(file), file);
}

async function onTable(trained: SupervisedModel, path: string, { out, dropMissing, ...text }: Options): Promise<Outcome> {
  const t = await readTable(path, text);
  const warnings: string[] = [...(t.notes ?? [])];
  const features = (trained.encodings ?? []).flatMap((e) => (e.fill === undefined ? [column(t, e.column)] : []));
  const columns = trained.column === undefined ? features : [column(t, trained.column)];
  const lacks = trained.column === undefined ? isMissing : isBlank;
  const rows = completeRows(t, columns, dropMissing, warnings, { none: "the model needs all of its columns: fill them in", lacks });
  const { x, warnings: unknown } = tableInputs(trained, t, rows);
  const found = await predictInputs(trained, x);
  const truth = t.columns.find((c) => c.name === trained.target);
  const score = truth && scoreOf(trained, truth, rows, found);
  await write(out, [{ name: "row", values: Float64Array.from(rows, (i) => i + 1) }, ...predictionColumns(trained, found)]);
  return outcome(out, found, [...warnings, ...unknown], score && { ...score, target: truth.name });
}

async function onPictures(trained: SupervisedModel, path: string, { out }: Options): Promise<Outcome> {
  const { names, pixels } = await readUnlabelled(path, trained.input);
  const found = await predictInputs(trained, { ...pixels, dtype: "f32", data: Float32Array.from(pixels.data) });
  await write(out, [{ name: "picture", values: names }, ...predictionColumns(trained, found)]);
  return outcome(out, found, []);
}

async function onText(trained: SupervisedModel, path: string, { length, seed }: Options): Promise<Outcome> {
  const text = await readFile(path, "utf8");
  const score = await scoreText(trained, text);
  const continued = await continueText(trained, text, length, randomStream(seed).fold("text"));
  const unseen = score.unknown === 0 ? "" : `; ${score.unknown} characters that training has not seen count as one`;
  return {
    results: { ...score, continued },
    text: [`${formatNumber(score.bits)} bits a character over ${score.characters} characters${unseen}`, ...(length > 0 ? [continued] : [])],
  };
}

/** The prediction, and of classes the probability of each. */
function predictionColumns({ kind, outputs }: SupervisedModel, { predicted, values }: ModelPredictions): Column[] {
  const each = outputs.map((name, k) => ({ name, values: Float64Array.from(values, (row) => row[k]) }));
  if (kind === "numbers") return each;
  return [
    { name: "predicted", values: predicted.map(String) },
    { name: "probability", values: Float64Array.from(values, (row) => Math.max(...row)) },
    ...each.map((c) => ({ ...c, name: `probability ${c.name}` })),
  ];
}

async function write(out: string, columns: readonly Column[]): Promise<void> {
  const names = uniqueNames(columns.map((c) => c.name));
  const named = columns.map((c, i) => ({ ...c, name: names[i] }));
  if (!/\.(csv|parquet)$/.test(out)) throw new UserError(`--out: "${out}" is not a table`, "end it in .csv or .parquet");
  await (out.endsWith(".parquet") ? writeParquet : writeCsv)(out, table("predictions", named));
}

/** Where the table has the column that is predicted: how well. Rows without a value there do not count. */
function scoreOf({ kind }: SupervisedModel, { values }: Column, rows: readonly number[], { predicted }: ModelPredictions) {
  const known = rows.flatMap((row, i) => {
    const truth = values[row];
    return truth === null || truth === "" || Number.isNaN(truth) ? [] : [{ truth, guess: predicted[i] }];
  });
  if (known.length === 0) return undefined;
  if (kind === "classes") {
    const right = known.filter(({ truth, guess }) => String(truth) === guess).length;
    return { score: "accuracy", value: right / known.length, rows: known.length };
  }
  if (!isNumeric(values)) return undefined;
  const squares = known.reduce((s, { truth, guess }) => s + (Number(truth) - Number(guess)) ** 2, 0);
  return { score: "root mean square error", value: Math.sqrt(squares / known.length), rows: known.length };
}

function outcome(
  out: string,
  { predicted }: ModelPredictions,
  warnings: readonly string[],
  scored?: { score: string; value: number; rows: number; target: string },
): Outcome {
  const line = scored && `${scored.score} against column "${scored.target}" (${scored.rows} rows): ${formatNumber(scored.value)}`;
  return {
    results: { out, rows: predicted.length, ...(scored && { score: scored }), warnings },
    text: [...warnings.map((w) => `note: ${w}`), ...(line ? [line] : []), `${predicted.length} predictions in ${out}`],
  };
}
