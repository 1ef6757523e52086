/** Trainings where all costs are known, and the searches beside them. */
import type { Random } from "../../array/index.ts";
import type { Workbench } from "../../lab/method.ts";
import { type Baseline, tableBaselines } from "../../quantum/search/baselines.ts";
import { byScore, byShift, type Evaluator, ofProbabilities } from "../../quantum/training/evaluators.ts";
import { type Measured, measured } from "../../quantum/training/outcome.ts";
import { qaoaBaseline } from "../../quantum/training/qaoa.ts";
import { samplerOf } from "../../quantum/training/sampler.ts";
import { type CircuitSettings, estimateOf, type ObjectiveSettings, type Training, trainingOf } from "../../quantum/training/settings.ts";
import { type Simulation, simulationOf } from "../../quantum/training/simulation.ts";
import { breathe, costsOf } from "./enumerated.ts";
import type { Measuring, Plan } from "./plan.ts";
import type { Loaded } from "./problem.ts";
import { type Saved, trainings } from "./trainings.ts";

export interface Problem extends Omit<Plan, "warnings"> {
  readonly loaded: Loaded;
  readonly circuit: Pick<CircuitSettings, "ansatz">;
  /** Defaults follow from the costs. */
  readonly objective: Pick<ObjectiveSettings, "objective" | "alpha"> & { readonly eta?: number; readonly temperature?: number };
  readonly shots: number;
  readonly polish: boolean;
  readonly animation: boolean;
  /** Two are used, whatever more there are: large states are simulated by both. They decide no number. */
  readonly threads: number;
  /** QAOA as a baseline where it is no ansatz and takes seconds. */
  readonly qaoa: boolean;
}

export interface Worked {
  readonly costs: Float64Array;
  readonly restarts: readonly Measured[];
  readonly objective: ObjectiveSettings;
  readonly baselines: readonly (Baseline & { readonly mean?: number })[];
}

/** @returns  nothing when it was interrupted */
export async function train(problem: Problem, bench: Workbench<Saved<Measured>>): Promise<Worked | undefined> {
  const { loaded, circuit, measuring, stepping } = problem;
  const { progress, interrupted, rng } = bench;
  const costs = await costsOf(loaded, progress, interrupted);
  if (!costs) return undefined;
  const range = costs.reduce((a, b) => Math.max(a, b)) - costs.reduce((a, b) => Math.min(a, b)) || 1;
  const objective = settled(problem, range);
  const restarts = await trainings(
    {
      ...{ depths: problem.depths, restarts: problem.restarts, iterations: stepping.iterations },
      begin(layers, stream) {
        const training = trainingOf(costs, { ...circuit, layers }, objective);
        const simulation = simulationOf(training.circuit, measuring.noise, stream.fold("noise"));
        const scaled = { ...objective, temperature: objective.temperature / range };
        return {
          evaluator: evaluatorOf(training, simulation, scaled, measuring, (k) => training.scaled(costs[k]), stream.fold("shots")),
          stepping: { ...stepping, metric: circuit.ansatz === "product" ? undefined : training.circuit },
          inUnits: training.inUnits,
          done: (end) => measured(end, training, simulation, layers, costs),
        };
      },
    },
    bench,
  );
  if (!restarts) return undefined;
  const compared = await beside(problem, costs, rng, interrupted);
  return compared && { costs, restarts, objective, baselines: compared };
}

/** Exact, or by shots. */
function evaluatorOf(
  { circuit, objective }: Training,
  simulation: Simulation,
  asked: ObjectiveSettings,
  { shots, gradient }: Measuring,
  cost: (k: number) => number,
  random: Random,
): Evaluator {
  if (shots === 0) return ofProbabilities(simulation, objective);
  const by = gradient === "shift" ? byShift : byScore;
  return by(samplerOf(simulation), estimateOf(asked, cost, circuit.qubits), { shots, random });
}

/** Every baseline in its turn. */
async function beside(
  { loaded, qaoa }: Problem,
  costs: Float64Array,
  rng: Random,
  interrupted: () => boolean,
): Promise<Worked["baselines"] | undefined> {
  const found: Worked["baselines"][number][] = [];
  for (const baseline of tableBaselines(costs, rng.fold("baselines"), loaded.networks)) {
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

/** The objective with what it was not told. @param range  of the costs */
export function settled({ objective, loaded }: Pick<Problem, "objective" | "loaded">, range: number): ObjectiveSettings {
  const rows = loaded.networks?.points.count;
  return {
    ...objective,
    eta: objective.eta ?? 10 / range,
    temperature: objective.temperature ?? (rows === undefined ? range / 10 : 1 / rows),
  };
}
