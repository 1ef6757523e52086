/** Public items that are private ones again: an attack that has seen them proves nothing. */

import type { NdArray } from "../../array/index.ts";
import { nearestRows } from "../../distances/index.ts";
import { formatNumber } from "../../numbers.ts";

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

/** Public items that may be so near by chance alone, in expectation: where rows have few dimensions neighbours are often much nearer than usual. */
const byChance = 0.05;

/**
 * Public items nearer to a private one than a share of what private items are to their own nearest neighbours (median): a fifth, or less where
 * so many public items would be as near by chance. Within a share s of that distance lies a public item like the private ones with chance
 * about s^D log 2, D the dimension in which the private items lie.
 *
 * @param publicRows   [m, d], as pixels or standardised features
 * @param privateRows  [n, d], n > 2
 */
export async function overlap(publicRows: NdArray<"f32">, privateRows: NdArray<"f32">): Promise<Overlap> {
  const { squares: own } = await nearestRows(privateRows, privateRows, 2, { others: true });
  // private items that are there twice say nothing of the usual distance
  const apart = Array.from({ length: privateRows.shape[0] }, (_, i) => [own[2 * i], own[2 * i + 1]]).filter(([first]) => first > 0);
  const spacing = apart.map(([first]) => first).toSorted((a, b) => a - b);
  const share = Math.min(closeShare, (byChance / publicRows.shape[0]) ** (1 / intrinsicDimension(apart)));
  const threshold = spacing.length ? share * Math.sqrt(spacing[spacing.length >> 1]) : 0;
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
          `${first.privateRow + 1}, at distance ${formatNumber(first.distance)}; the limit is ${formatNumber(threshold)}, ${formatNumber(share)} of the ` +
          "median between private neighbours): left out, because an attack that has seen them proves nothing",
      ]
    : [];
  return { duplicates, threshold, warnings };
}

/**
 * The dimension in which points lie, from how much farther the second neighbour is than the first: D = n / Σ log (r₂ / r₁).
 *
 * @param squares  squared distances to both, the first above 0
 * @source  Facco et al., Scientific Reports 7 (2017), in the form of maximum likelihood
 */
function intrinsicDimension(squares: readonly (readonly number[])[]): number {
  const logs = squares.reduce((sum, [first, second]) => sum + Math.log(second / first) / 2, 0);
  return logs > 0 ? squares.length / logs : Number.POSITIVE_INFINITY;
}
