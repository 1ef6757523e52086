/**
 * `pushforward images` measured: action matching beside flow matching and both score matchings, with equal networks and equal training time.
 *
 *   npm run study:images -- [--only "mnist generate,emoji colour"] [--methods am,fm] [--seeds 2] [--minutes 20] [--jobs 2] [--out runs/study-images]
 *                           [--steps-from plan.json] [--widths 16,32,32] [--batch 32] [--sheets docs/images]
 *
 * --minutes are those of one processor, for the training alone: the time of a step of each method is measured first, and the number of steps
 * that fit is kept in plan.json of --out, from where a later call, or --steps-from, takes it. Every row is one run of the command on one thread
 * in a folder of its own; folders that hold results are not done again, and those that were stopped go on. Seeds begin at 1. A sheet of pictures for each task, of action
 * matching at the first seed, goes to --sheets. Tables are Markdown; ± is the greater of two standard errors: over the seeds, and over the pictures of the runs.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { UserError } from "../src/errors.ts";
import { type Budget, type Plan, planned, type Row, rowName } from "./images-plan.ts";
import { type RunResults, ranking, tableOf } from "./images-tables.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    methods: { type: "string", default: "am,fm,dsm,ssm" },
    seeds: { type: "string", default: "2" },
    minutes: { type: "string", default: "20" },
    jobs: { type: "string", default: "2" },
    out: { type: "string", default: "runs/study-images" },
    "steps-from": { type: "string" },
    widths: { type: "string", default: "16,32,32" },
    batch: { type: "string", default: "32" },
    sheets: { type: "string" },
  },
});

/** A table: pictures, what is asked of them, who is compared, and what is known of the paper. */
interface Part {
  readonly data: string;
  readonly task: string;
  readonly methods: readonly string[];
  /** FIDs of Neklyudov et al., ICML 2023, table 3, on CIFAR-10 with networks and trainings some thousand times as large. */
  readonly paper: string;
}

const restorers = ["am", "fm", "dsm"];
const noRanking = "no numbers that we know of";
const parts: readonly Part[] = [
  {
    ...{ data: "mnist", task: "generate", methods: ["am", "fm", "dsm", "ssm"] },
    paper: "action matching before sliced score matching with Langevin dynamics",
  },
  { data: "mnist", task: "super-resolve", methods: restorers, paper: "action matching alone (FID 1.44)" },
  { data: "mnist", task: "inpaint", methods: restorers, paper: noRanking },
  { data: "emoji", task: "colour", methods: restorers, paper: "action matching alone" },
  { data: "emoji", task: "super-resolve", methods: restorers, paper: "action matching alone (FID 1.44)" },
];

const told = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

const titleOf = ({ data, task }: Part | Row): string => `${data} ${task}`;

function chosenParts(): Part[] {
  const titles = values.only?.split(",").map((title) => title.trim()) ?? parts.map(titleOf);
  const unknown = titles.find((title) => !parts.some((part) => titleOf(part) === title));
  if (unknown !== undefined) throw new UserError(`--only: no part "${unknown}"`, `parts are ${parts.map(titleOf).join(", ")}`);
  const wanted = values.methods.split(",");
  return parts
    .filter((part) => titles.includes(titleOf(part)))
    .map((part) => ({ ...part, methods: part.methods.filter((method) => wanted.includes(method)) }));
}

const folderOf = (row: Row, seed: number): string => join(values.out, `${rowName(row).replaceAll(" ", "-")}-${seed}`);
const resultsOf = (row: Row, seed: number): string => join(folderOf(row, seed), "results.json");

const program = new URL("../bin/pushforward.js", import.meta.url).pathname;

/** One run of the command; whether it came to its end. */
async function train(row: Row, seed: number, { widths, batch, learningRate }: Budget, plan: Plan): Promise<boolean> {
  if (existsSync(resultsOf(row, seed))) return true;
  const { steps } = plan.rows[rowName(row)];
  const options = { ...row, widths, batch, "learning-rate": learningRate, steps, seed, threads: 1, out: folderOf(row, seed) };
  const args = ["images", ...Object.entries(options).map(([name, value]) => `--${name}=${value}`), "--json"];
  told(`pushforward ${args.join(" ")}`);
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  told(`${rowName(row)}, seed ${seed}: ${code === 0 ? "done" : `ended with ${code}`}`);
  return code === 0 && existsSync(resultsOf(row, seed));
}

/** Works on some at a time, in their order. */
async function together<T>(works: readonly (() => Promise<T>)[], jobs: number): Promise<T[]> {
  const done = new Array<T>(works.length);
  const left = works.entries();
  const worker = async (): Promise<void> => {
    for (const [i, work] of left) done[i] = await work();
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return done;
}

/** Largest file and width of a sheet on a page. */
const [mostBytes, mostWidth] = [200_000, 900];

/** The command's own sheet, in a palette and small enough for a page. @returns  nothing where it cannot be */
async function sheetOf(part: Part, seed: number, folder: string): Promise<string | undefined> {
  const figure = part.task === "generate" ? "samples.png" : "restored.png";
  const from = join(folderOf({ ...part, method: "am" }, seed), "artifacts", figure);
  if (!existsSync(from)) return undefined;
  const to = join(folder, `images-${part.data}-${part.task}.png`);
  mkdirSync(folder, { recursive: true });
  for (const colours of [256, 64, 16]) {
    const png = await sharp(from)
      .flatten({ background: "white" })
      .resize({ width: mostWidth, withoutEnlargement: true })
      .png({ palette: true, colours, effort: 10 })
      .toBuffer();
    if (png.length > mostBytes) continue;
    writeFileSync(to, png);
    return to;
  }
  return undefined;
}

async function study(): Promise<void> {
  const budget: Budget = {
    ...{ widths: values.widths, batch: Number(values.batch), learningRate: 2e-3, minutes: Number(values.minutes) },
  };
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  const chosen = chosenParts();
  const rows = chosen.flatMap((part) => part.methods.map((method): Row => ({ data: part.data, task: part.task, method })));
  const plan = await planned(values["steps-from"] ?? join(values.out, "plan.json"), budget, rows, told);
  const works = seeds.flatMap((seed) => rows.map((row) => () => train(row, seed, budget, plan)));
  const ended = await together(works, Number(values.jobs));
  for (const part of chosen) {
    const found = part.methods.map((method) => {
      const row = { data: part.data, task: part.task, method };
      const paths = seeds.map((seed) => resultsOf(row, seed)).filter((path) => existsSync(path));
      return { method, ...plan.rows[rowName(row)], runs: paths.map((path): RunResults => JSON.parse(readFileSync(path, "utf8"))) };
    });
    const lines = [`\n### ${titleOf(part)}\n`, ...tableOf(found), "", `Paper: ${part.paper}. Seen here: ${ranking(found)}.`];
    const sheet = await sheetOf(part, seeds[0], values.sheets ?? join(values.out, "sheets"));
    console.log([...lines, ...(sheet ? [`\n![${titleOf(part)}](${sheet})`] : [])].join("\n"));
  }
  if (!ended.every(Boolean)) process.exitCode = 1;
}

await study().catch((error) => {
  if (!(error instanceof UserError)) throw error;
  console.error(`error: ${error.message}${error.hint ? `\n  hint: ${error.hint}` : ""}`);
  process.exitCode = 1;
});
