/** Precision, recall, density and coverage: samples among real rows, by balls around both. */
import { type NdArray, ndarray, toNumbers } from "../array/index.ts";
import { jit, lessEqual, type Tensor } from "../tensor/index.ts";
import { memo } from "./memo.ts";
import { block } from "./rowwise.ts";
import { blocksOf, nearestRows, squaredDistances } from "./squares.ts";
import type { Withheld } from "./withheld.ts";

/** How samples and real rows cover each other; the ball of a row reaches to its k-th neighbour of its own kind. */
export interface Prdc {
  /** Share of samples inside any real ball: are they like the data? */
  readonly precision: number;
  /** Share of real rows inside any ball of a sample: are the data among them? */
  readonly recall: number;
  /** Real balls that a sample is in, over k, on average: precision that an outlier cannot raise. May be above 1. */
  readonly density: number;
  /** Share of real balls with a sample inside. */
  readonly coverage: number;
  /** The stricter kind: only the ball of the nearest row counts. */
  readonly nearestBall: { readonly precision: number; readonly recall: number };
  readonly k: number;
}

/** Rows that a ball needs for each neighbour: fewer, and it is as wide as the cloud. */
const rowsPerNeighbour = 5;

/** Samples beside given real rows, with k neighbours or, where rows are few, with fewer: then `reduced` says why. */
export type PrdcOf = (samples: NdArray<"f32">, k?: number) => Promise<(Prdc & { readonly reduced?: string }) | Withheld>;

/**
 * Precision, recall, density and coverage; the balls of the real rows are found once.
 *
 * @param reals  [n, F]
 */
export function prdc(reals: NdArray<"f32">): PrdcOf {
  const measure = prdcAt(reals);
  return async (samples, k = 5) => {
    const fewest = Math.min(reals.shape[0], samples.shape[0]);
    if (fewest < 2) return { none: `${fewest} rows have no balls: at least 2 real rows and 2 samples are needed` };
    const fit = Math.max(1, Math.min(k, Math.floor(fewest / rowsPerNeighbour)));
    const measured = await measure(samples, fit);
    if (fit === k) return measured;
    return { ...measured, reduced: `${fewest} rows are too few for ${k} neighbours (${rowsPerNeighbour} each): taken with ${fit}` };
  };
}

/**
 * The same for a given k, below the number of either rows.
 *
 * @source  Kynkäänniemi et al., NeurIPS 2019 (precision, recall); Naeem et al., ICML 2020 (density, coverage); balls are closed
 */
export function prdcAt(reals: NdArray<"f32">): (samples: NdArray<"f32">, k: number) => Promise<Prdc> {
  const realRadii = memo((k: number) => radii(reals, k));
  return async (samples, k) => {
    const [n, m] = [reals.shape[0], samples.shape[0]];
    const [ofReals, ofSamples] = [await realRadii(k), await radii(samples, k)];
    const ofSample = await ballsAround(samples, reals, ofReals);
    const ofReal = await ballsAround(reals, samples, ofSamples);
    const [toReal, toSample] = [await nearestRows(samples, reals, 1), await nearestRows(reals, samples, 1)];
    const inNearest = ({ squares, indices }: typeof toReal, radius: Float64Array): number =>
      count(squares, (s, i) => s <= radius[indices[i]]);
    return {
      precision: count(ofSample, (balls) => balls > 0) / m,
      recall: count(ofReal, (balls) => balls > 0) / n,
      density: ofSample.reduce((a, b) => a + b, 0) / (k * m),
      coverage: count(toSample.squares, (s, i) => s <= ofReals[i]) / n,
      nearestBall: { precision: inNearest(toReal, ofReals) / m, recall: inNearest(toSample, ofSamples) / n },
      k,
    };
  };
}

const count = (values: Float64Array, is: (value: number, i: number) => boolean): number =>
  values.reduce((n, value, i) => n + Number(is(value, i)), 0);

/** Squared distance of each row to its k-th neighbour. */
async function radii(x: NdArray<"f32">, k: number): Promise<Float64Array<ArrayBuffer>> {
  const { squares } = await nearestRows(x, x, k, { others: true });
  return Float64Array.from({ length: x.shape[0] }, (_, i) => squares[i * k + k - 1]);
}

/** In how many balls around the centres each point lies. */
async function ballsAround(points: NdArray<"f32">, centres: NdArray<"f32">, radius: Float64Array<ArrayBuffer>): Promise<Float64Array> {
  const counts = new Float64Array(points.shape[0]);
  const { starts, size } = blocksOf(points.shape[0], centres.shape[0]);
  for (const start of starts)
    counts.set(toNumbers(await memberships(block(points, start, size), centres, ndarray(radius, [radius.length], "f64"))), start);
  return counts;
}

const memberships = jit((points: Tensor, centres: Tensor, radius: Tensor) =>
  lessEqual(squaredDistances(points, centres), radius).cast("i32").sum(1),
);
