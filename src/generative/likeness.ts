/** How like the data a model's samples are: two-sample scores with what two samples of the data have between them. */
import { type NdArray, toNumbers } from "../array/index.ts";
import { jit, maximum, sqrt, type Tensor } from "../tensor/index.ts";
import type { RowMean } from "./row-mean.ts";

/** Sums of |x_i - y_j| over j, for each row i of x. */
const distanceSums = jit((x: Tensor, y: Tensor): Tensor => {
  const squares = x.square().sum(1, true).add(y.square().sum(1)).sub(x.matmul(y.transpose()).mul(2));
  return sqrt(maximum(squares, 1e-12)).sum(1);
});

/** Mean distances of each row of x from the rows of y; from the other rows, where both are one cloud. */
async function meanDistances(x: NdArray, y: NdArray): Promise<Float64Array> {
  const self = x === y;
  // a row lies at 1e-6 from itself
  return Float64Array.from(toNumbers(await distanceSums(x, y)), (s) => (self ? (s - 1e-6) / (y.shape[0] - 1) : s / y.shape[0]));
}

const average = (values: Float64Array): number => values.reduce((s, v) => s + v, 0) / values.length;

/**
 * Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of two clouds [n, D] and [m, D], without bias: it may be a little below 0 for
 * samples of one population. The error is that of its linear part, by what each row contributes.
 *
 * @source  Székely & Rizzo, Journal of Statistical Planning and Inference 143 (2013)
 */
export async function energyDistance(x: NdArray, y: NdArray): Promise<RowMean> {
  const [xy, yx, xx, yy] = await Promise.all([meanDistances(x, y), meanDistances(y, x), meanDistances(x, x), meanDistances(y, y)]);
  const mean = 2 * average(xy) - average(xx) - average(yy);
  const errorOf = (across: Float64Array, within: Float64Array): number => {
    const part = across.map((v, i) => 2 * (v - within[i]));
    const middle = average(part);
    return part.reduce((s, v) => s + (v - middle) ** 2, 0) / (part.length - 1) / part.length;
  };
  return { mean, se: Math.sqrt(errorOf(xy, xx) + errorOf(yx, yy)) };
}

/** Mean distance between two rows of a cloud. */
export const meanPairDistance = async (x: NdArray): Promise<number> => average(await meanDistances(x, x));

/** Samples of a model beside the test part, and the training part beside the test part. */
export interface Likeness {
  /** Energy distance of samples and test rows. */
  readonly score: RowMean;
  /** The same of training and test rows: what samples of the data themselves have. */
  readonly floor: RowMean;
  /** Mean distance of two samples over that of two test rows. */
  readonly diversity: number;
  readonly rows: number;
}

/** All clouds [n, D] of equally many rows. */
export async function likeness(samples: NdArray, train: NdArray, test: NdArray): Promise<Likeness> {
  const diversity = (await meanPairDistance(samples)) / (await meanPairDistance(test));
  return { score: await energyDistance(samples, test), floor: await energyDistance(train, test), diversity, rows: test.shape[0] };
}
