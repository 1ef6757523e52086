/**
 * Leave-one-time-out study on the embryoid-body cells: 5 standardised principal components, t = 1, 2, 3 held out in turn.
 *
 *   npm run study:trajectories [-- --seeds 3 --steps 3000]
 *
 * The data are read from $PUSHFORWARD_DATA (default ../shared/data). Prints a Markdown table: mean over seeds and its standard error.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type NdArray, ndarray, randomStream, readNpz, toNumbers } from "../src/tensor/index.ts";
import { baselines, matching, score, stackClouds } from "../src/transport/index.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "3" }, steps: { type: "string", default: "3000" } },
});
const dimensions = 5;
const folder = join(process.env.PUSHFORWARD_DATA ?? "../shared/data", "sc-embryoid-body");
const file = readdirSync(folder).find((f) => f.endsWith(".npz")) as string;
const cells = readNpz(new Uint8Array(readFileSync(join(folder, file)))) as unknown as { X: NdArray; t: NdArray };
const times = toNumbers(cells.t);
const [n, width] = cells.X.shape;

function standardised(j: number): number[] {
  const column = Array.from({ length: n }, (_, i) => Number(cells.X.data[i * width + j]));
  const mean = column.reduce((a, b) => a + b) / n;
  const deviation = Math.sqrt(column.reduce((s, x) => s + (x - mean) ** 2, 0) / n);
  return column.map((x) => (x - mean) / deviation);
}

const columns = Array.from({ length: dimensions }, (_, j) => standardised(j));
const snapshots = [0, 1, 2, 3, 4].map((k) => {
  const rows = times.flatMap((t, i) => (t === k ? [i] : []));
  return ndarray(Float32Array.from(rows.flatMap((i) => columns.map((c) => c[i]))), [rows.length, dimensions], "f32");
});

const results = new Map<string, number[][]>();
const note = (name: string, fold: number, w1: number): void => {
  const folds = results.get(name) ?? results.set(name, [[], [], []]).get(name);
  folds?.[fold].push(w1);
};
let seconds = 0;
for (let seed = 0; seed < Number(values.seeds); seed++)
  for (const held of [1, 2, 3]) {
    const start = performance.now();
    const kept = [0, 1, 2, 3, 4].filter((k) => k !== held);
    const model = matching(
      kept,
      kept.map((k) => snapshots[k]),
      { steps: Number(values.steps) },
    );
    const rng = randomStream(seed).fold(`fold ${held}`);
    let state = model.init(rng.fold("init"));
    for (let i = 0; i < Number(values.steps); i++) state = (await model.step(state, rng)).state;
    const push = async (from: number): Promise<NdArray<"f32">> => {
      const { states } = await model.push(state, snapshots[from], from, [held]);
      return ndarray(states.data as Float32Array<ArrayBuffer>, snapshots[from].shape, "f32");
    };
    const [forward, backward] = [await push(held - 1), await push(held + 1)];
    seconds += (performance.now() - start) / 1000;
    note("action matching", held - 1, score("", forward, snapshots[held], rng).w1);
    note("action matching, both sides", held - 1, score("", stackClouds(forward, backward), snapshots[held], rng).w1);
    const { scores, floor } = baselines(snapshots[held - 1], snapshots[held + 1], snapshots[held], 0.5, rng);
    for (const s of scores) note(s.name, held - 1, s.w1);
    note("sampling floor (halves of 275)", held - 1, floor);
    console.error(`seed ${seed}, t = ${held}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }

const cell = (xs: readonly number[]): string => {
  const mean = xs.reduce((a, b) => a + b) / xs.length;
  const error = Math.sqrt(xs.reduce((s, x) => s + (x - mean) ** 2, 0) / Math.max(1, xs.length - 1) / xs.length);
  return `${mean.toFixed(3)} ± ${error.toFixed(3)}`;
};
console.log("| W1 | t = 1 | t = 2 | t = 3 | mean |\n|---|---|---|---|---|");
for (const [name, folds] of results) {
  const perSeed = folds[0].map((_, i) => (folds[0][i] + folds[1][i] + folds[2][i]) / 3);
  console.log(`| ${name} | ${folds.map(cell).join(" | ")} | ${cell(perSeed)} |`);
}
console.log(`\n${values.seeds} seeds, ${values.steps} steps, ${(seconds / (3 * Number(values.seeds))).toFixed(1)} s a fold`);
