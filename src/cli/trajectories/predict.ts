/** Predictions of held-out snapshots, and their scores. */
import { type NdArray, ndarray, type Random } from "../../tensor/index.ts";
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
} from "../../transport/index.ts";
import type { Split } from "./holdout.ts";
import type { Population } from "./load.ts";
import type { Prepared } from "./prepare.ts";

export interface Prediction {
  readonly time: number;
  readonly scores: readonly Score[];
  /** Sampling floor of W1. */
  readonly floor: number;
  /** Predicted total mass over the observed one, for methods with growth. */
  readonly mass?: number;
  /** Root mean squared error of the predicted places of known individuals, and of the straight line between their neighbours in time. */
  readonly paths?: { readonly learned: number; readonly straight: number; readonly copied: number };
}

export const bothName = (method: MethodName): string => `${methods[method].title}, both sides`;

/** All distances are in the units of the training: standardised features. */
export async function predict(
  method: MethodName,
  { model, push, params }: { model: Model; push: Push; params: Parameters },
  data: Population,
  { clouds, times }: Prepared,
  { train, held }: Split,
  rng: Random,
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for (const k of held) {
    const before = Math.max(...train.filter((j) => j < k));
    const after = Math.min(...train.filter((j) => j > k));
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
    if (model.noise === 0 && !has(method, "growth") && !clouds[before].weights) {
      const backward = await move(after, false);
      scores.push(score(bothName(method), { x: stackClouds(forward.x, backward.x) }, truth, random));
    }
    const fraction = (times[k] - times[before]) / (times[after] - times[before]);
    const { scores: others, floor } = baselines(clouds[before].points, clouds[after].points, clouds[k].points, fraction, random);
    const grown = has(method, "growth") ? (meanWeight(forward.logWeight) * (clouds[before].weights ? forward.x.shape[0] / sum(clouds[before].weights) : 1) * clouds[before].mass) / clouds[k].mass : undefined; // biome-ignore format: one line
    predictions.push({
      time: data.times[k],
      scores: [...scores, ...others],
      floor,
      ...(grown !== undefined && { mass: grown }),
      paths: data.pathsKnown ? pathErrors(forward.x, clouds[before].points, clouds[after].points, clouds[k].points, fraction) : undefined, // biome-ignore format: one line
    });
  }
  return predictions;
}

const sum = (w: ArrayLike<number>): number => Array.from(w).reduce((a, b) => a + b, 0);
const weighted = ({ points, weights }: Cloud) => ({ x: points, ...(weights && { weights }) });

/** Do two best methods differ by more than the sampling of the clouds can tell? A sentence if not. */
export function indistinct(predictions: readonly Prediction[]): string | undefined {
  const [own] = predictions[0].scores;
  const mean = (name: string): number => predictions.reduce((s, p) => s + (p.scores.find((c) => c.name === name)?.w1 ?? Number.NaN), 0) / predictions.length; // biome-ignore format: one line
  const error = Math.sqrt(predictions.reduce((s, p) => s + p.scores[0].error ** 2, 0)) / predictions.length;
  const baseline = "optimal-transport midpoint";
  const difference = mean(own.name) - mean(baseline);
  if (Math.abs(difference) > 2 * error) return undefined;
  return `the data cannot tell ${own.name} from the ${baseline}: their W1 differ by ${Math.abs(difference).toFixed(3)}, and the sampling of the snapshots alone makes ±${error.toFixed(3)}`;
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
