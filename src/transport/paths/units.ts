/** Units of the training: whitened coordinates and times of unit mean interval, in which networks and losses are of order one. */
import { type NdArray, ndarray } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";

/** Means and deviations of the features; the first time and the mean interval. */
export interface Units {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly start: number;
  readonly interval: number;
}

/** "each": every feature by its own standard deviation; "common": all by the largest one, which keeps distances of principal components. */
export type Scaling = "each" | "common";

/**
 * Means and standard deviations over all snapshots, and the mean interval between times.
 *
 * @param weights  of the particles of each snapshot (absent: equal); every snapshot counts by its number of particles
 */
export function unitsOf(
  times: readonly number[],
  snapshots: readonly NdArray<"f32">[],
  scaling: Scaling = "each",
  weights?: readonly ArrayLike<number>[],
): Units {
  const d = snapshots[0].shape[1];
  const count = snapshots.reduce((n, s) => n + s.shape[0], 0);
  const scales = weights?.map((w) => w.length / Array.from(w).reduce((a, b) => a + b, 0));
  const weightOf = (k: number, row: number): number => (weights && scales ? weights[k][row] * scales[k] : 1);
  const moment = (f: (x: number, j: number) => number): number[] => {
    const sums = new Array<number>(d).fill(0);
    for (const [k, s] of snapshots.entries())
      for (let i = 0; i < s.data.length; i++) sums[i % d] += weightOf(k, Math.floor(i / d)) * f(s.data[i], i % d);
    return sums.map((v) => v / count);
  };
  const mean = moment((x) => x);
  const own = moment((x, j) => (x - mean[j]) ** 2).map(Math.sqrt);
  const deviation = scaling === "each" ? own : own.map(() => Math.max(...own));
  return { mean, deviation, start: times[0], interval: (times[times.length - 1] - times[0]) / (times.length - 1) };
}

/** Coordinates in units of the training. */
export function whiten({ mean, deviation }: Units, x: NdArray<"f32">): NdArray<"f32"> {
  const d = mean.length;
  return { ...x, data: x.data.map((v, i) => (v - mean[i % d]) / deviation[i % d]) };
}

/** Velocities [n, d] in units of the training, times a factor. */
export function whitenVelocities({ deviation, interval }: Units, v: NdArray<"f32">, factor = 1): NdArray<"f32"> {
  const d = deviation.length;
  return { ...v, data: v.data.map((value, i) => (value * interval * factor) / deviation[i % d]) };
}

/** Velocities [n, d] in the user's units. */
export function unwhitenVelocities({ deviation, interval }: Units, v: NdArray<"f32">): NdArray<"f32"> {
  const d = deviation.length;
  return { ...v, data: v.data.map((value, i) => (value * deviation[i % d]) / interval) };
}

/** Coordinates [..., d] in the user's units. */
export function unwhiten({ mean, deviation }: Units, x: NdArray): NdArray<"f32"> {
  const d = mean.length;
  return ndarray(
    (x.data as Float32Array<ArrayBuffer>).map((v, i) => v * deviation[i % d] + mean[i % d]),
    x.shape,
    "f32",
  );
}

/** A time in units of the training. */
export const innerTime = ({ start, interval }: Units, t: number): number => (t - start) / interval;

/** A time of the user as text; of a number that is not whole, seven digits. */
export const timeText = (time: number): string => String(Number.isInteger(time) ? time : Number(time.toPrecision(7)));

/** Components and embeddings have one unit: their distances mean something, and those that vary little are mostly noise. */
export const scalingFor = ({ components, annotated }: Pick<Population, "components" | "annotated">): Scaling =>
  components || annotated ? "common" : "each";

/** What distances between clouds in units of the training are measured in. */
export interface DistanceUnit {
  readonly name: string;
  /** One of it in the units of the file, where all features share one scale. */
  readonly own?: number;
}

/** The unit of distances, and its size in the file's units where features have one scale: one feature, or all divided by one number. */
export function distanceUnit({ deviation }: Pick<Units, "deviation">): DistanceUnit {
  const [first] = deviation;
  if (deviation.length === 1) return { name: "standard deviations of the feature", own: first };
  return deviation.every((s) => s === first)
    ? { name: "standard deviations of the feature that varies most", own: first }
    : { name: "standard deviations of each feature" };
}
