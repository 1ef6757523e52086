/** Predictions of held-out snapshots, and their scores. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { type Distances, spread } from "../../distances/index.ts";
import {
  baselines,
  type Cloud,
  has,
  type MethodName,
  type Model,
  meanWeight,
  methods,
  type Parameters,
  type Push,
  type Score,
  score,
  stackClouds,
  unbalancedDisplacement,
} from "../../transport/index.ts";
import type { Split } from "./holdout.ts";
import { particlesOf } from "./motion.ts";
import type { Prepared } from "./prepare.ts";

/** A line of the table: distances, and their standard errors over the sampling of both clouds. */
export interface Line extends Distances {
  readonly name: string;
  readonly error: Distances;
  /** W1 less that of the optimal-transport midpoint, and the error of the difference over the same samples. */
  readonly behind: { readonly difference: number; readonly error: number };
}

/** How much farther the learned motion is than what needs no learning (W1, negative: closer), and the error of that over the same samples. */
interface Rival {
  readonly name: string;
  readonly difference: number;
  readonly error: number;
}

export interface Prediction {
  readonly time: number;
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

/** What a score is compared with, which needs no learning: between two snapshots, and beyond the last one. */
const midpoint = "optimal-transport midpoint";
const onward = "straight on from the last two";

const cone = "unbalanced-transport midpoint";

/** W1 of one prediction less that of another. */
const between = (a: Score, b: Score) => ({
  difference: a.w1 - b.w1,
  error: spread(a.deviations.w1.map((v, r) => v - b.deviations.w1[r])),
});

function lines(scores: readonly Score[]): Line[] {
  const reference = scores.find((s) => s.name === midpoint || s.name === onward) as Score;
  return scores.map((s) => ({
    ...{ name: s.name, w1: s.w1, w2: s.w2, mmd: s.mmd },
    error: { w1: spread(s.deviations.w1), w2: spread(s.deviations.w2), mmd: spread(s.deviations.mmd) },
    behind: between(s, reference),
  }));
}

export const bothName = (method: MethodName): string => `${methods[method].title}, both sides`;

/** All distances are in the units of the training: standardised features. */
export async function predict(
  method: MethodName,
  { model, push, params }: { model: Model; push: Push; params: Parameters },
  data: Population,
  { clouds, times, learn }: Prepared,
  { train, held }: Split,
  rng: Random,
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
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
    const forward = await move(before, false);
    const scores = [score(methods[method].title, { x: forward.x, weights: forward.logWeight.data.map(Math.exp) }, truth, random)];
    // only motions without noise run backward, and only equal weights can be stacked
    if (model.noise === 0 && !has(method, "growth") && !clouds[before].weights && !forecast) {
      const backward = await move(right, false);
      scores.push(score(bothName(method), { x: stackClouds(forward.x, backward.x) }, truth, random));
    }
    const fraction = (times[k] - times[left]) / (times[right] - times[left]);
    const { scores: others, floor } = baselines(weighted(clouds[left]), weighted(clouds[right]), truth, fraction, random);
    const grows = has(method, "growth");
    const growing =
      grows && !forecast
        ? await unbalancedDisplacement(clouds[left], clouds[right], fraction, learn.growth as number, random.fold("cone"))
        : undefined;
    if (growing) others.push(score(cone, growing, truth, random));
    const grown = grows ? (meanWeight(forward.logWeight) * clouds[before].mass) / clouds[k].mass : undefined;
    predictions.push({
      time: data.times[k],
      scores: lines([...scores, ...others]),
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

export const weighted = ({ points, weights }: Cloud) => ({ x: points, ...(weights && { weights }) });

/** Distances within this factor of the sampling floor are at it. */
const nearFloor = 1.15;

/** What the scores say about the learned motion beside what needs no learning; nothing if it is closer than the midpoint. */
export function verdicts(predictions: readonly Prediction[]): string[] {
  const own = predictions[0].scores[0].name;
  const rivals = [...new Set(predictions.flatMap((p) => p.rivals.map((r) => r.name)))].map((name) => compared(name, predictions));
  const notes: string[] = [];
  if (rivals.some((r) => !Number.isFinite(r.interval)))
    return ["the snapshots are too small to say how far distances vary with their sampling"];
  const told = ({ difference, interval }: Comparison): string => `${Math.abs(difference).toFixed(3)} ± ${interval.toFixed(3)} (95 %)`;
  const [ahead] = rivals.filter((r) => r.difference > r.interval).sort((a, b) => b.difference - a.difference);
  if (ahead)
    notes.push(
      `${named(ahead.name)}, which learns nothing, is closer to the held-out ${ahead.times.length > 1 ? "snapshots" : "snapshot"} at ${ahead.times.join(", ")} than ${own}: W1 is lower by ${told(ahead)}`,
    );
  const farthest = predictions.reduce((s, p) => s + Math.max(...p.scores.map((v) => v.w1)) / p.floor, 0) / predictions.length;
  // the same individuals in both snapshots differ by less than two samples do
  if (farthest < nearFloor && !predictions[0].paths)
    notes.push(
      `every W1 here, of copies of the neighbours too, is within ${(100 * (nearFloor - 1)).toFixed(0)} % of the sampling floor: it tells predictions hardly apart, in so many dimensions or with so few particles; use fewer --components or features, and look at MMD²`,
    );
  if (ahead) return notes;
  const reference = rivals.find((r) => r.name === cone) ?? rivals.find((r) => r.name === midpoint) ?? rivals.find((r) => r.name === onward);
  if (reference && Math.abs(reference.difference) <= reference.interval)
    notes.push(`the data cannot tell ${own} from ${named(reference.name)}: their W1 differ by ${told(reference)}`);
  return notes;
}

interface Comparison {
  readonly name: string;
  /** Held-out times at which there is such a rival. */
  readonly times: readonly number[];
  /** Mean difference of W1 there, and half of its 95 % interval. */
  readonly difference: number;
  readonly interval: number;
}

function compared(name: string, predictions: readonly Prediction[]): Comparison {
  const all = predictions.flatMap(({ time, rivals }) => rivals.filter((r) => r.name === name).map((r) => ({ ...r, time })));
  return {
    ...{ name, times: all.map((r) => r.time) },
    difference: all.reduce((s, r) => s + r.difference, 0) / all.length,
    interval: (1.96 * Math.hypot(...all.map((r) => r.error))) / all.length,
  };
}

const said: Readonly<Record<string, string>> = {
  "copy previous": "a copy of the snapshot before",
  "copy next": "a copy of the snapshot after",
  [onward]: "a straight line on from the last two snapshots",
};
const named = (name: string): string => said[name] ?? `the ${name}`;

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
