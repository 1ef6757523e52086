/** Choice of method, noise and growth by leaving inner snapshots out. */

import { randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { spread } from "../../distances/index.ts";
import { UserError } from "../../errors.ts";
import { progress, progressMode, type ReportTable } from "../../lab/index.ts";
import {
  baselines,
  has,
  learnDefaults,
  learner,
  type MethodName,
  meanWeight,
  pusher,
  score,
  type TrainState,
  unbalancedDisplacement,
} from "../../transport/index.ts";
import type { TrajectoriesOptions } from "../trajectories.ts";
import type { Split } from "./holdout.ts";
import { particlesOf } from "./motion.ts";
import { weighted } from "./predict.ts";
import { prepare } from "./prepare.ts";

interface Candidate {
  readonly method: MethodName;
  readonly noise?: number;
  readonly growth?: number;
}

interface Result extends Candidate {
  readonly w1: number;
  /** Standard error of the mean over the sampling of the snapshots. */
  readonly error: number;
  /** |log| of predicted over observed mass, averaged. */
  readonly massError?: number;
  readonly seconds: number;
}

/** What needs no learning, on the same snapshots left out. */
interface Reference {
  readonly name: string;
  readonly w1: number;
  readonly error: number;
  readonly massError?: number;
}

export interface Choice {
  readonly best: Candidate;
  readonly table: readonly Result[];
  readonly text: string[];
  readonly report: ReportTable;
}

/** From simple to rich; methods with growth only where masses are known to differ, or nothing else is said. */
function candidates(counted: boolean): Candidate[] {
  const still: Candidate[] = [
    { method: "am" },
    { method: "wlf-ot" },
    { method: "eam", noise: 0.1 },
    { method: "eam", noise: 0.3 },
    { method: "wlf-sb", noise: 0.1 },
    { method: "ot-cfm" },
  ];
  const growing: Candidate[] = [
    { method: "uam", growth: 0.1 },
    { method: "uam", growth: 1 },
    { method: "am-wfr", growth: 0.1 },
    { method: "am-wfr", growth: 1 },
    { method: "wlf-uot", growth: 0.1 },
    { method: "wlf-uot", growth: 1 },
  ];
  return counted ? growing : [...still, ...growing];
}

/** Most snapshots that are left out in turn. */
const mostFolds = 4;

/**
 * Trains every candidate once for each inner training snapshot left out, on a third of the steps, and takes the simplest one whose mean W1 is within one
 * standard error of the best.
 *
 * @throws UserError  if there are too few snapshots
 */
export async function choose(data: Population, options: TrajectoriesOptions, split: Split): Promise<Choice> {
  const fixed = (["potential", "interaction", "cost", "drift", "velocity", "timeWeight", "head", "density", "coupling"] as const).find(
    (key) => options[key] !== undefined,
  );
  if (fixed !== undefined)
    throw new UserError(
      `--auto chooses among methods of which not all take --${fixed === "timeWeight" ? "time-weight" : fixed}`,
      "name a --method",
    );
  const inner = split.train.slice(1, -1);
  if (inner.length === 0) throw new UserError("--auto needs at least three snapshots to learn from", "name a --method");
  const folds = inner.filter((_, i) => i % Math.ceil(inner.length / mostFolds) === 0);
  const list = candidates(options.mass !== "equal");
  const steps = options.quick ? 100 : Math.max(300, Math.round(options.steps / 3));
  const line = progress({ label: "choosing a method", total: list.length * folds.length, mode: progressMode(options) });
  const table: Result[] = [];
  for (const candidate of list) {
    const started = performance.now();
    const scores: { w1: number; error: number; mass: number }[] = [];
    for (const held of folds) {
      scores.push(await fold(data, { ...options, ...candidate, steps, quick: false } as TrajectoriesOptions, split, held));
      line.update(table.length * folds.length + scores.length);
    }
    const mean = (f: (s: (typeof scores)[number]) => number): number => average(scores.map(f));
    const error = Math.hypot(...scores.map((s) => s.error)) / scores.length;
    const massError = has(candidate.method, "growth") ? mean((s) => Math.abs(Math.log(s.mass))) : undefined;
    table.push({ ...candidate, w1: mean((s) => s.w1), error, massError, seconds: (performance.now() - started) / 1000 });
  }
  line.finish();
  return conclude(table, await references(data, options, split, folds), data, folds, steps);
}

const average = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;

/** Mean W1 of the midpoint along optimal transport, with masses also that of unbalanced transport, and of the sampling floor. */
async function references(
  data: Population,
  options: TrajectoriesOptions,
  { train }: Split,
  folds: readonly number[],
): Promise<Reference[]> {
  const counted = options.mass !== "equal";
  const balanced: { w1: number; error: number }[] = [];
  const growing: { w1: number; error: number; mass: number }[] = [];
  const floors: number[] = [];
  for (const held of folds) {
    const kept = train.filter((k) => k !== held);
    const { clouds, times } = await prepare(data, { ...options, method: "am" }, { train: kept, held: [held] });
    const [before, after] = [Math.max(...kept.filter((k) => k < held)), Math.min(...kept.filter((k) => k > held))];
    const fraction = (times[held] - times[before]) / (times[after] - times[before]);
    const rng = randomStream(options.seed).fold(`references ${held}`);
    const { scores, floor } = baselines(weighted(clouds[before]), weighted(clouds[after]), weighted(clouds[held]), fraction, rng);
    const { w1, deviations } = scores[scores.length - 1];
    balanced.push({ w1, error: spread(deviations.w1) });
    floors.push(floor);
    if (!counted) continue;
    const between = await unbalancedDisplacement(clouds[before], clouds[after], fraction, learnDefaults.growth, rng.fold("cone"));
    const cone = score("", between, weighted(clouds[held]), rng);
    growing.push({ w1: cone.w1, error: spread(cone.deviations.w1), mass: between.mass / clouds[held].mass });
  }
  const row = (name: string, scores: readonly { w1: number; error: number }[]): Reference => {
    const error = Math.hypot(...scores.map((s) => s.error)) / scores.length;
    return { name, w1: average(scores.map((s) => s.w1)), error: Number.isFinite(error) ? error : 0 };
  };
  const massError = average(growing.map(({ mass }) => Math.abs(Math.log(mass))));
  return [
    row("optimal-transport midpoint", balanced),
    ...(counted ? [{ ...row(`unbalanced-transport midpoint, λ ${learnDefaults.growth}`, growing), massError }] : []),
    { name: "sampling floor", w1: average(floors), error: 0 },
  ];
}

async function fold(data: Population, options: TrajectoriesOptions, { train }: Split, held: number) {
  const kept = train.filter((k) => k !== held);
  const { clouds, times, learn } = await prepare(data, options, { train: kept, held: [held] });
  const method = options.method as MethodName;
  const model = await learner(
    method,
    kept.map((k) => times[k]),
    kept.map((k) => clouds[k]),
    learn,
  );
  const rng = randomStream(options.seed).fold(`choice ${held}`);
  let state: TrainState = await model.init(rng.fold("init"));
  for (let i = 0; i < (learn.steps as number); i++) ({ state } = await model.step(state, rng));
  const before = Math.max(...kept.filter((k) => k < held));
  const push = pusher(model, options.threads);
  const { clouds: moved } = await push(model.average(state), particlesOf(clouds[before]), times[before], [times[held]], { rng });
  const [{ x, logWeight }] = moved;
  if (!x.data.every(Number.isFinite)) return { w1: Number.POSITIVE_INFINITY, error: 0, mass: 1 };
  const { w1, deviations } = score(method, { x, weights: logWeight.data.map(Math.exp) }, weighted(clouds[held]), rng);
  const error = spread(deviations.w1);
  return {
    w1,
    error: Number.isFinite(error) ? error : 0,
    mass: (meanWeight(logWeight) * clouds[before].mass) / clouds[held].mass,
  };
}

function conclude(
  table: readonly Result[],
  unlearned: readonly Reference[],
  data: Population,
  folds: readonly number[],
  steps: number,
): Choice {
  const lowest = table.reduce((a, b) => (b.w1 < a.w1 ? b : a));
  const best = table.find((r) => r.w1 <= lowest.w1 + lowest.error) as Result;
  const { method, noise, growth } = best;
  const setting = (r: Candidate): string =>
    [r.noise === undefined ? "" : `σ ${r.noise}`, r.growth === undefined ? "" : `λ ${r.growth}`].filter(Boolean).join(", ");
  const verdict = (r: Result): string =>
    r === best ? "chosen" : r === lowest ? "lowest" : r.w1 <= lowest.w1 + lowest.error ? "within one error" : "";
  const off = ({ massError }: { massError?: number }): string =>
    massError === undefined ? "" : `${(100 * Math.expm1(massError)).toFixed(1)} %`;
  const times = folds.map((k) => data.times[k]).join(", ");
  const why = `the simplest method within one standard error of the lowest mean W1 over the snapshots at ${times}, each left out once (${steps} steps)`;
  const ahead = unlearned.filter((r) => r.w1 < lowest.w1 && !r.name.startsWith("sampling")).map((r) => r.name);
  const honest = ahead.length ? [`nothing that was tried is closer than what needs no learning: the ${ahead.join(" and the ")}`] : [];
  const lines = [
    ...table.map((r) => ({ ...r, name: `${r.method.padEnd(10)} ${setting(r)}`, last: verdict(r) })),
    ...unlearned.map((r) => ({ ...r, last: "nothing learned" })),
  ];
  const width = Math.max(...lines.map((l) => l.name.length));
  return {
    best: { method, ...(noise !== undefined && { noise }), ...(growth !== undefined && { growth }) },
    table,
    text: [
      `chosen: ${method} ${setting(best)}`.trim(),
      ...lines.map(
        (l) =>
          `  ${l.name.padEnd(width)} W1 ${l.w1.toFixed(4)} ± ${l.error.toFixed(4)}${off(l) ? `  mass off by ${off(l)}` : ""}  ${l.last}`,
      ),
      ...[why, ...honest].map((l) => `  ${l}`),
    ],
    report: {
      title: "Choice of the method",
      columns: ["method", "setting", "mean W1", "± one standard error", "mass off by", "seconds", ""],
      rows: [
        ...table.map((r) => [r.method, setting(r), r.w1, r.error, off(r), r.seconds, verdict(r)]),
        ...unlearned.map((r) => [r.name, "", r.w1, r.error, off(r), "", "nothing learned"]),
      ],
      caption: [`Taken: ${why}.`, ...honest.map((l) => `${l[0].toUpperCase()}${l.slice(1)}.`)].join(" "),
    },
  };
}
