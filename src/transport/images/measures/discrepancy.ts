/** The maximum mean discrepancy of features, with its error. */
import { type NdArray, type Random, toNumbers } from "../../../array/index.ts";
import { mmd, rowsOf, squaredDistances, type Withheld } from "../../../distances/index.ts";
import { jit } from "../../../tensor/index.ts";

/** Squared discrepancy, unbiased: about 0, and below it as often as above, for samples of the data. */
export interface Discrepancy {
  readonly value: number;
  readonly se: number;
  /** σ of the kernel exp(-d² / (2 σ²)): the median distance of two real rows. */
  readonly bandwidth: number;
  /** Of both clouds that were used. */
  readonly rows: number;
}

/** Disjoint parts of the rows. */
const parts = 5;
/** Rows of a part: fewer say nothing, more take long. */
const [fewest, most] = [10, 1000];
/** Rows from which the bandwidth is found. */
const bandwidthRows = 500;

/**
 * The mean of the discrepancies of five disjoint parts of samples and real rows: unbiased, and with an error that needs no theory, as
 * the parts are independent.
 *
 * @param real     features [n, F]
 * @param samples  features [m, F]
 * @source  Zaremba, Gretton & Blaschko, NeurIPS 2013 (means over blocks); the median as bandwidth: Gretton et al., JMLR 13 (2012), section 8
 */
export async function featureDiscrepancy(samples: NdArray<"f32">, real: NdArray<"f32">, rng: Random): Promise<Discrepancy | Withheld> {
  const size = Math.min(most, Math.floor(Math.min(samples.shape[0], real.shape[0]) / parts));
  if (size < fewest) return { none: `${samples.shape[0]} samples and ${real.shape[0]} real rows: ${parts * fewest} of each are needed` };
  const orders = [samples, real].map((x, i) => rng.fold(i).permutation(x.shape[0]).data);
  const bandwidth = await medianDistance(rowsOf(real, orders[1].slice(0, bandwidthRows)));
  if (!(bandwidth > 0)) return { none: "half of the pairs of real rows are equal" };
  const values = Array.from({ length: parts }, (_, part) => {
    const [x, y] = [samples, real].map((rows, i) => rowsOf(rows, orders[i].slice(part * size, (part + 1) * size)));
    return mmd(x, y, { gammas: [1 / (2 * bandwidth ** 2)] });
  });
  const value = values.reduce((a, b) => a + b, 0) / parts;
  const variance = values.reduce((sum, v) => sum + (v - value) ** 2, 0) / (parts - 1);
  return { value, se: Math.sqrt(variance / parts), bandwidth, rows: parts * size };
}

const distances = jit(squaredDistances);

/** Of two different rows. */
async function medianDistance(x: NdArray<"f32">): Promise<number> {
  const n = x.shape[0];
  const pairs = toNumbers(await distances(x, x)).filter((_, k) => k % n > Math.floor(k / n));
  const sorted = Float64Array.from(pairs).sort();
  return Math.sqrt(sorted[sorted.length >> 1]);
}
