/** Quantiles of features over the moved particles in time: a fan that opens where the motion is not held by snapshots. */
import type { Snapshots } from "../../data/snapshots.ts";
import type { Frame } from "./frames.ts";

/** Quantiles at 5, 25, 50, 75 and 95 % at a time. */
export interface FanAt {
  readonly time: number;
  readonly quantiles: readonly [number, number, number, number, number];
}

/** A feature in time: over the moved particles, and over the snapshots. */
export interface Fan {
  readonly feature: string;
  readonly moved: readonly FanAt[];
  readonly observed: readonly FanAt[];
}

const levels = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** The fans of the first features. */
export function fans(data: Pick<Snapshots, "times" | "snapshots" | "weights" | "features">, frames: readonly Frame[], most = 4): Fan[] {
  const d = data.features.length;
  return data.features.slice(0, most).map((feature, j) => ({
    feature,
    moved: frames.map(({ time, cloud, logWeight }) => at(time, cloud.data, d, j, (i) => Math.exp(logWeight.data[i]))),
    observed: data.snapshots.map((s, k) => at(data.times[k], s.data, d, j, (i) => data.weights?.[k].data[i] ?? 1)),
  }));
}

function at(time: number, data: ArrayLike<number>, d: number, j: number, weight: (i: number) => number): FanAt {
  const rows = Array.from({ length: data.length / d }, (_, i) => ({ value: data[i * d + j], weight: weight(i) })).sort(
    (a, b) => a.value - b.value,
  );
  const total = rows.reduce((s, r) => s + r.weight, 0);
  const quantile = (level: number): number => {
    let sum = 0;
    return (rows.find((r) => (sum += r.weight) >= level * total) ?? rows[rows.length - 1]).value;
  };
  const [low, lower, middle, upper, high] = levels.map(quantile);
  return { time, quantiles: [low, lower, middle, upper, high] };
}
