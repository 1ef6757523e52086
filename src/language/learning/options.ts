/** What a training is told. */
import type { NdArray, Random } from "../../array/index.ts";
import type { HeadOptions } from "../twists/head.ts";
import type { LearnedTwist, TwistShape } from "../twists/network.ts";
import type { ObjectiveName, SamplingLaw } from "./objectives.ts";

export interface LearningOptions extends Partial<Omit<TwistShape, "kind">> {
  readonly objective: ObjectiveName;
  readonly kind: HeadOptions["kind"];
  /** K, texts of a step. */
  readonly texts: number;
  readonly steps: number;
  readonly rate: number;
  /** Share of the steps in which β of φ^β rises from 0 to 1: for scores that hardly any text of the model reaches. Default 0. */
  readonly temper?: number;
  /** Exact draws of σ: positives of ctl, nvi, sixo and dpg, or half of the texts by the law "exact". */
  readonly exact?: readonly Int32Array[];
  /** Observations that a step is conditioned on, drawn with an exact text each; then K / G texts belong to each of G. */
  readonly observe?: (rng: Random) => Promise<Observations>;
  /** G, with `observe`. */
  readonly groups?: number;
  /** Whom texts come from. Default: the objective's first. */
  readonly law?: SamplingLaw;
  /** Texts of earlier steps that are kept to be learned from again, at least K; 0, the default, keeps none. */
  readonly replay?: number;
  /** Steps over which path consistency is asked. Default 1. */
  readonly window?: number;
  /** The proposal of a ratio. */
  readonly around?: LearnedTwist;
}

/** G observations: what must follow, an exact text for each, and what the twist is told of them. */
export interface Observations {
  readonly suffixes: readonly Int32Array[];
  readonly exact: readonly Int32Array[];
  /** [G, c] */
  readonly features: NdArray;
}
