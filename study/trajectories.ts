/**
 * Leave-one-time-out study of every method and baseline of `pushforward trajectories`.
 *
 *   npm run study:trajectories [-- --set embryoid-5 --entries all --seeds 5 --steps 3000 --log results.jsonl]
 *
 * Sets: embryoid-5, embryoid-50 (components of embryoid-body cells, t = 1, 2, 3 held out in turn), lineage (LARRY, day 4 held out, masses by
 * cell counts), simulation (gene switch with growth, times 1, 2, 3 held out). The data are read from $PUSHFORWARD_DATA (default
 * ../shared/data). A held-out snapshot is predicted from all cells of the snapshot before, by mechanics without measured velocities from the
 * first one. Prints a Markdown table: mean over seeds and standard error, processor seconds of one fold and peak memory; every entry runs in
 * a process of its own. Results are appended to the log as they come, and what it has already is not computed again.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type NdArray, ndarray, type Random, randomStream, readNpz, toNumbers } from "../src/array/index.ts";
import {
  accelerationPotential,
  baselines,
  type Cloud,
  fittedScale,
  has,
  innerTime,
  kernelVelocity,
  type LearnOptions,
  learnDefaults,
  learner,
  type MethodName,
  meanWeight,
  methodNames,
  pusher,
  score,
  stacked,
  type Units,
  unbalancedDisplacement,
  unitsOf,
  whiten,
} from "../src/transport/index.ts";

const { values } = parseArgs({
  options: {
    set: { type: "string", default: "embryoid-5" },
    entries: { type: "string", default: "all" },
    seeds: { type: "string", default: "5" },
    first: { type: "string", default: "0" },
    log: { type: "string" },
    /** Instead of those of the set. */
    steps: { type: "string" },
    /** Set by the parent process. */
    child: { type: "boolean", default: false },
  },
});

/** A row of the table: a method, and what differs from its defaults. */
interface Entry {
  readonly method: MethodName;
  readonly options?: LearnOptions;
  /** Given the measured velocities, times the factor that fits the motion of the means. */
  readonly measured?: true;
}

/** Lagrangian flows take one inner step; where masses are counted, totals are linear in time unless said otherwise. */
const flow = { inner: 1 } as const;
const entries: Readonly<Record<string, Entry>> = {
  ...Object.fromEntries(methodNames.map((method) => [method, { method, options: method.startsWith("wlf") ? flow : {} }])),
  "wlf-ot, flow objective": { method: "wlf-ot", options: { inner: 0, objective: "flow" } },
  "wlf-sb, flow objective": { method: "wlf-sb", options: { inner: 0, objective: "flow" } },
  "wlf-ot, one action": { method: "wlf-ot", options: { ...flow, intervals: 1 } },
  "am, an action an interval": { method: "am", options: { intervals: 3 } },
  "am, spline": { method: "am", options: { path: "spline" } },
  "am, spline, smooth pairs": { method: "am", options: { path: "spline", coupling: "smooth" } },
  "am, spline, multimarginal": { method: "am", options: { path: "spline", coupling: "multimarginal" } },
  "am, hermite, velocities": { method: "am", options: { path: "hermite" }, measured: true },
  "ot-cfm, spline": { method: "ot-cfm", options: { path: "spline" } },
  "ot-cfm, hermite, velocities": { method: "ot-cfm", options: { path: "hermite" }, measured: true },
  "mechanics, velocities": { method: "mechanics", measured: true },
  "am-mechanics, velocities": { method: "am-mechanics", measured: true },
  "am-wfr, geodesic mass": { method: "am-wfr", options: { massCurve: "geodesic" } },
  "uam, log mass": { method: "uam", options: { massCurve: "log" } },
};

interface Population {
  readonly times: number[];
  readonly snapshots: NdArray<"f32">[];
  /** Measured velocities in a unit of their own. */
  readonly velocities?: NdArray<"f32">[];
  readonly held: number[];
  /** Do the cell counts say how the population grows? */
  readonly counted: boolean;
  readonly options: LearnOptions;
  /** Can means of training snapshots give accelerations? */
  readonly accelerates: boolean;
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
    const { X, t, v } = readArrays("sc-embryoid-body/eb2750.npz");
    return {
      ...grouped(X, t, d),
      velocities: grouped(v, t, d).snapshots,
      held: [1, 2, 3],
      counted: false,
      options: { steps: 3000 },
      accelerates: true,
    };
  }
  const { X, t } = readArrays(`sc-tigon/${name}.npz`);
  const held = name === "lineage" ? [1] : [1, 2, 3];
  const rest = { counted: true, options: { steps: 2000, massCurve: "linear" }, accelerates: held.length > 1 } as const;
  return { ...grouped(X, t, X.shape[1]), held, ...rest };
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
const { times, snapshots, velocities, held, counted, options: usual, accelerates } = population(set);
const options = { ...usual, steps: Number(values.steps ?? usual.steps) };
// the convention of the field: standardised over all snapshots; 50 components are divided by one number, so that distances keep their
// meaning
const units = unitsOf(times, snapshots, snapshots[0].shape[1] > 10 ? "common" : "each");
const white = snapshots.map((s) => whiten(units, s));
// distances in components of many dimensions are told in the units of the components
const unit = snapshots[0].shape[1] > 10 ? units.deviation[0] : 1;
const log = values.log ?? join(mkdtempSync(join(tmpdir(), "study-")), "results.jsonl");
const read = (): Row[] =>
  existsSync(log)
    ? readFileSync(log, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((l) => JSON.parse(l) as Row)
    : [];
const known = read();
const note = (row: Row): void => {
  appendFileSync(log, `${JSON.stringify(row)}\n`);
  console.error(
    `${row.method}, seed ${row.seed}, t = ${times[row.held]}: W1 ${row.w1.toFixed(3)}${row.mass ? `, mass ${row.mass.toFixed(3)}` : ""}${row.seconds ? `, ${row.seconds.toFixed(1)} s` : ""}`,
  );
};
const done = (method: string, seed: number, k: number): boolean =>
  known.some((r) => r.method === method && r.seed === seed && r.held === k);

/** Velocities in units of the training, an interval as the mean one of the snapshots `kept`, by the motion of whose means they are scaled. */
async function scaledVelocities(kept: readonly number[], clock: Units, rng: Random): Promise<NdArray<"f32">[] | undefined> {
  const own = velocities?.map((v) => ({
    ...v,
    data: v.data.map((value, i) => (value * clock.interval) / units.deviation[i % v.shape[1]]),
  }));
  if (!own) return undefined;
  const { field } = await kernelVelocity(stacked(kept.map((j) => white[j])), stacked(kept.map((j) => own[j])), rng);
  const { scale } = await fittedScale(
    field,
    kept.map((j) => innerTime(clock, times[j])),
    kept.map((j) => ({ points: white[j], mass: 1 })),
  );
  return own.map((v) => ({ ...v, data: v.data.map((value) => value * scale) }));
}

async function fold(label: string, { method, options: own = {}, measured }: Entry, seed: number, k: number): Promise<void> {
  if (done(label, seed, k)) return;
  const started = process.cpuUsage();
  const kept = times.map((_, j) => j).filter((j) => j !== k);
  const clock = unitsOf(
    kept.map((j) => times[j]),
    kept.map((j) => snapshots[j]),
  );
  const inner = (j: number): number => innerTime(clock, times[j]);
  const rng = randomStream(seed).fold(`fold ${k}`);
  const known = measured && (await scaledVelocities(kept, clock, rng.fold("velocities")));
  const clouds = kept.map(
    (j): Cloud => ({ points: white[j], mass: counted ? white[j].shape[0] : 1, ...(known && { velocities: known[j] }) }),
  );
  const potential =
    has(method, "potential") &&
    accelerationPotential(
      kept.map(inner),
      kept.map((j) => meanOf(white[j])),
    );
  const settings = { threads: 1, ...options, ...own, ...(potential && { potential }) };
  const model = await learner(method, kept.map(inner), clouds, settings);
  let state = model.init(rng.fold("init"));
  for (let i = 0; i < options.steps; i++) ({ state } = await model.step(state, rng));
  // mechanics whose velocities are not measured know those of the first snapshot alone
  const before = model.origin === undefined ? k - 1 : kept[0];
  const start = { x: white[before], ...(known && model.phase && { velocity: known[before] }) };
  const { clouds: moved } = await pusher(model, 1)(model.average(state), start, inner(before), [inner(k)], { rng });
  const { user, system } = process.cpuUsage(started);
  const [{ x, logWeight }] = moved;
  const weights = logWeight.data.map(Math.exp);
  const { w1, mmd } = score(label, { x, weights }, { x: white[k] }, rng);
  const mass = counted ? (meanWeight(logWeight) * white[before].shape[0]) / white[k].shape[0] : undefined;
  note({
    method: label,
    seed,
    held: k,
    w1: w1 * unit,
    mmd,
    mass,
    seconds: (user + system) / 1e6,
    memory: process.resourceUsage().maxRSS / 1024,
  });
}

const meanOf = ({ data, shape: [n, d] }: NdArray<"f32">): number[] =>
  Array.from({ length: d }, (_, j) => data.reduce((s, v, i) => s + (i % d === j ? v : 0), 0) / n);

async function withoutLearning(seed: number, k: number): Promise<void> {
  const fraction = (times[k] - times[k - 1]) / (times[k + 1] - times[k - 1]);
  const cone = "unbalanced-transport midpoint";
  if (counted && !done(cone, seed, k)) {
    const [x, y] = [k - 1, k + 1].map((j): Cloud => ({ points: white[j], mass: white[j].shape[0] }));
    const rng = randomStream(seed);
    const between = await unbalancedDisplacement(x, y, fraction, learnDefaults.growth, rng);
    const { w1, mmd } = score(cone, between, { x: white[k] }, rng);
    note({ method: cone, seed, held: k, w1: w1 * unit, mmd, mass: between.mass / white[k].shape[0] });
  }
  if (done("sampling floor", seed, k)) return;
  const { scores, floor } = baselines({ x: white[k - 1] }, { x: white[k + 1] }, { x: white[k] }, fraction, randomStream(seed));
  for (const s of scores) note({ method: s.name, seed, held: k, w1: s.w1 * unit, mmd: s.mmd });
  note({ method: "sampling floor", seed, held: k, w1: floor * unit, mmd: 0 });
}

const offered = Object.keys(entries).filter(
  (name) =>
    (accelerates || !(has(entries[name].method, "potential") || entries[name].options?.intervals || entries[name].options?.path)) &&
    (velocities || !entries[name].measured) &&
    (counted || !name.endsWith(" mass")),
);
const chosen = values.entries === "all" ? ["baselines", ...offered] : values.entries.split(";");
const seedRange = Array.from({ length: Number(values.seeds) }, (_, i) => Number(values.first) + i);
if (values.child) {
  const [name] = chosen;
  for (const seed of seedRange)
    for (const k of held)
      if (name === "baselines") await withoutLearning(seed, k);
      else await fold(name, entries[name], seed, k);
  process.exit(0);
}
for (const name of chosen) {
  const args = [
    process.argv[1],
    "--set",
    set,
    "--entries",
    name,
    "--seeds",
    values.seeds,
    "--first",
    values.first,
    "--log",
    log,
    ...(values.steps ? ["--steps", values.steps] : []),
    "--child",
  ];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
const rows = read();

const cell = (xs: readonly number[], digits = 3): string => {
  if (xs.length === 0) return "";
  const mean = xs.reduce((a, b) => a + b) / xs.length;
  const error = Math.sqrt(xs.reduce((s, x) => s + (x - mean) ** 2, 0) / Math.max(1, xs.length - 1) / xs.length);
  return xs.length > 1 && error > 0 ? `${mean.toFixed(digits)} ± ${error.toFixed(digits)}` : mean.toFixed(digits);
};
const seeds = (method: string): number[] => [...new Set(rows.filter((r) => r.method === method).map((r) => r.seed))];
const of = (method: string, k: number | undefined, value: (r: Row) => number | undefined): number[] =>
  seeds(method).flatMap((seed) => {
    const found = rows
      .filter((r) => r.method === method && r.seed === seed && (k === undefined || r.held === k))
      .flatMap((r) => value(r) ?? []);
    return found.length === (k === undefined ? held.length : 1) ? [found.reduce((a, b) => a + b) / found.length] : [];
  });
// in many dimensions W1 is lower for clouds that are too narrow; MMD² is not
const narrow = snapshots[0].shape[1] > 10;
console.log(
  `| W1 | ${held.map((k) => `t = ${times[k]}`).join(" | ")} | mean | ${counted ? "mass | " : ""}${narrow ? "MMD² | " : ""}seconds | MiB |`,
);
console.log(`|---|${held.map(() => "---|").join("")}---|${counted ? "---|" : ""}${narrow ? "---|" : ""}---|---|`);
const plain = (value: number | undefined, digits: number): string => (value ? value.toFixed(digits) : "");
const least = (xs: readonly number[]): number | undefined => (xs.length ? Math.min(...xs) : undefined);
for (const method of new Set(rows.map((r) => r.method))) {
  const cells = [
    method,
    ...held.map((k) => cell(of(method, k, (r) => r.w1))),
    cell(of(method, undefined, (r) => r.w1)),
    ...(counted ? [cell(of(method, undefined, (r) => r.mass))] : []),
    ...(narrow
      ? [
          cell(
            of(method, undefined, (r) => r.mmd),
            4,
          ),
        ]
      : []),
    plain(least(of(method, undefined, (r) => r.seconds)), 1),
    plain(least(of(method, undefined, (r) => r.memory)), 0),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
