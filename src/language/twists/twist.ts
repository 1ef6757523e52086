/** What every twist is to the rest: a guess of the score to come, for unfinished texts. */
import type { NdArray } from "../../array/index.ts";

/** Unfinished continuations of one length t - 1 and what the model says of them. */
export interface Prefixes {
  readonly rows: number;
  /** [rows, T] of which the first t - 1 are there. */
  readonly tokens: NdArray<"i32">;
  readonly hidden: NdArray;
  /** [rows, V], log p0(v | s_{1:t-1}) up to a constant of the row. */
  readonly logits: NdArray;
  /** Which population a row belongs to, where observations differ by population. */
  readonly population: (row: number) => number;
}

/**
 * ψ_t(s_{1:t}) for t = 1 … T, up to a constant of each t: near E_{p0}[φ | s_{1:t}] it makes a proposal, and targets to resample by, that
 * know what is to come.
 */
export interface Twist {
  readonly name: string;
  /** log ψ_t(s_{1:t-1}, v) for all v, [rows, V]. Without it, and without `start`, only finished prefixes have a value. */
  readonly next?: (prefixes: Prefixes, t: number) => NdArray | Promise<NdArray>;
  /** In place of `next`, of twists that keep something of every prefix: as many equal rows, each with the prompt. */
  readonly start?: (prompt: readonly number[], rows: number) => Promise<StartedTwist>;
  /** log ψ_t(s_{1:t}) of prefixes that have their token t. */
  readonly prefix?: (prefixes: Prefixes, t: number) => ArrayLike<number> | Promise<ArrayLike<number>>;
  /**
   * Made to be a proposal only (DPG, PPO, REINFORCE): right up to a factor of every prefix, and so no target to resample by.
   * @source  Zhao et al., ICML 2024, Prop. E.2
   */
  readonly proposalOnly?: boolean;
}

/** A twist with what it keeps of each row: a cache of its own, or a sum. Rows grow and follow ancestors as those of a `Decoding`. */
export interface StartedTwist {
  readonly next: NonNullable<Twist["next"]>;
  /** Appends a token to each row, after `next` was asked for it. */
  readonly append: (tokens: Int32Array) => Promise<void>;
  readonly select: (ancestors: Int32Array) => void;
  readonly close: () => void;
}

/** Does it know every next token? Only then it can be a proposal. */
export const guides = (twist: Pick<Twist, "next" | "start"> | undefined): boolean =>
  twist?.next !== undefined || twist?.start !== undefined;

/** A twist ready for rows of prefixes; undefined for one that only knows finished prefixes. */
export async function started(twist: Twist | undefined, prompt: readonly number[], rows: number): Promise<StartedTwist | undefined> {
  if (twist?.start) return twist.start(prompt, rows);
  return twist?.next && { next: twist.next, append: async () => {}, select: () => {}, close: () => {} };
}
