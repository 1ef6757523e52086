/** Trainings one after the other: what was finished is kept, a run that was stopped goes on with the next restart. */
import type { Random } from "../../array/index.ts";
import type { Workbench } from "../../lab/method.ts";
import type { Evaluator } from "../../quantum/training/evaluators.ts";
import { type Restart, type RestartOptions, restart } from "../../quantum/training/restart.ts";
import { breathe } from "./enumerated.ts";

/** Restarts that are done. */
export interface Saved<Done> {
  readonly restarts: readonly Done[];
}

/** What is kept of a restart at least: the way is that of the lowest alone. */
interface Kept extends Pick<Restart, "path"> {
  readonly value: number;
}

/** The one that ended lowest: by what hardware would know, not by the probability of the optimum. */
export const lowestOf = (restarts: readonly Kept[]): number =>
  restarts.reduce((best, { value }, at) => (value < restarts[best].value ? at : best), 0);

/** One training: what is asked, how a value is read in units of the cost, and what it comes to. */
export interface Begun<Done> {
  readonly evaluator: Evaluator;
  readonly stepping: RestartOptions;
  readonly inUnits: (value: number) => number;
  readonly done: (end: Restart) => Done;
}

interface Trainings<Done> {
  readonly depths: readonly number[];
  readonly restarts: number;
  readonly iterations: number;
  readonly begin: (layers: number, rng: Random) => Begun<Done>;
}

/** Milliseconds of work between two turns of others. */
const turn = 50;

/** @returns  nothing when it was interrupted */
export async function trainings<Done extends Kept>(
  { depths, restarts: each, iterations, begin }: Trainings<Done>,
  { rng, progress, saved, save, interrupted }: Workbench<Saved<Done>>,
): Promise<readonly Done[] | undefined> {
  let restarts: readonly Done[] = saved?.restarts ?? [];
  const total = depths.length * each;
  const bar = progress("training circuits", total * iterations, restarts.length * iterations);
  let since = performance.now();
  for (let at = restarts.length; at < total; at++) {
    const stream = rng.fold("restart").fold(at);
    const { evaluator, stepping, inUnits, done: finish } = begin(depths[Math.floor(at / each)], stream);
    const steps = restart(evaluator, stepping, stream);
    let done = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      if (performance.now() - since < turn) continue;
      done = Math.min(iterations, done + 1);
      bar.update(at * iterations + done, { restart: at + 1, objective: inUnits(step.value.value) });
      await breathe();
      if (interrupted()) return undefined;
      since = performance.now();
    }
    const all = [...restarts, finish(step.value)];
    const lowest = lowestOf(all);
    restarts = all.map((one, i) => (i === lowest ? one : { ...one, path: undefined }));
    await save(restarts.length, { restarts });
    if (interrupted()) return undefined;
  }
  bar.finish();
  return restarts;
}
