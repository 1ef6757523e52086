/** What learns step by step, and the loop that gives every learner progress, metrics, checkpoints, exact resume and Ctrl-C. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NdArray } from "../array/ndarray.ts";
import { type Random, type RandomState, randomFromState } from "../array/random.ts";
import { flatten, isArrayLeaf, leafPaths, mapTree, unflatten } from "../array/tree.ts";
import { UserError } from "../errors.ts";
import { onInterrupt } from "./interrupt.ts";
import { currentInvocation } from "./invocation.ts";
import type { Progress } from "./progress.ts";
import type { Metrics } from "./record.ts";
import type { Run } from "./run.ts";

/** State S is a tree of arrays, the whole of what a checkpoint must hold besides the random streams. */
export interface Learner<S> {
  /** First state. */
  init(rng: Random): S | Promise<S>;
  /** One step; the stream gives its batch and its noise. Metrics are averaged over those steps between two rows that have them. */
  step(state: S, rng: Random): Promise<{ state: S; metrics: Metrics }>;
  /** Numbers too dear for every step: a function of the state and the stream alone. */
  evaluate?(state: S, rng: Random): Promise<Metrics>;
  /** Whether the state is the result already: what has converged stops before the last step. */
  done?(state: S): boolean;
}

export interface RunOptions {
  /** Steps in all. */
  readonly steps: number;
  readonly rng: Random;
  readonly progress: Progress;
  /** Steps between two rows of metrics; default 20. */
  readonly logEvery?: number;
  /** Steps between two evaluations, of which the last step has one; default: at the end only. */
  readonly evaluateEvery?: number;
  /** Seconds between two checkpoints; default 10. When they are taken changes no result. */
  readonly saveEvery?: number;
  /** What the user may do when a metric is no longer a number. */
  readonly divergedHint?: string;
  /** Stop when this metric of the evaluations has not fallen for so many of them; the state in which it was lowest is the result. */
  readonly best?: { readonly metric: string; readonly patience: number };
}

export interface Trained<S> {
  readonly state: S;
  /** All rows of metrics, those of earlier sessions too; each has its `step`. */
  readonly history: readonly Metrics[];
  /**
   * Seconds that steps had taken in all when each row was written, compilation in them, evaluations and pauses not. They stand in no row, which is the same in
   * every run. Fewer than rows where another version wrote the first of them.
   */
  readonly seconds: readonly number[];
  /** Steps done. */
  readonly steps: number;
  /** The step of the state, where the best one was wanted. */
  readonly bestStep?: number;
  readonly interrupted: boolean;
}

/** What a checkpoint holds besides the state: the stream, the sums of metrics since the last row, and when the best state was. */
interface Progressed {
  readonly stream: RandomState;
  readonly sums: Metrics;
  readonly counts: Metrics;
  readonly best?: { readonly step: number; readonly value: number };
}

/** Seconds at each row: in a file of their own, for all others have the same bytes in every run. */
const timesFile = "seconds.json";

/** The state in which a metric was lowest. */
interface Best<S> {
  readonly step: number;
  readonly value: number;
  readonly state: S;
}

/**
 * Steps a learner to its end, or to Ctrl-C or the step to pause at, inside a run. A run that has a checkpoint goes on from there, to the
 * same numbers.
 * @throws UserError  when a metric is no longer finite; the last checkpoint stays
 */
export async function runLearner<S>(learner: Learner<S>, run: Run, options: RunOptions): Promise<Trained<S>> {
  const { steps, rng, progress, logEvery = 20, evaluateEvery = steps, saveEvery = 10, best: wanted } = options;
  const initial = await learner.init(rng.fold("init"));
  const { structure, leaves } = flatten<NdArray>(initial, isArrayLeaf as (x: unknown) => x is NdArray);
  const names = leafPaths(structure);
  const saved = run.checkpoint;
  const progressed = saved?.state as Progressed | undefined;
  const kept = (prefix: string): S =>
    unflatten<S>(
      structure,
      restored(
        saved!.tensors,
        names.map((n) => prefix + n),
        leaves,
        run.folder,
      ),
    );
  let state = saved ? kept("") : initial;
  let best: Best<S> | undefined = progressed?.best && { ...progressed.best, state: kept("best/") };
  let sums: Metrics = progressed?.sums ?? {};
  let counts: Metrics = progressed?.counts ?? {}; // a step need not have every metric
  let step = saved?.step ?? 0;
  if (step > steps)
    throw new UserError(`${run.folder}: the checkpoint is of step ${step}, and ${steps} are asked for`, "ask for more --steps");
  const stream = progressed ? randomFromState(progressed.stream) : rng.fold("steps");
  const history = [...run.metrics];
  const { spent: before, rows: seconds } = await readTimes(run.folder, history.length);
  let spent = before;
  const tensorsOf = (tree: S, prefix: string) => {
    const leaves = flatten(tree, isArrayLeaf).leaves as NdArray[];
    return Object.fromEntries(names.map((name, i) => [prefix + name, leaves[i]]));
  };
  const save = async (): Promise<void> => {
    await run.write(timesFile, JSON.stringify({ spent, rows: seconds } satisfies Times)); // before the checkpoint, so that its rows all have theirs
    const tensors = { ...tensorsOf(state, ""), ...(best && tensorsOf(best.state, "best/")) };
    const when = best && { best: { step: best.step, value: best.value } };
    return run.save({ step, tensors, state: { stream: stream.state(), sums, counts, ...when } satisfies Progressed });
  };
  const finished = (): boolean => learner.done?.(state) ?? false;
  const patient = (): boolean => !wanted || !best || step - best.step < wanted.patience * evaluateEvery;
  const until = Math.min(steps, currentInvocation()?.stopAt ?? steps);
  const interrupt = onInterrupt();
  let savedAt = performance.now();
  try {
    while (step < until && patient() && !finished() && !interrupt.signal.aborted) {
      const began = performance.now();
      const next = await learner.step(state, stream);
      spent += (performance.now() - began) / 1000;
      state = next.state;
      step++;
      checkFinite(next.metrics, step, options.divergedHint);
      sums = add(sums, next.metrics);
      counts = add(
        counts,
        mapValues(next.metrics, () => 1),
      );
      const rowDue = step % logEvery === 0 || step === steps;
      const evaluationDue = learner.evaluate !== undefined && (step % evaluateEvery === 0 || step === steps);
      if (rowDue || evaluationDue) {
        const row: Record<string, number> = { step };
        if (rowDue) Object.assign(row, means(sums, counts));
        if (rowDue) [sums, counts] = [{}, {}];
        if (evaluationDue) Object.assign(row, await learner.evaluate?.(state, rng.fold("evaluate").fold(step)));
        if (wanted && evaluationDue && row[wanted.metric] < (best?.value ?? Number.POSITIVE_INFINITY))
          best = { step, value: row[wanted.metric], state: copied(state) };
        history.push(row);
        seconds.push(Number(spent.toFixed(3)));
        await run.log(row);
        const { step: _, ...numbers } = row;
        progress.update(step, numbers);
      }
      if (performance.now() - savedAt > 1000 * saveEvery) {
        await save();
        savedAt = performance.now();
      }
    }
    await save();
    const over = step === steps || !patient() || finished();
    if (!over) await run.write("report.html", (await import("./interim.ts")).interimReport(run.record, history, step, steps));
    return { state: best?.state ?? state, history, seconds, steps: step, bestStep: best?.step, interrupted: !over };
  } finally {
    interrupt.dispose();
    progress.finish();
  }
}

/** Seconds that steps have taken in all, and had at each row. */
interface Times {
  readonly spent: number;
  readonly rows: number[];
}

/** Those of an earlier session, for so many rows. */
async function readTimes(folder: string, count: number): Promise<Times> {
  const none: Times = { spent: 0, rows: [] };
  try {
    const { spent, rows }: Times = JSON.parse(await readFile(join(folder, timesFile), "utf8"));
    return [spent, ...rows].every(Number.isFinite) ? { spent, rows: rows.slice(0, count) } : none;
  } catch {
    return none; // none yet, or damaged: a picture less
  }
}

/** A state that later steps do not write into. */
const copied = <S>(state: S): S => mapTree((a: NdArray) => ({ ...a, data: a.data.slice() }) as NdArray, state) as S;

/** Tensors of a checkpoint, each of the shape that a first state has. */
function restored(
  tensors: Readonly<Record<string, NdArray>>,
  names: readonly string[],
  like: readonly NdArray[],
  folder: string,
): NdArray[] {
  const shown = ({ dtype, shape }: NdArray): string => `${dtype} [${shape.join(", ")}]`;
  return names.map((name, i) => {
    const found = tensors[name];
    if (found && shown(found) === shown(like[i])) return found;
    throw new UserError(
      `${folder}: the checkpoint's ${name} is ${found ? `${shown(found)}, not ${shown(like[i])}` : "missing"}: it is of another run or version`,
      "begin again with --overwrite, or choose another folder with --out",
    );
  });
}

function checkFinite(metrics: Metrics, step: number, hint?: string): void {
  for (const [name, value] of Object.entries(metrics))
    if (!Number.isFinite(value)) throw new UserError(`step ${step}: the ${name} is ${value}`, hint);
}

const mapValues = (metrics: Metrics, f: (value: number, name: string) => number): Metrics =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, f(value, name)]));

const add = (sums: Metrics, metrics: Metrics): Metrics => ({
  ...sums,
  ...mapValues(metrics, (value, name) => (sums[name] ?? 0) + value),
});

const means = (sums: Metrics, counts: Metrics): Metrics => mapValues(sums, (sum, name) => sum / counts[name]);
