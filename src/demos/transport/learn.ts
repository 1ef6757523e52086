/** Clouds as snapshots of a population, and what learns to move it: the same parts as of `pushforward trajectories`. */
import { type NdArray, type Random, randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { type Weighted, wasserstein } from "../../distances/index.ts";
import { has, learner } from "../../transport/learning/methods.ts";
import { type PreparedPopulation, preparePopulation } from "../../transport/learning/prepare.ts";
import { frames, type Frame as Moment } from "../../transport/motion/frames.ts";
import { pusher } from "../../transport/motion/push.ts";
import { type Choice, energyOf, methodOf, shared, splitOf } from "./settings.ts";

/** Networks that a page trains while one looks. */
const small = { layers: 2, width: 48, batch: 128, inner: 2, rateRatio: 0.1, learningRate: 4e-3 };

/** Few steps to the full rate, and an average over the last 30 or so: people watch from the first step on. */
const early = { warmUp: 20, emaDecay: 0.97 };

const populationOf = (clouds: readonly NdArray<"f32">[]): Population => ({
  ...{ times: clouds.map((_, k) => k), snapshots: clouds, features: ["x", "y"], warnings: [], pathsKnown: false },
  ...{ name: "clouds", title: "clouds", source: "drawn" },
});

/** A training of the choice. */
export async function trainingOf(choice: Choice, seed: number) {
  const method = methodOf(choice);
  const data = populationOf(choice.clouds);
  const split = splitOf(choice);
  const grows = has(method, "growth");
  const { scale, growth, noise } = shared;
  const given = { method, seed, times: "even", steps: choice.steps, scale, growth, noise } as const;
  const options = { ...given, mass: grows ? shared.mass : "equal", ...small, ...energyOf(choice) } as const;
  const prepared = await preparePopulation(data, options, split);
  const { times, clouds, learn, room } = prepared;
  const kept = <T>(of: readonly T[]): T[] => split.train.map((k) => of[k]);
  const model = { ...(await learner(method, kept(times), kept(clouds), { ...learn, ...early })), room };
  const rng = randomStream(seed).fold("trajectories");
  return { data, split, prepared, model, push: pusher(model), rng, grows };
}

export type Training = Awaited<ReturnType<typeof trainingOf>>;

/** Some steps of learning, and their mean loss. */
export async function stepped({ model }: Training, from: unknown, count: number, rng: Random): Promise<{ state: unknown; loss: number }> {
  let state = from;
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const { state: next, metrics } = await model.step(state, rng);
    state = next;
    sum += metrics.loss;
  }
  return { state, loss: sum / count };
}

/** The first cloud moved through all times by what is learned so far, always with the same noise. */
export const moved = ({ model, push, data, prepared, rng }: Training, state: unknown): Promise<Moment[]> =>
  frames({ model, push, params: model.average(state) }, data, prepared, rng.fold("shown"));

/** The moment of the k-th cloud, among those of all. */
export const momentOf = (all: readonly Moment[], clouds: number, k: number): Moment => all[(k * (all.length - 1)) / (clouds - 1)];

/** A moved cloud with its weights, as distances take it. */
export const weighted = ({ cloud, logWeight }: Moment): Weighted => ({ x: cloud, weights: logWeight.data.map(Math.exp) });

/** W₁ and W₂ of the moved particles to a cloud, in units of the square. */
export function distancesTo(moment: Moment, cloud: NdArray<"f32">): { readonly w1: number; readonly w2: number } {
  const { x, weights } = weighted(moment);
  const of = (power: 1 | 2): number => wasserstein(x, cloud, { power, weights: { x: weights } });
  return { w1: of(1), w2: of(2) };
}

/** Energies in units of the training, times this, are in those of the square: half a squared distance a unit of time. */
export const energyUnit = ({ units }: PreparedPopulation): number => units.deviation[0] ** 2 / units.interval;
