/** A population as methods take it: snapshots, the groups of their particles, and the way back to the features of the file. */
import type { Dataset } from "./builtin.ts";
import type { Components } from "./components.ts";
import type { SnapshotOptions } from "./snapshots.ts";

/** A data set, the groups of its particles, and the components that its features are, if they are. */
export interface Population extends Dataset {
  /** Group of each particle, a list a snapshot. */
  readonly groups?: readonly (readonly string[])[];
  /** Principal components, to carry results back to the features they were made from. */
  readonly components?: Components;
  /** The original file, if results can be written back into it. */
  readonly annotated?: { readonly path: string; readonly rows: readonly (readonly number[])[] };
}

/** A file's snapshots, or those of a built-in data set. */
export interface SnapshotSource extends SnapshotOptions {
  /** Name of a built-in data set, instead of a file. */
  data?: string;
  /** Of the particles of generated sets. */
  seed: number;
  /** Few particles of generated sets. */
  quick: boolean;
  /** How a text file writes its decimals, and which words stand for a missing value. */
  decimal?: "." | ",";
  missing?: string;
}

/** What a population is read with. */
export interface PopulationOptions extends SnapshotSource {
  /** Coordinates in obsm of an h5ad file. */
  embedding?: string;
  /** Matrix of expression of an h5ad file in place of X: a name in layers, or raw. */
  layer?: string;
  /** Replace the features by so many principal components. */
  components?: number;
  /** Column of the groups. */
  group?: string;
}

/** The learned velocity in obsm of an h5ad file that results are written into. */
export const velocityName = "pushforward_velocity";
