/** A number of an estimator with all that is needed to judge it. Plain data: it goes into checkpoints and results. */
import type { Bound } from "../bound.ts";
import type { PermutationTest } from "./permutation.ts";

/** A number about I with its baseline and cap. */
export interface Measured extends Bound {
  /** By which --methods asks for it. */
  readonly method: string;
  /** Rows that it was computed from. */
  readonly pairs: number;
  /** The same of shuffled pairs, whose information is 0; and the error of one such number. */
  readonly baseline: { readonly mean: number; readonly se: number };
  /** No sample of this size gives more; nats. */
  readonly cap?: number;
  /** Value on the validation rows, by which a lower bound is chosen before those held out are looked at. */
  readonly validated?: number;
}

/** What one part of the work found. */
export interface Part {
  readonly measured: readonly Measured[];
  /** Methods that do not apply to these pairs. */
  readonly skipped: readonly { readonly method: string; readonly why: string }[];
  readonly notes: readonly string[];
  readonly test?: PermutationTest & { readonly statistic: string; readonly pairs: number };
  /** First canonical pair, where there is one. */
  readonly canonical?: { readonly x: readonly number[]; readonly z: readonly number[]; readonly correlations: readonly number[] };
}

export const nothing: Part = { measured: [], skipped: [], notes: [] };
