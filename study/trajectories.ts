/**
 * Leave-one-time-out study of every method and baseline of `pushforward trajectories`.
 *
 *   npm run study:trajectories [-- --set embryoid-5 --methods all --seeds 5 --steps 3000 --log results.jsonl]
 *
 * Sets: embryoid-5, embryoid-50 (components of embryoid-body cells, t = 1, 2, 3 held out in turn), lineage (LARRY, day 4 held out, masses by cell
 * counts), simulation (gene switch with growth, times 1, 2, 3 held out). The data are read from $PUSHFORWARD_DATA (default ../shared/data). A held-out
 * snapshot is predicted from all cells of the snapshot before. Prints a Markdown table: mean over seeds and standard error. With --log, results are
 * appended to a file as they come, and what the file has already is not computed again.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type NdArray, ndarray, randomStream, readNpz, toNumbers } from "../src/tensor/index.ts";
import {
  baselines,
  type Cloud,
  innerTime,
  type LearnOptions,
  learner,
  type MethodName,
  meanWeight,
  methodNames,
  pusher,
  score,
  type TrainState,
  unitsOf,
  whiten,
} from "../src/transport/index.ts";

const { values } = parseArgs({
  options: {
    set: { type: "string", default: "embryoid-5" },
    methods: { type: "string", default: "all" },
    seeds: { type: "string", default: "5" },
    first: { type: "string", default: "0" },
    steps: { type: "string", default: "3000" },
    log: { type: "string" },
    options: { type: "string", default: "{}" },
    name: { type: "string" },
  },
});

interface Population {
  readonly times: number[];
  readonly snapshots: NdArray<"f32">[];
  readonly held: number[];
  /** Do the cell counts say how the population grows? */
  readonly counted: boolean;
  readonly options: LearnOptions;
}

const base = process.env.PUSHFORWARD_DATA ?? "../shared/data";
const readArrays = (path: string): Record<string, NdArray> =>
  readNpz(new Uint8Array(readFileSync(join(base, path)))) as Record<string, NdArray>;

/** Snapshots from points X [n, d] and times t [n]. */
function grouped(X: NdArray, t: NdArray, d: number): { times: number[]; snapshots: NdArray<"f32">[] } {
  const labels = toNumbers(t);
  const times = [...new Set(labels)].sort((a, b) => a - b);
  const width = X.shape[1];
  const snapshots = times.map((time) => {
    const rows = labels.flatMap((v, i) => (v === time ? [i] : []));
    const data = Float32Array.from(rows.flatMap((i) => Array.from({ length: d }, (_, j) => Number(X.data[i * width + j]))));
    return ndarray(data, [rows.length, d], "f32");
  });
  return { times, snapshots };
}

function population(name: string): Population {
  if (name.startsWith("embryoid")) {
    const d = Number(name.split("-")[1]);
    const { X, t } = readArrays("sc-embryoid-body/eb2750.npz");
    return { ...grouped(X, t, d), held: [1, 2, 3], counted: false, options: {} };
  }
  const { X, t } = readArrays(`sc-tigon/${name}.npz`);
  const held = name === "lineage" ? [1] : [1, 2, 3];
  return { ...grouped(X, t, X.shape[1]), held, counted: true, options: { massCurve: "linear" } };
}

interface Row {
  readonly method: string;
  readonly seed: number;
  readonly held: number;
  readonly w1: number;
  readonly mmd: number;
  /** Predicted over observed total mass. */
  readonly mass?: number;
  readonly seconds?: number;
  readonly memory?: number;
}

const set = values.set;
const { times, snapshots, held, counted, options } = population(set);
// the convention of the field: standardised over all snapshots; 50 components are divided by one number, so that distances keep their meaning
const units = unitsOf(times, snapshots, snapshots[0].shape[1] > 10 ? "common" : "each");
const white = snapshots.map((s) => whiten(units, s));
const rows: Row[] = [];
if (values.log && existsSync(values.log))
  rows.push(...readFileSync(values.log, "utf8").split("\n").filter(Boolean).map((l) => JSON.parse(l) as Row)); // biome-ignore format: one line
const note = (row: Row): void => {
  rows.push(row);
  if (values.log) appendFileSync(values.log, `${JSON.stringify(row)}\n`);
  console.error(`${row.method}, seed ${row.seed}, t = ${times[row.held]}: W1 ${row.w1.toFixed(3)}${row.mass ? `, mass ${row.mass.toFixed(3)}` : ""}${row.seconds ? `, ${row.seconds.toFixed(1)} s` : ""}`); // biome-ignore format: one line
};
const done = (method: string, seed: number, k: number): boolean =>
  rows.some((r) => r.method === method && r.seed === seed && r.held === k);

async function fold(method: MethodName, label: string, seed: number, k: number): Promise<void> {
  if (done(label, seed, k)) return;
  const started = performance.now();
  const kept = times.map((_, j) => j).filter((j) => j !== k);
  const own = unitsOf(kept.map((j) => times[j]), kept.map((j) => snapshots[j])); // biome-ignore format: one line
  const inner = (j: number): number => innerTime({ ...own }, times[j]);
  const clouds = kept.map((j): Cloud => ({ points: white[j], mass: counted ? white[j].shape[0] : 1 }));
  const settings = { steps: Number(values.steps), threads: 1, ...options, ...JSON.parse(values.options) };
  const model = await learner(method, kept.map(inner), clouds, settings); // biome-ignore format: one line
  const rng = randomStream(seed).fold(`fold ${k}`);
  let state: TrainState = await model.init(rng.fold("init"));
  for (let i = 0; i < settings.steps; i++) ({ state } = await model.step(state, rng));
  const { clouds: moved } = await pusher(model, 1)(model.average(state), { x: white[k - 1] }, inner(k - 1), [inner(k)], { rng });
  const [{ x, logWeight }] = moved;
  const weights = logWeight.data.map(Math.exp);
  const { w1, mmd } = score(label, { x, weights }, { x: white[k] }, rng);
  const mass = counted ? (meanWeight(logWeight) * white[k - 1].shape[0]) / white[k].shape[0] : undefined;
  note({ method: label, seed, held: k, w1, mmd, mass, seconds: (performance.now() - started) / 1000, memory: process.memoryUsage().rss / 2 ** 20 }); // biome-ignore format: one line
}

const chosen = values.methods === "all" ? methodNames.filter((m) => !m.endsWith("potential")) : (values.methods.split(",") as MethodName[]); // biome-ignore format: one line
for (let seed = Number(values.first); seed < Number(values.first) + Number(values.seeds); seed++) {
  for (const k of held)
    if (!done("sampling floor", seed, k)) {
      const { scores, floor } = baselines(white[k - 1], white[k + 1], white[k], (times[k] - times[k - 1]) / (times[k + 1] - times[k - 1]), randomStream(seed)); // biome-ignore format: one line
      for (const s of scores) note({ method: s.name, seed, held: k, w1: s.w1, mmd: s.mmd });
      note({ method: "sampling floor", seed, held: k, w1: floor, mmd: 0 });
    }
  for (const method of chosen) for (const k of held) await fold(method, values.name ?? method, seed, k);
}

const cell = (xs: readonly number[]): string => {
  if (xs.length === 0) return "";
  const mean = xs.reduce((a, b) => a + b) / xs.length;
  const error = Math.sqrt(xs.reduce((s, x) => s + (x - mean) ** 2, 0) / Math.max(1, xs.length - 1) / xs.length);
  return xs.length > 1 && error > 0 ? `${mean.toFixed(3)} ± ${error.toFixed(3)}` : mean.toFixed(3);
};
const seeds = (method: string): number[] => [...new Set(rows.filter((r) => r.method === method).map((r) => r.seed))];
const of = (method: string, k: number | undefined, value: (r: Row) => number | undefined): number[] =>
  seeds(method).flatMap((seed) => {
    const found = rows.filter((r) => r.method === method && r.seed === seed && (k === undefined || r.held === k)).flatMap((r) => value(r) ?? []); // biome-ignore format: one line
    return found.length === (k === undefined ? held.length : 1) ? [found.reduce((a, b) => a + b) / found.length] : [];
  });
console.log(`| W1 | ${held.map((k) => `t = ${times[k]}`).join(" | ")} | mean | ${counted ? "mass | " : ""}seconds | MiB |`);
console.log(`|---|${held.map(() => "---|").join("")}---|${counted ? "---|" : ""}---|---|`);
const plain = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? "";
for (const method of new Set(rows.map((r) => r.method))) {
  const cells = [
    method,
    ...held.map((k) => cell(of(method, k, (r) => r.w1))),
    cell(of(method, undefined, (r) => r.w1)),
    ...(counted ? [cell(of(method, undefined, (r) => r.mass))] : []),
    plain(of(method, undefined, (r) => r.seconds)[0], 1),
    plain(of(method, undefined, (r) => r.memory)[0], 0),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
