/** What decides a training before it begins, in parts: the price of growth, and the trials of `--auto`. */
import type { z } from "zod";
import type { NewParticles } from "../../data/new-particles.ts";
import type { Population } from "../../data/population.ts";
import type { PartBench } from "../../lab/divided.ts";
import type { SharedOptions } from "../../lab/options.ts";
import type { Finished, WorkPart } from "../../lab/parts.ts";
import {
  type Choice,
  choiceCandidates,
  choiceFolds,
  choiceOf,
  type Fold,
  type FoldReference,
  type FoldScore,
  type GrowthPrice,
  growthFromData,
  growthTrials,
  has,
  learnDefaults,
  referenceAt,
  type Shown,
  scoreFold,
  type TimeSplit,
} from "../../transport/index.ts";
import type { trajectoriesOptions } from "./options.ts";

export type Options = SharedOptions & z.infer<typeof trajectoriesOptions>;

/** What is to be learned, before it is decided how. */
export interface Question {
  readonly data: Population;
  readonly given: Options;
  readonly split: TimeSplit;
  readonly shown: Shown["features"];
  /** Another population, to be moved. */
  readonly started: NewParticles | undefined;
}

type Task =
  | { readonly task: "price" }
  | ({ readonly task: "fold"; readonly growth: number } & Fold)
  | { readonly task: "reference"; readonly growth: number; readonly held: number };

export type Trial = WorkPart & Task;
export type Tried = { readonly price: GrowthPrice } | { readonly score: FoldScore } | { readonly reference: FoldReference };

/** λ is taken from the data where it is needed and not given. */
export const seeksPrice = ({ growth, auto, method }: Options): boolean => growth === undefined && (auto || has(method, "growth"));

/** Steps of each training of `--auto`: a third of those of the run. */
const trialSteps = ({ quick, steps }: Options): number => (quick ? 100 : Math.max(300, Math.round(steps / 3)));

const priced = (finished: readonly Finished<Trial, Tried>[]): GrowthPrice | undefined =>
  finished.flatMap(({ result }) => ("price" in result ? [result.price] : []))[0];

/** First the price of growth, which the candidates need; then all of them without each snapshot that is left out, and what needs no learning. */
export function trials({ given, split }: Question, finished: readonly Finished<Trial, Tried>[]): readonly Trial[] {
  const looks = seeksPrice(given) ? growthTrials(given, split) : 0;
  const first: Trial[] = looks > 0 ? [{ name: "price-of-growth", steps: looks, task: "price" }] : [];
  const growth = given.growth ?? priced(finished)?.growth;
  if (!given.auto || growth === undefined) return first;
  const folds = choiceFolds(split);
  const steps = trialSteps(given);
  return [
    ...first,
    ...choiceCandidates(given, growth, split).flatMap((candidate) =>
      folds.map((held): Trial => ({ name: trialName({ candidate, held }), steps, task: "fold", growth, candidate, held })),
    ),
    ...folds.map((held): Trial => ({ name: `nothing-learned-without-${held}`, steps: 1, task: "reference", growth, held })),
  ];
}

const trialName = ({ candidate: { method, path, noise }, held }: Fold): string =>
  [method, path, noise === undefined ? undefined : `noise-${noise}`, `without-${held}`].filter((word) => word !== undefined).join("-");

/** Steps of all trials, for the line of progress. */
export function allTrialSteps({ given, split }: Question): number {
  const looks = seeksPrice(given) ? growthTrials(given, split) : 0;
  const folds = given.auto ? choiceFolds(split).length : 0;
  return looks + folds * (choiceCandidates(given, 1, split).length * trialSteps(given) + 1);
}

/** One of them. */
export async function tryOne(trial: Trial, { data, given, split }: Question, { step }: PartBench): Promise<Tried | undefined> {
  if (trial.task === "price") {
    let going = true;
    const price = await growthFromData(data, given, split, (done) => {
      going = (done === 0 || step(done)) && going;
    });
    return going ? { price } : undefined;
  }
  const options = { ...given, growth: trial.growth, steps: trialSteps(given) };
  if (trial.task === "reference") return { reference: await referenceAt(data, options, split, trial.held) };
  const score = await scoreFold(data, options, split, trial, step);
  return score && { score };
}

/** What the trials found, and the options that follow from it. */
export async function decided(
  { data, given, split }: Question,
  finished: readonly Finished<Trial, Tried>[],
): Promise<{ readonly price: GrowthPrice | undefined; readonly choice: Choice | undefined; readonly growth: number }> {
  const price = priced(finished) ?? (seeksPrice(given) ? await growthFromData(data, given, split) : undefined);
  const growth = given.growth ?? price?.growth ?? learnDefaults.growth;
  if (!given.auto) return { price, growth, choice: undefined };
  const scores = finished.flatMap(({ result }) => ("score" in result ? [result.score] : []));
  const references = finished.flatMap(({ result }) => ("reference" in result ? [result.reference] : []));
  return { price, growth, choice: choiceOf(data, { ...given, growth, steps: trialSteps(given) }, split, scores, references) };
}
