/** Public items that are private ones again: an attack that has seen them proves nothing. */

import type { NdArray } from "../../array/index.ts";
import { formatNumber } from "../../numbers.ts";
import { nearestRows } from "./squares.ts";

/** A public item and the private one that it repeats. */
export interface Duplicate {
  readonly publicRow: number;
  readonly privateRow: number;
  readonly distance: number;
}

/** Near-duplicates between public and private items. */
export interface Overlap {
  readonly duplicates: readonly Duplicate[];
  /** Distance up to which an item counts as another again. */
  readonly threshold: number;
  /** What to tell, where there are any. */
  readonly warnings: readonly string[];
}

/**
 * Share of the usual distance between neighbours. Of 4000 MNIST digits a copy in 16 shades moves by at most 0.11 of it, in 8 shades by
 * 0.23; no two different digits are nearer than 0.38.
 */
const closeShare = 0.2;

/**
 * Public items nearer to a private one than a fifth of what private items are to their own nearest neighbours (median).
 *
 * @param publicRows   [m, d], as pixels or in a space of features
 * @param privateRows  [n, d], n > 1
 */
export async function overlap(publicRows: NdArray<"f32">, privateRows: NdArray<"f32">): Promise<Overlap> {
  const { squares: own } = await nearestRows(privateRows, privateRows, 1, { others: true });
  // private items that are there twice say nothing of the usual distance
  const spacing = own.filter((square) => square > 0).toSorted();
  const threshold = spacing.length ? closeShare * Math.sqrt(spacing[spacing.length >> 1]) : 0;
  const { squares, indices } = await nearestRows(publicRows, privateRows, 1);
  const duplicates = Array.from(squares, (square, publicRow) => ({
    publicRow,
    privateRow: indices[publicRow],
    distance: Math.sqrt(square),
  }))
    .filter(({ distance }) => distance <= threshold)
    .toSorted((a, b) => a.distance - b.distance);
  const [first] = duplicates;
  const warnings = first
    ? [
        `${duplicates.length} of ${squares.length} public items are private ones again (first: public row ${first.publicRow + 1}, private row ` +
          `${first.privateRow + 1}, at distance ${formatNumber(first.distance)}; the limit is ${formatNumber(threshold)}, a fifth of the ` +
          "median between private neighbours): left out, because an attack that has seen them proves nothing",
      ]
    : [];
  return { duplicates, threshold, warnings };
}
