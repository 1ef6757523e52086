/** Texts of earlier steps, and by what law they were drawn. */
import { allocate, array, item, type NdArray, type Random } from "../../array/index.ts";
import { gatherRows, replaceRows } from "../../sampling/index.ts";
import type { Rollout } from "./rollout.ts";

/** Texts with log q of each token as it was drawn, [n, T] both. */
interface Drawn {
  readonly tokens: NdArray;
  readonly logProposal: NdArray;
}

/**
 * The last N texts, first in first out. log σ̃ is not kept: texts are gone through by the frozen model again, and the scorer remembers φ.
 */
export interface Replay {
  readonly kept: Drawn;
  /** Texts that were ever put in. */
  readonly count: NdArray;
}

/** @param size  N */
export const emptyReplay = (size: number, length: number, dtype: "f32" | "f64"): Replay => ({
  kept: { tokens: allocate("i32", [size, length]), logProposal: allocate(dtype, [size, length]) },
  count: array(0, "f64", []),
});

const sizeOf = ({ kept }: Replay): number => kept.tokens.shape[0];

/** With at most N texts of a rollout in place of the oldest. */
export function remembered(replay: Replay, { tokens, logProposal }: Rollout<NdArray>): Replay {
  const [first, n] = [item(replay.count), tokens.shape[0]];
  const places = Array.from({ length: n }, (_, i) => (first + i) % sizeOf(replay));
  return { kept: replaceRows<Drawn>(replay.kept, places, { tokens, logProposal }), count: array(first + n, "f64", []) };
}

/** As many texts of it, with replacement. */
export function recalled(replay: Replay, n: number, rng: Random): { texts: Int32Array[]; logProposal: NdArray } {
  const rows = Array.from(rng.integers(0, Math.min(sizeOf(replay), item(replay.count)), [n]).data, Number);
  const { tokens, logProposal } = gatherRows(replay.kept, rows);
  const T = tokens.shape[1];
  return { texts: rows.map((_, i) => Int32Array.from((tokens.data as Int32Array).subarray(i * T, (i + 1) * T))), logProposal };
}
