/** The sampling floor: how far two samples of the same population are apart. */
import type { NdArray } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import { rowsOf } from "./clouds.ts";

/** A mean distance between two parts of one cloud. */
export interface Floor {
  readonly mean: number;
  /** Of the mean, over the random splits; they share their points, so it is a lower bound. */
  readonly standardError: number;
  /** Points in the two parts that were compared. */
  readonly sizes: readonly [number, number];
}

/**
 * Mean of a distance between two disjoint random parts of one cloud: a prediction cannot be expected to come closer to a sample than
 * another sample does. The parts have the sizes of the comparison, both scaled down to what the cloud can fill; smaller parts lie
 * farther apart, so compare with `sizes` in mind.
 *
 * @param distance  of two parts, and the rows of the cloud that they hold
 */
export function samplingFloor(
  distance: (a: NdArray<"f32">, b: NdArray<"f32">, rows: readonly [Int32Array, Int32Array]) => number,
  cloud: NdArray<"f32">,
  sizes: readonly [number, number],
  random: Random,
  splits = 5,
): Floor {
  const [n] = cloud.shape;
  const scale = Math.min(1, n / (sizes[0] + sizes[1]));
  const parts = sizes.map((size) => Math.floor(size * scale + 1e-9)) as [number, number];
  if (Math.min(...parts) < 1 || splits < 1) throw new RangeError(`samplingFloor: ${n} points cannot be split ${sizes[0]} : ${sizes[1]}`);
  const values = Array.from({ length: splits }, () => {
    const order = random.permutation(n).data as Int32Array;
    const rows = [order.slice(0, parts[0]), order.slice(parts[0], parts[0] + parts[1])] as const;
    return distance(rowsOf(cloud, rows[0]), rowsOf(cloud, rows[1]), rows);
  });
  const mean = values.reduce((a, b) => a + b) / splits;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, splits - 1);
  return { mean, standardError: Math.sqrt(variance / splits), sizes: parts };
}
