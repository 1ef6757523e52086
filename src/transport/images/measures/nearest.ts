/** Whether samples are training pictures again. */
import type { NdArray } from "../../../array/index.ts";
import { block, blockStarts, nearestRows, type Withheld } from "../../../distances/index.ts";
import { formatNumber } from "../../../numbers.ts";
import { type Pictures, pixelRows } from "./pictures.ts";

/** A training picture that is the nearest to another picture. */
export interface NearestPicture {
  readonly row: number;
  /** Root of the sum of squared differences of all pixels. */
  readonly distance: number;
}

/** How many samples are nearer to the training pictures than unseen pictures of the same kind come. */
export interface Copying {
  /** Distance up to which one in a hundred held-out pictures comes. */
  readonly closest: number;
  /** Share of samples that come as near: a hundredth, if they are as the held-out ones. */
  readonly share: number;
  readonly se: number;
  readonly copied: boolean;
}

/** Samples and held-out pictures beside the training pictures. */
export interface Nearness {
  /** Of each sample. */
  readonly nearest: readonly NearestPicture[];
  /** Medians of the distances; NaN of no pictures. */
  readonly samples: number;
  readonly heldOut: number;
  readonly copying: Copying | Withheld;
  readonly warnings: readonly string[];
}

/** Training pictures that are compared at a time. */
const blockRows = 4096;

/** The nearest of the training pictures to each picture, by all pixels. */
export async function nearestPictures(pictures: Pictures, training: Pictures): Promise<NearestPicture[]> {
  const [rows, all] = [pixelRows(pictures), pixelRows(training)];
  const found = Array.from({ length: rows.shape[0] }, () => ({ row: -1, square: Number.POSITIVE_INFINITY }));
  const size = Math.min(blockRows, all.shape[0]);
  for (const start of blockStarts(all.shape[0], size)) await keepNearer(found, rows, block(all, start, size), start);
  return found.map(({ row, square }) => ({ row, distance: Math.sqrt(square) }));
}

async function keepNearer(
  found: { row: number; square: number }[],
  rows: NdArray<"f32">,
  part: NdArray<"f32">,
  start: number,
): Promise<void> {
  const { squares, indices } = await nearestRows(rows, part, 1);
  for (const [i, best] of found.entries()) if (squares[i] < best.square) found[i] = { row: start + indices[i], square: squares[i] };
}

/** Of held-out pictures; their hundredth part must be at least one. */
const [quantile, fewest] = [0.01, 100];

/**
 * Share of samples as near as one in a hundred held-out pictures above which they are called copies: five times what chance gives. Blur
 * brings pictures nearer to all others, but not there: of 1000 new digits blurred by squares of 3 x 3 pixels none comes as near.
 */
const limit = 0.05;

/** Samples beside the training pictures, and held-out pictures, which no model has seen, beside the same. */
export async function nearestTraining(samples: Pictures, training: Pictures, heldOut: Pictures): Promise<Nearness> {
  const nearest = await nearestPictures(samples, training);
  const own = nearest.map(({ distance }) => distance);
  const others = (await nearestPictures(heldOut, training)).map(({ distance }) => distance).toSorted((a, b) => a - b);
  const copying = copyingOf(own, others);
  return { nearest, samples: median(own), heldOut: median(others), copying, warnings: warningsOf(copying) };
}

function copyingOf(own: readonly number[], others: readonly number[]): Copying | Withheld {
  if (others.length < fewest)
    return { none: `${others.length} held-out pictures: ${fewest} are needed to know how near one in a hundred comes` };
  const closest = others[Math.ceil(quantile * others.length) - 1];
  const share = own.filter((distance) => distance <= closest).length / own.length;
  const se = Math.sqrt((share * (1 - share)) / own.length);
  return { closest, share, se, copied: share > limit && share - 2 * se > quantile };
}

const warningsOf = (copying: Copying | Withheld): string[] =>
  "none" in copying || !copying.copied
    ? []
    : [
        `${formatNumber(100 * copying.share)} % of the samples are as near to a training picture as only 1 % of the held-out pictures come: the ` +
          `model copies (limit ${100 * limit} %; train it for fewer steps, on more pictures, or make it smaller)`,
      ];

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
