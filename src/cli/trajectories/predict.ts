/** Predictions of held-out snapshots, and their scores. */
import type { Dataset } from "../../data/builtin.ts";
import { type NdArray, ndarray, type Random } from "../../tensor/index.ts";
import {
  baselines,
  innerTime,
  type Matching,
  type MatchState,
  type Score,
  score,
  stackClouds,
  type Units,
  whiten,
} from "../../transport/index.ts";
import type { Split } from "./holdout.ts";

export interface Prediction {
  readonly time: number;
  readonly scores: readonly Score[];
  /** Sampling floor of W1. */
  readonly floor: number;
  /** Root mean squared error of the predicted places of known individuals, and of the straight line between their neighbours in time. */
  readonly paths?: { readonly learned: number; readonly straight: number; readonly copied: number };
}

export const forwardName = "action matching";
export const bothName = "action matching, both sides";

/** All distances are in the units of the training: standardised features. */
export async function predict(
  matching: Matching,
  state: MatchState,
  data: Dataset,
  units: Units,
  { train, held }: Split,
  rng: Random,
): Promise<Prediction[]> {
  const clouds = data.snapshots.map((s) => whiten(units, s));
  const predictions: Prediction[] = [];
  for (const k of held) {
    const before = Math.max(...train.filter((j) => j < k));
    const after = Math.min(...train.filter((j) => j > k));
    const at = (j: number): number => innerTime(units, data.times[j]);
    const move = async (from: number): Promise<NdArray<"f32">> => {
      const { states } = await matching.push(state, clouds[from], at(from), [at(k)]);
      return ndarray(states.data as Float32Array<ArrayBuffer>, clouds[from].shape, "f32");
    };
    const [forward, backward] = [await move(before), await move(after)];
    const fraction = (at(k) - at(before)) / (at(after) - at(before));
    const random = rng.fold(k);
    const { scores, floor } = baselines(clouds[before], clouds[after], clouds[k], fraction, random);
    predictions.push({
      time: data.times[k],
      scores: [
        score(forwardName, forward, clouds[k], random),
        score(bothName, stackClouds(forward, backward), clouds[k], random),
        ...scores,
      ],
      floor,
      paths: data.pathsKnown ? pathErrors(forward, clouds[before], clouds[after], clouds[k], fraction) : undefined,
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
