/** A metric thinned for a screen: buckets of rows with their extremes, so that no peak is lost. */
import type { Series } from "./api.ts";

/** The values of one metric, row by row, with their steps; NaN where a row holds no finite number. */
export interface Column {
  readonly step: Float64Array;
  readonly value: Float64Array;
}

/** @param points  most buckets; rows are shared among them evenly, in their order */
export function thin(name: string, { step, value }: Column, points: number): Series {
  const rows = value.length;
  const count = Math.min(points, rows);
  const edge = (k: number): number => Math.floor((k * rows) / count);
  const buckets = Array.from({ length: count }, (_, k) => extremes(value, edge(k), edge(k + 1)));
  return {
    name,
    rows,
    step: buckets.map((_, k) => step[edge(k + 1) - 1]),
    low: buckets.map((b) => finite(b.low)),
    high: buckets.map((b) => finite(b.high)),
    last: buckets.map((_, k) => finite(value[edge(k + 1) - 1])),
  };
}

function extremes(values: Float64Array, from: number, to: number): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) {
    // a NaN is neither below nor above
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return { low, high };
}

const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);
