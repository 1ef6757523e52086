/**
 * `pushforward train` with its default options on tables and digits, beside scikit-learn's linear models on the same splits.
 *
 *   npm run study:tables [-- --data FOLDER --seeds 5 --sets Vehicle,Glass --python PYTHON]
 *
 * FOLDER (default $PUSHFORWARD_DATA) holds tab-mlbench, tab-adult and image-usps. With --python, an interpreter that has scikit-learn fits
 * logistic or linear regression (its defaults) to the training and validation rows of each seed, standardised. Prints a Markdown table:
 * means over the seeds; the error of the difference is over the seeds, which split the data anew.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { randomStream, toNumbers } from "../src/array/index.ts";
import { type Examples, readSupervised, splitRows } from "../src/data/index.ts";
import { train } from "../src/methods/train/index.ts";
import { formatNumber, withError } from "../src/numbers.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: process.env.PUSHFORWARD_DATA ?? "../shared/data" },
    seeds: { type: "string", default: "5" },
    sets: { type: "string", default: "Vehicle,Glass,Boston,Adult,USPS" },
    python: { type: "string" },
  },
});
const base = mkdtempSync(join(tmpdir(), "pushforward-tables-"));
const unzipped = (path: string): string => gunzipSync(readFileSync(join(values.data, path))).toString("utf8");

function table(name: string, text: string): string {
  writeFileSync(join(base, name), text);
  return join(base, name);
}

const adultColumns = "age,workclass,fnlwgt,education,education_num,marital,occupation,relationship,race,sex,gain,loss,hours,country,income";

function usps(): string {
  const folder = join(base, "usps");
  mkdirSync(folder);
  for (const [theirs, ours] of [
    ["train", "train"],
    ["test", "t10k"],
  ])
    for (const what of ["images-idx3", "labels-idx1"])
      copyFileSync(join(values.data, `image-usps/usps-${theirs}-${what}-ubyte.gz`), join(folder, `${ours}-${what}-ubyte.gz`));
  return folder;
}

/** A set: its file, and how `train` is asked for it. */
const sets: Readonly<Record<string, () => { file: string; target?: string; task?: "numbers" }>> = {
  Vehicle: () => ({ file: table("vehicle.csv", unzipped("tab-mlbench/Vehicle.csv.gz")), target: "Class" }),
  Glass: () => ({ file: table("glass.csv", unzipped("tab-mlbench/Glass.csv.gz")), target: "Type" }),
  Boston: () => ({ file: table("boston.csv", unzipped("tab-mlbench/BostonHousing.csv.gz")), target: "medv", task: "numbers" }),
  Adult: () => ({
    file: table("adult.csv", `${adultColumns}\n${unzipped("tab-adult/adult.data.gz").replaceAll(", ", ",").trim()}\n`),
    target: "income",
  }),
  USPS: () => ({ file: usps() }),
};

/** The rows that the command splits off for a seed, as raw files for the peer. */
function writeSplit(examples: Examples, seed: number, folder: string): void {
  const split = splitRows(examples, randomStream(seed).fold("train").fold("split"), { validation: 0.1, test: 0.1 });
  const [x, y] = [toNumbers(examples.inputs), toNumbers(examples.targets)];
  const d = x.length / examples.inputs.shape[0];
  const fit = [...split.train, ...split.validation];
  for (const [part, rows] of [
    ["fit", fit],
    ["test", [...split.test]],
  ] as const) {
    writeFileSync(join(folder, `${part}.x`), Float32Array.from(rows.flatMap((r) => x.slice(r * d, (r + 1) * d))));
    writeFileSync(
      join(folder, `${part}.y`),
      Float32Array.from(rows, (r) => y[r]),
    );
  }
}

/** Test scores of one set, a seed each: ours, and the linear model's. */
async function compared(name: string): Promise<{ ours: number[]; linear: number[]; score: string; seconds: number }> {
  const { file, ...how } = sets[name]();
  const read = await readSupervised({ file, ...how });
  if (!("examples" in read)) throw new Error(`${name} is no set of examples`);
  const [ours, linear]: number[][] = [[], []];
  let [score, seconds] = ["", 0];
  for (let seed = 0; seed < Number(values.seeds); seed++) {
    const out = join(base, `${name}-${seed}`);
    await train.perform([file], { ...how, seed, out, quiet: true });
    const results = JSON.parse(readFileSync(join(out, "results.json"), "utf8"));
    ours.push(results.test.score);
    score = results.score;
    seconds += results.seconds / Number(values.seeds);
    if (!values.python) continue;
    writeSplit(read.examples, seed, out);
    const kind = read.examples.classes ? "classes" : "numbers";
    const { stdout, stderr } = spawnSync(values.python, ["bench/peers/linear_sklearn.py", out, kind]);
    if (stdout.length === 0) throw new Error(stderr.toString());
    linear.push(Number(stdout));
  }
  return { ours, linear, score, seconds };
}

const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
const error = (v: readonly number[]): number => Math.sqrt(v.reduce((s, x) => s + (x - mean(v)) ** 2, 0) / (v.length - 1) / v.length);

console.log("| set | score | pushforward train | linear model | difference | seconds a training |\n|---|---|---|---|---|---|");
for (const name of values.sets.split(",")) {
  const { ours, linear, score, seconds } = await compared(name);
  const gaps = ours.map((v, i) => v - linear[i]);
  const beside = linear.length > 0 ? [formatNumber(mean(linear)), withError(mean(gaps), error(gaps))] : ["", ""];
  console.log(`| ${[name, score, formatNumber(mean(ours)), ...beside, seconds.toFixed(1)].join(" | ")} |`);
}
rmSync(base, { recursive: true });
