/** How well a predicted cloud agrees with a held-out snapshot, beside what is reached without learning and what can be reached at all. */

import type { NdArray, Random } from "../../array/index.ts";
import { type Distances, deviations, distances, mmd, samplingFloor, type Weighted, wasserstein } from "../../distances/index.ts";
import { displacement } from "./displacement.ts";
import { largestCloud, thin, withoutEmpty } from "./thinning.ts";

/** Distances of one prediction. */
export interface Score extends Distances {
  readonly name: string;
  /** The squared MMD of the samples themselves, which is never below 0. */
  readonly biasedMmd: number;
  /** Deviations of each distance over resamples of both clouds; those of scores against one snapshot are paired. */
  readonly deviations: Readonly<Record<keyof Distances, Float64Array>>;
}

/** Distances of a predicted cloud to a snapshot; both are normalised to mass one. */
export function score(name: string, predicted: Weighted, truth: Weighted, rng: Random): Score {
  const [a, b] = [thin(predicted, rng.fold("predicted")), thin(truth, rng.fold("truth"))];
  const biasedMmd = mmd(a.x, b.x, { weights: { x: a.weights, y: b.weights }, estimate: "biased" });
  return { name, ...distances(a, b), biasedMmd, deviations: deviations(predicted, truth, rng.fold("bootstrap")) };
}

/**
 * Scores of what needs no learning: the snapshot before, the one after, and the point between them along optimal transport; or, with no
 * snapshot after it, the one before and the point straight on from the last two. And the sampling floor, the W1 between two halves of the
 * held-out snapshot.
 *
 * @param fraction  place of the held-out time between its neighbours, in (0, 1), or beyond them, above 1
 */
export function baselines(
  previous: Weighted,
  next: Weighted,
  truth: Weighted,
  fraction: number,
  rng: Random,
): { scores: Score[]; floor: number } {
  const [before, after, held] = [previous, next, truth].map((cloud) => thin(cloud, rng));
  const between = { x: displacement(before, after, fraction, rng) };
  const scores =
    fraction > 1
      ? [score("copy previous", after, held, rng), score("straight on from the last two", between, held, rng)]
      : [
          score("copy previous", before, held, rng),
          score("copy next", after, held, rng),
          score("optimal-transport midpoint", between, held, rng),
        ];
  return { scores, floor: floorOf(truth, rng) };
}

/** Mean W1 of random halves, or of parts as large as the clouds of the scores; NaN for a single particle. */
export function floorOf(cloud: Weighted, rng: Random): number {
  const { x, weights } = withoutEmpty(cloud);
  const half = Math.min(largestCloud, x.shape[0] >> 1);
  if (half === 0) return Number.NaN;
  const w1 = (a: NdArray<"f32">, b: NdArray<"f32">, rows: readonly [Int32Array, Int32Array]): number => {
    const [of, others] = rows.map((part) => weights && Array.from(part, (r) => weights[r]));
    return wasserstein(a, b, { power: 1, weights: { x: of, y: others } });
  };
  return samplingFloor(w1, x, [half, half], rng).mean;
}
