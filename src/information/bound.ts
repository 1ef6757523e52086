/** What every way of measuring an information ends in: numbers with a side, an error, and a reason to believe them or not. */

import type { Estimate } from "../sampling/index.ts";

/** A number about I(X;Z), in nats. */
export interface Bound {
  /** "reverse chains (CR)", "KSG-1". */
  readonly name: string;
  /** On which side of the truth it lies in expectation; an estimate lies on none. */
  readonly kind: "lower" | "upper" | "estimate";
  readonly mean: number;
  /** Standard error of the mean. */
  readonly se: number;
  /** Whether what it claims can be relied on. */
  readonly valid: boolean;
  /** Why it is a bound, or why it is not to be believed here. */
  readonly why: string;
}

/** A bound from an estimate. */
export const boundOf = (name: string, kind: Bound["kind"], { mean, error }: Estimate, why: string, valid = true): Bound => ({
  ...{ name, kind, mean, se: error, valid, why },
});

/** Nats as bits. */
export const bits = (nats: number): number => nats / Math.LN2;
