/** Predictions of held-out snapshots, and their scores. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { type Distances, spread } from "../../distances/index.ts";
import { has, type MethodName, methods } from "../learning/methods.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import { meanWeight, particlesOf } from "../motion/particles.ts";
import type { TrainedModel } from "../motion/push.ts";
import { stacked, weighted } from "../paths/cloud.ts";
import type { TimeSplit } from "../paths/split.ts";
import { type DistanceUnit, distanceUnit } from "../paths/units.ts";
import { beginning } from "./beginning.ts";
import { unbalancedDisplacement } from "./displacement.ts";
import { baselines, type Score, score } from "./scores.ts";

/** A line of the table: distances, and their standard errors over the sampling of both clouds. */
export interface Line extends Distances {
  readonly name: string;
  readonly biasedMmd: number;
  readonly error: Distances;
  /** W1 in the units of the file, where all features share one scale. */
  readonly ownW1?: number;
  /** W1 less that of the optimal-transport midpoint, and the error of the difference over the same samples. */
  readonly behind: { readonly difference: number; readonly error: number };
}

/**
 * How much farther the learned motion is than what needs no learning (W1, negative: closer), and the error of that over the same samples.
 */
interface Rival {
  readonly name: string;
  readonly difference: number;
  readonly error: number;
}

/** What was predicted at a held-out time, and how well. */
export interface Prediction {
  readonly time: number;
  /** Of all distances here. */
  readonly unit: DistanceUnit;
  readonly scores: readonly Line[];
  readonly rivals: readonly Rival[];
  /** Sampling floor of W1. */
  readonly floor: number;
  /** Predicted total mass over the observed one, for methods with growth. */
  readonly mass?: number;
  /** The same of the point along the discrete plan of unbalanced transport. */
  readonly midpointMass?: number;
  /** Root mean squared error of the predicted places of known individuals, and of the straight line between their neighbours in time. */
  readonly paths?: { readonly learned: number; readonly straight: number; readonly copied: number };
}

/** Names of what a score is compared with, which needs no learning: between two snapshots, and beyond the last one. */
export const midpoint = "optimal-transport midpoint";
export const onward = "straight on from the last two";

/** The same with growth. */
export const cone = "unbalanced-transport midpoint";

/** W1 of one prediction less that of another. */
const between = (a: Score, b: Score) => ({
  difference: a.w1 - b.w1,
  error: spread(a.deviations.w1.map((v, r) => v - b.deviations.w1[r])),
});

function lines(scores: readonly Score[], { own }: DistanceUnit): Line[] {
  const reference = scores.find((s) => s.name === midpoint || s.name === onward) as Score;
  return scores.map((s) => ({
    ...{ name: s.name, w1: s.w1, w2: s.w2, mmd: s.mmd, biasedMmd: s.biasedMmd },
    ...(own !== undefined && { ownW1: own * s.w1 }),
    error: { w1: spread(s.deviations.w1), w2: spread(s.deviations.w2), mmd: spread(s.deviations.mmd) },
    behind: between(s, reference),
  }));
}

/** The name of a prediction that stacks particles moved forward and backward. */
const bothName = (method: MethodName): string => `${methods[method].title}, both sides`;

/**
 * Every held-out snapshot, predicted from the one before it, and scored beside what needs no learning. All distances are in the units of
 * the training: standardised features.
 */
export async function predict(
  method: MethodName,
  { model, push, params }: TrainedModel,
  data: Pick<Population, "times" | "pathsKnown">,
  { clouds, times, learn, units }: Pick<PreparedPopulation, "clouds" | "times" | "learn" | "units">,
  { train, held }: TimeSplit,
  rng: Random,
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  const unit = distanceUnit(units);
  for (const k of held) {
    const before = Math.max(...train.filter((j) => j < k));
    const forecast = k > train[train.length - 1];
    // of a forecast, the two snapshots that a straight line goes on from
    const [left, right] = forecast ? train.slice(-2) : [before, Math.min(...train.filter((j) => j > k))];
    const random = rng.fold(k);
    const truth = weighted(clouds[k]);
    const move = async (from: number, flow: boolean) => {
      const moved = await push(params, particlesOf(clouds[from]), times[from], [times[k]], { rng: random.fold("push"), flow });
      return moved.clouds[0];
    };
    const forward = await move(beginning(model, before), false);
    const scores = [score(methods[method].title, { x: forward.x, weights: forward.logWeight.data.map(Math.exp) }, truth, random)];
    // only motions without noise run backward, and only equal weights can be stacked
    if (model.noise === 0 && !has(method, "growth") && !clouds[before].weights && !forecast && model.origin === undefined) {
      const backward = await move(right, false);
      scores.push(score(bothName(method), { x: stacked([forward.x, backward.x]) }, truth, random));
    }
    const fraction = (times[k] - times[left]) / (times[right] - times[left]);
    const { scores: others, floor } = baselines(weighted(clouds[left]), weighted(clouds[right]), truth, fraction, random);
    const grows = has(method, "growth");
    const growing =
      grows && !forecast
        ? await unbalancedDisplacement(
            clouds[left],
            clouds[right],
            fraction,
            learn.growth as number,
            random.fold("cone"),
            times[right] - times[left],
          )
        : undefined;
    if (growing) others.push(score(cone, growing, truth, random));
    const grown = grows ? (meanWeight(forward.logWeight) * clouds[before].mass) / clouds[k].mass : undefined;
    predictions.push({
      time: data.times[k],
      unit,
      scores: lines([...scores, ...others], unit),
      rivals: others.map((other) => ({ name: other.name, ...between(scores[0], other) })),
      floor,
      ...(grown !== undefined && { mass: grown }),
      ...(growing && { midpointMass: growing.mass / clouds[k].mass }),
      paths:
        data.pathsKnown && !forecast
          ? pathErrors(forward.x, clouds[left].points, clouds[right].points, clouds[k].points, fraction)
          : undefined,
    });
  }
  return predictions;
}

function pathErrors(
  moved: NdArray<"f32">,
  before: NdArray<"f32">,
  after: NdArray<"f32">,
  truth: NdArray<"f32">,
  fraction: number,
): NonNullable<Prediction["paths"]> {
  const rms = (guess: (i: number) => number): number =>
    Math.sqrt(truth.data.reduce((s, x, i) => s + (guess(i) - x) ** 2, 0) / truth.data.length);
  return {
    learned: rms((i) => moved.data[i]),
    straight: rms((i) => (1 - fraction) * before.data[i] + fraction * after.data[i]),
    copied: rms((i) => before.data[i]),
  };
}
