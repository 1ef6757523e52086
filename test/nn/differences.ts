import type { NdArray, Random } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";

/** The same parameters plus noise, so that nothing is zero or one by its initialisation. */
export const shaken = <P extends object>(params: P, rng: Random, size = 0.3): P =>
  nd.mapTree<P>((p: NdArray) => {
    const noise = rng.normal(p.shape, "f64").data;
    return nd.ndarray(
      Float64Array.from(p.data as ArrayLike<number>, (v, i) => v + size * noise[i]),
      p.shape,
      "f64",
    );
  }, params);

/** Largest difference, relative to the size of the second. */
export function difference(a: NdArray, b: NdArray | readonly number[]): number {
  const [x, y] = [nd.toNumbers(a), "dtype" in b ? nd.toNumbers(b as NdArray) : b];
  if (x.length !== y.length) throw new Error(`${x.length} values against ${y.length}`);
  const scale = Math.max(...y.map(Math.abs), 1e-300);
  return Math.max(...x.map((v, i) => Math.abs(v - y[i]))) / scale;
}

export const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0) / x.length;
export const variance = (x: readonly number[]): number => {
  const m = mean(x);
  return mean(x.map((v) => (v - m) ** 2));
};
