/** Transport on a line, by quantiles, and the sliced distance built on it. */
import { type Random, randomStream } from "../array/random.ts";
import { normalise, type Points, sizes, type Weights } from "./clouds.ts";

/**
 * ∫ |F⁻¹(q) - G⁻¹(q)|^p dq for two weighted samples on the line: the p-th power of their p-Wasserstein distance, exact, in
 * O(n log n).
 */
export function lineTransport(x: ArrayLike<number>, y: ArrayLike<number>, power: number, weights: Weights = {}): number {
  if (x.length === 0 || y.length === 0) throw new RangeError("lineTransport: an empty sample");
  return betweenSorted(sorted(x, weights.x), sorted(y, weights.y), power);
}

interface Sorted {
  values: Float64Array;
  mass: Float64Array;
}

function sorted(values: ArrayLike<number>, weights: ArrayLike<number> | undefined): Sorted {
  const mass = normalise(weights, values.length);
  if (!weights) return { values: Float64Array.from(values).sort(), mass };
  const order = Array.from(mass.keys()).sort((i, j) => values[i] - values[j]);
  return { values: Float64Array.from(order, (i) => values[i]), mass: Float64Array.from(order, (i) => mass[i]) };
}

function betweenSorted(x: Sorted, y: Sorted, power: number): number {
  let total = 0;
  let restX = x.mass[0];
  let restY = y.mass[0];
  for (let i = 0, j = 0; i < x.values.length && j < y.values.length; ) {
    const moved = Math.min(restX, restY);
    const distance = Math.abs(x.values[i] - y.values[j]);
    total += moved * (power === 1 ? distance : power === 2 ? distance * distance : distance ** power);
    restX -= moved;
    restY -= moved;
    // equal weights meet exactly only up to rounding: what is left of the last point then has no partner, and no mass
    if (restX <= 0) restX = x.mass[++i];
    if (restY <= 0) restY = y.mass[++j];
  }
  return total;
}

/** How a sliced distance is taken. */
export interface SlicedOptions {
  /** Directions, uniform on the sphere (default 500). */
  directions?: number;
  /** Where the directions come from; by default always the same ones. */
  random?: Random;
  power?: number;
  weights?: Weights;
}

/** Sliced p-Wasserstein distance: (mean over directions θ of W_p^p of the projections <x, θ>)^(1/p), p = 2 by default. */
export function slicedWasserstein(x: Points, y: Points, options: SlicedOptions = {}): number {
  const { directions = 500, random = randomStream("sliced directions"), power = 2, weights = {} } = options;
  const { d } = sizes(x, y);
  const theta = random.normal([directions, d], "f64").data;
  let total = 0;
  for (let k = 0; k < directions; k++) {
    const direction = theta.subarray(k * d, (k + 1) * d);
    const length = Math.hypot(...direction);
    const [px, py] = [x, y].map((cloud) => project(cloud, direction, length));
    total += lineTransport(px, py, power, weights);
  }
  return (total / directions) ** (1 / power);
}

function project({ shape: [n, d], data }: Points, direction: Float64Array, length: number): Float64Array {
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += data[i * d + j] * direction[j];
    values[i] = sum / length;
  }
  return values;
}
