/** Trainings one after the other: what was finished is kept, a run that was stopped goes on with the next restart. */
import type { Random } from "../../array/index.ts";
import type { Workbench } from "../../lab/method.ts";
import { type Baseline, baselines } from "../../quantum/search/baselines.ts";
import { type Measured, measured } from "../../quantum/training/outcome.ts";
import { qaoaBaseline } from "../../quantum/training/qaoa.ts";
import { type RestartOptions, restart } from "../../quantum/training/restart.ts";
import { type CircuitSettings, type ObjectiveSettings, trainingOf } from "../../quantum/training/settings.ts";
import { breathe, costsOf } from "./enumerated.ts";
import type { Loaded } from "./problem.ts";

export interface Problem {
  readonly loaded: Loaded;
  readonly circuit: Pick<CircuitSettings, "ansatz">;
  readonly depths: readonly number[];
  readonly restarts: number;
  readonly stepping: RestartOptions;
  /** Defaults follow from the costs. */
  readonly objective: Pick<ObjectiveSettings, "objective" | "alpha"> & { readonly eta?: number; readonly temperature?: number };
  readonly shots: number;
  readonly polish: boolean;
  /** QAOA as a baseline where it is no ansatz and takes seconds. */
  readonly qaoa: boolean;
}

/** Restarts that are done. */
export interface Saved {
  readonly restarts: readonly Measured[];
}

export interface Worked {
  readonly costs: Float64Array;
  readonly restarts: readonly Measured[];
  readonly objective: ObjectiveSettings;
  readonly baselines: readonly (Baseline & { readonly mean?: number })[];
}

/** Milliseconds of work between two turns of others. */
const turn = 50;

/** @returns  nothing when it was interrupted */
export async function train(problem: Problem, { rng, progress, saved, save, interrupted }: Workbench<Saved>): Promise<Worked | undefined> {
  const { loaded, depths, stepping, circuit } = problem;
  const costs = await costsOf(loaded, progress, interrupted);
  if (!costs) return undefined;
  const objective = settled(problem, costs);
  const restarts: Measured[] = [...(saved?.restarts ?? [])];
  const total = depths.length * problem.restarts;
  const bar = progress("training circuits", total * stepping.iterations, restarts.length * stepping.iterations);
  let since = performance.now();
  for (let at = restarts.length; at < total; at++) {
    const layers = depths[Math.floor(at / problem.restarts)];
    const training = trainingOf(costs, { ...circuit, layers }, objective);
    const steps = restart(training.circuit, training.objective, stepping, rng.fold("restart").fold(at));
    let done = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      if (performance.now() - since < turn) continue;
      done = Math.min(stepping.iterations, done + 1);
      bar.update(at * stepping.iterations + done, { restart: at + 1, objective: training.inUnits(step.value.value) });
      await breathe();
      if (interrupted()) return undefined;
      since = performance.now();
    }
    restarts.push(measured(step.value, training, layers, costs));
    await save(restarts.length, { restarts });
    if (interrupted()) return undefined;
  }
  bar.finish();
  const compared = await beside(problem, costs, rng, interrupted);
  return compared && { costs, restarts, objective, baselines: compared };
}

/** Every baseline in its turn. */
async function beside(
  { loaded, qaoa }: Problem,
  costs: Float64Array,
  rng: Random,
  interrupted: () => boolean,
): Promise<Worked["baselines"] | undefined> {
  const found: Worked["baselines"][number][] = [];
  for (const baseline of baselines(costs, rng.fold("baselines"), loaded.networks)) {
    found.push(baseline);
    await breathe();
    if (interrupted()) return undefined;
  }
  if (!qaoa) return found;
  const steps = qaoaBaseline(costs, rng.fold("qaoa"));
  let step = steps.next();
  for (; !step.done; step = steps.next()) {
    await breathe();
    if (interrupted()) return undefined;
  }
  const { index, loss, mean } = step.value;
  return [...found, { name: "QAOA", index, loss, mean, evaluations: costs.length }];
}

/** The objective with what it was not told. */
function settled({ objective, loaded }: Problem, costs: Float64Array): ObjectiveSettings {
  const range = costs.reduce((a, b) => Math.max(a, b)) - costs.reduce((a, b) => Math.min(a, b)) || 1;
  const rows = loaded.networks?.points.count;
  return {
    ...objective,
    eta: objective.eta ?? 10 / range,
    temperature: objective.temperature ?? (rows === undefined ? range / 10 : 1 / rows),
  };
}
