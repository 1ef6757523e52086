/** Predictions of held-out snapshots, and their scores. */
import { type NdArray, ndarray, type Random } from "../../tensor/index.ts";
import {
  baselines,
  type Cloud,
  type Distances,
  has,
  type MethodName,
  type Model,
  meanWeight,
  methods,
  type Parameters,
  type Push,
  type Score,
  score,
  spread,
  stackClouds,
  unbalancedDisplacement,
} from "../../transport/index.ts";
import type { Split } from "./holdout.ts";
import type { Population } from "./load.ts";
import type { Prepared } from "./prepare.ts";

/** A line of the table: distances, and their standard errors over the sampling of both clouds. */
export interface Line extends Distances {
  readonly name: string;
  readonly error: Distances;
  /** W1 less that of the optimal-transport midpoint, and the error of the difference over the same samples. */
  readonly behind: { readonly difference: number; readonly error: number };
}

export interface Prediction {
  readonly time: number;
  readonly scores: readonly Line[];
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

function lines(scores: readonly Score[]): Line[] {
  const reference = scores.find((s) => s.name === midpoint || s.name === onward) as Score;
  return scores.map((s) => ({
    ...{ name: s.name, w1: s.w1, w2: s.w2, mmd: s.mmd },
    error: { w1: spread(s.deviations.w1), w2: spread(s.deviations.w2), mmd: spread(s.deviations.mmd) },
    behind: {
      difference: s.w1 - reference.w1,
      error: spread(s.deviations.w1.map((v, r) => v - reference.deviations.w1[r])),
    },
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
      const { points, weights } = clouds[from];
      const logWeight = weights && ndarray(Float32Array.from(weights, (w) => Math.log(w)), [weights.length], "f32"); // biome-ignore format: one line
      const moved = await push(params, { x: points, logWeight }, times[from], [times[k]], { rng: random, flow });
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
    const { scores: others, floor } = baselines(clouds[left].points, clouds[right].points, clouds[k].points, fraction, random);
    const grows = has(method, "growth");
    const cone = grows && !forecast ? await unbalancedDisplacement(clouds[left], clouds[right], fraction, learn.growth as number, random.fold("cone")) : undefined; // biome-ignore format: one line
    if (cone) others.push(score("unbalanced-transport midpoint", cone, truth, random));
    const grown = grows ? (meanWeight(forward.logWeight) * (clouds[before].weights ? forward.x.shape[0] / sum(clouds[before].weights) : 1) * clouds[before].mass) / clouds[k].mass : undefined; // biome-ignore format: one line
    predictions.push({
      time: data.times[k],
      scores: lines([...scores, ...others]),
      floor,
      ...(grown !== undefined && { mass: grown }),
      ...(cone && { midpointMass: cone.mass / clouds[k].mass }),
      paths: data.pathsKnown && !forecast ? pathErrors(forward.x, clouds[left].points, clouds[right].points, clouds[k].points, fraction) : undefined, // biome-ignore format: one line
    });
  }
  return predictions;
}

const sum = (w: ArrayLike<number>): number => Array.from(w).reduce((a, b) => a + b, 0);
const weighted = ({ points, weights }: Cloud) => ({ x: points, ...(weights && { weights }) });

/** Does the method differ from the midpoint by more than the sampling of the clouds can tell? A sentence if not. */
export function indistinct(predictions: readonly Prediction[]): string | undefined {
  const own = predictions.map((p) => p.scores[0]);
  const difference = own.reduce((s, { behind }) => s + behind.difference, 0) / own.length;
  const error = Math.hypot(...own.map(({ behind }) => behind.error)) / own.length;
  if (!Number.isFinite(error)) return "the snapshots are too small to say how far distances vary with their sampling";
  if (Math.abs(difference) > 2 * error) return undefined;
  return `the data cannot tell ${own[0].name} from ${own.some((_, i) => predictions[i].scores.some((s) => s.name === onward)) ? "straight lines" : `the ${midpoint}`}: their W1 differ by ${Math.abs(difference).toFixed(3)}, and the sampling of the snapshots alone makes ±${error.toFixed(3)}`;
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
