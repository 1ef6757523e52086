/** Snapshots as weighted clouds. */
import { type NdArray, ndarray } from "../../array/index.ts";
import type { Weighted } from "../../distances/index.ts";

/** A snapshot: points [n, d], the weights of its particles (absent: equal) and their total mass. */
export interface Cloud {
  readonly points: NdArray<"f32">;
  readonly weights?: ArrayLike<number>;
  readonly mass: number;
  /** Logarithmic growth rate of each particle, a unit of time, as far as it is known beforehand. */
  readonly rates?: ArrayLike<number>;
  /** Measured velocity of each particle [n, d], for paths that curve. */
  readonly velocities?: NdArray<"f32">;
}

/** A cloud whose particles have multiplied by their rates for a while, with the mass of before: e^(rates · duration) times their weights. */
export function multiplied({ rates, ...cloud }: Cloud, duration: number): Cloud {
  if (!rates) return cloud;
  return { ...cloud, weights: Float64Array.from(rates, (r, i) => Math.exp(r * duration) * (cloud.weights?.[i] ?? 1)) };
}

/** Mean of the rows. */
export function weightedMean({ data, shape: [n, d] }: NdArray<"f32">, weights?: ArrayLike<number>): number[] {
  const sums = new Array<number>(d).fill(0);
  let total = 0;
  for (let i = 0; i < n; i++) {
    const w = weights ? weights[i] : 1;
    total += w;
    for (let j = 0; j < d; j++) sums[j] += w * data[i * d + j];
  }
  return sums.map((v) => v / total);
}

/** All rows, one cloud below the other. */
export function stacked(parts: readonly NdArray<"f32">[]): NdArray<"f32"> {
  const d = parts[0].shape[1];
  const n = parts.reduce((s, p) => s + p.shape[0], 0);
  const data = new Float32Array(n * d);
  let at = 0;
  for (const p of parts) {
    data.set(p.data, at);
    at += p.data.length;
  }
  return ndarray(data, [n, d], "f32");
}

/** A cloud as distances take it. */
export const weighted = ({ points, weights }: Cloud): Weighted => ({ x: points, ...(weights && { weights }) });
