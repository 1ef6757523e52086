/** Labelled clouds for tests: a normal law about a corner for each class. */
import { ndarray, randomStream } from "../../../src/array/index.ts";
import type { Labelled } from "../../../src/inversion/labelled.ts";

/** Corners of a square, `apart` from the middle; noise of deviation 1. */
export function blobs(seed: string, n: number, classes = 3, apart = 3): Labelled {
  const noise = randomStream(seed).normal([n, 4]).data;
  const y = Int32Array.from({ length: n }, (_, i) => i % classes);
  const x = noise.map((v, k) => v + (k % 4 === y[Math.floor(k / 4)] ? apart : 0));
  return { x: ndarray(x, [n, 4], "f32"), y };
}
