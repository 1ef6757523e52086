/** How varied samples are, beside real rows. */
import { type NdArray, type Random, toNumbers } from "../../array/index.ts";
import { block, blocksOf, kMeans, nearestRows, rowsOf, squaredDistances } from "../../distances/index.ts";
import { jit, sqrt, type Tensor } from "../../tensor/index.ts";

const distanceSums = jit((x: Tensor, y: Tensor) => sqrt(squaredDistances(x, y)).sum(1));

/** Mean distance between two different rows of x [n, d], n > 1. */
export async function meanPairDistance(x: NdArray<"f32">): Promise<number> {
  const n = x.shape[0];
  const { starts, size } = blocksOf(n, n);
  const sums = new Float64Array(n); // a row is at distance 0 from itself
  for (const start of starts) sums.set(toNumbers(await distanceSums(block(x, start, size), x)), start);
  return sums.reduce((a, b) => a + b, 0) / (n * (n - 1));
}

/** Kinds of data that samples show. */
export interface Modes {
  /** e^H of the shares of samples in the cells: 1 if all are in one, their number if they are spread evenly. */
  readonly samples: number;
  /** The same of the real rows. */
  readonly real: number;
  readonly cells: number;
}

/** Real rows that cells are sought from. */
const mostRows = 2000;

/** How varied samples are. */
export interface Diversity {
  /** Mean distance of two samples over that of two real rows: 0 if all are one picture, 1 if as varied as the data. */
  readonly pairs: number;
  readonly modes: Modes;
}

/**
 * Variety beside real rows [n, d], n > 1, over k-means cells of them, which are found once; the same stream gives the same cells.
 *
 * @returns  of samples [m, d], m > 1
 */
export function diversity(real: NdArray<"f32">, cells: number, rng: Random): (samples: NdArray<"f32">) => Promise<Diversity> {
  const some = rng.fold("rows").permutation(real.shape[0]).data.subarray(0, mostRows);
  const centres = kMeans(rowsOf(real, some), cells, rng.fold("cells"));
  const middles: NdArray<"f32"> = { dtype: "f32", shape: [centres.length, real.shape[1]], data: Float32Array.from(centres.flat()) };
  const of = async (x: NdArray<"f32">) => ({ pairs: await meanPairDistance(x), modes: await effectiveModes(x, middles) });
  let data: ReturnType<typeof of> | undefined;
  return async (samples) => {
    const [own, reals] = [await of(samples), await (data ??= of(real))];
    return { pairs: own.pairs / reals.pairs, modes: { samples: own.modes, real: reals.modes, cells: centres.length } };
  };
}

/** e^H of the shares of rows that are nearest to each centre. */
async function effectiveModes(x: NdArray<"f32">, centres: NdArray<"f32">): Promise<number> {
  const { indices } = await nearestRows(x, centres, 1);
  const counts = new Float64Array(centres.shape[0]);
  for (const c of indices) counts[c]++;
  return Math.exp(counts.reduce((h, c) => (c > 0 ? h - (c / indices.length) * Math.log(c / indices.length) : h), 0));
}
