/** Pairs for tests, with the information they have. */
import { type Random, randomStream } from "../../../src/array/index.ts";
import type { Side } from "../../../src/information/samples/side.ts";

/** A side of columns of numbers. */
export const numbers = (...columns: readonly ArrayLike<number>[]): Side => ({
  names: columns.map((_, i) => `v${i + 1}`),
  rows: columns[0].length,
  columns: columns.map((values) => Float64Array.from(values)),
  levels: columns.map(() => 0),
});

/** A side of one column of labels 0, 1, …. */
export const labels = (values: ArrayLike<number>): Side => ({
  ...numbers(values),
  levels: [1 + Array.from(values).reduce((a, b) => Math.max(a, b), 0)],
});

export const draws = (seed: number | string): Random => randomStream(seed).fold("pairs");

/** d pairs of columns, each pair normal with correlation rho: I = -d/2 log(1 - rho²). */
export function normalPairs(n: number, rho: number, d: number, rng: Random): [Side, Side] {
  const x = Array.from({ length: d }, () => rng.normal([n], "f64").data);
  const z = x.map((column) => {
    const noise = rng.normal([n], "f64").data;
    return column.map((v, i) => rho * v + Math.sqrt(1 - rho * rho) * noise[i]);
  });
  return [numbers(...x), numbers(...z)];
}

/** I of `normalPairs`. */
export const normalInformation = (rho: number, d: number): number => (-d / 2) * Math.log(1 - rho * rho);
