/** A race of optimizers: the same network, first parameters, batches and steps for each; what differs is the rule of the step. */
import { type Random, randomStream } from "../../array/index.ts";
import { type Examples, type Split, splitRows } from "../../data/examples.ts";
import { mlpNetwork } from "../../nn/networks/mlp.ts";
import { optimizerEntry } from "../../optim/index.ts";
import type { FinalRun } from "../../training/compare.ts";
import { type ExampleProblem, exampleProblem } from "../../training/problem.ts";
import { type Budget, type OptimizerSettings, optimizerOf } from "../../training/recipe.ts";
import { median } from "../../training/recorded.ts";
import { countNumbers, type SupervisedLearner, type SupervisedState, supervisedLearner } from "../../training/supervised.ts";
import { examplesOf, type ShapeName } from "./data.ts";

export interface Choice {
  readonly data: ShapeName;
  readonly rates: "fitted" | "usual";
  readonly width: number;
  readonly steps: number;
  readonly seeds: number;
}

/**
 * Who takes part, and settings that suit these networks and data: the best of five rates a factor of two apart, by the validation loss after 1000
 * steps on both data sets with the seeds 101 to 103. Where the loss nearly vanishes,
 * inverse-free Shampoo steps too far at its usual damping of 1e-4.
 */
export const entrants = {
  sgd: { title: "SGD with momentum", fitted: { lr: 0.15 } },
  adam: { title: "Adam", fitted: { lr: 0.05 } },
  "rf-adamw": { title: "RF-AdamW (root-free)", fitted: { lr: 0.1 } },
  shampoo: { title: "Shampoo", fitted: { lr: 0.003 } },
  "if-shampoo": { title: "inverse-free Shampoo", fitted: { lr: 0.01, damping: 0.01 } },
  singd: { title: "SINGD", fitted: { lr: 0.002 } },
} as const satisfies Record<string, { readonly title: string; readonly fitted: OptimizerSettings }>;
export type Entrant = keyof typeof entrants;
export const entrantNames: readonly Entrant[] = ["sgd", "adam", "rf-adamw", "shampoo", "if-shampoo", "singd"];

export const depth = 2;
export const batchSize = 64;

/** What all learn. */
export interface Course {
  readonly examples: Examples;
  readonly split: Split;
  readonly problem: ExampleProblem;
  readonly rng: Random;
}

export function courseOf({ data }: Choice, seed: number): Course {
  const rng = randomStream(seed).fold("train");
  const examples = examplesOf(data, rng.fold("examples"));
  const split = splitRows(examples, rng.fold("split"), { validation: 0.1, test: 0.3 });
  return { examples, split, problem: exampleProblem(examples, split), rng };
}

/** A stretch of a training: its mean loss, and seconds since the second step, for the first compiles. */
export interface Stretch {
  readonly step: number;
  readonly loss: number;
  readonly seconds: number;
}

/** One optimizer under way. */
export interface Racer {
  readonly name: Entrant;
  readonly settings: OptimizerSettings;
  readonly learner: SupervisedLearner;
  readonly state: SupervisedState;
  readonly curve: readonly Stretch[];
}

/** All at the start of the race of a seed. */
export function startersOf({ problem, rng }: Course, { width, steps, rates }: Choice, race: number): Racer[] {
  const network = mlpNetwork(problem.input, problem.outputs, { width, depth });
  const budget: Budget = { steps, schedule: "cosine", warmUp: 0.05 };
  const stream = rng.fold("final").fold(race);
  return entrantNames.map((name) => {
    const settings = rates === "fitted" ? entrants[name].fitted : { lr: optimizerEntry(name).rate.default };
    const learner = supervisedLearner(problem, network, stream.fold("order"), {
      batchSize,
      optimizer: optimizerOf(name, settings, budget),
    });
    return { name, settings, learner, state: learner.init(stream), curve: [] };
  });
}

/** A racer after some more steps; what it was is not to be used any more. */
export async function advanced(racer: Racer, count: number, rng: Random): Promise<Racer> {
  const { learner, curve } = racer;
  const last = curve.at(-1) ?? { step: 0, seconds: 0 };
  let { state } = racer;
  let sum = 0;
  let began = performance.now();
  for (let i = 0; i < count; i++) {
    const next = await learner.step(state, rng);
    state = next.state;
    sum += next.metrics.loss;
    if (last.step === 0 && i === 0) began = performance.now();
  }
  const seconds = last.seconds + (performance.now() - began) / 1000;
  return { ...racer, state, curve: [...curve, { step: last.step + count, loss: sum / count, seconds }] };
}

/** The scores of a racer that has arrived, as a comparison keeps them. */
export async function arrived({ name, settings, learner, state, curve }: Racer, seed: number): Promise<FinalRun> {
  const { validationLoss: loss, validationScore: score } = await learner.evaluate(state);
  const steps = curve[curve.length - 1].step;
  const paces = curve.slice(1).map((c, i) => (1000 * (c.seconds - curve[i].seconds)) / (c.step - curve[i].step));
  return {
    ...{ optimizer: entrants[name].title, settings, steps, seed, loss, score, curve },
    trainLoss: (await learner.score(state, "train")).loss,
    test: await learner.marked(state, "test"),
    milliseconds: median(paces),
    optimizerNumbers: countNumbers(state.optimizer),
    parameters: countNumbers(state.params),
  };
}
