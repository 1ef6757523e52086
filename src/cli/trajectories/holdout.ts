/** Which snapshots are learned from, and which are predicted. */
import type { Dataset } from "../../data/builtin.ts";
import { UserError } from "../../data/errors.ts";
import { readTimes } from "../../data/times.ts";

export interface Split {
  /** Indices of the snapshots. */
  readonly train: readonly number[];
  readonly held: readonly number[];
}

/** @throws UserError  if a time is not in the data, is the first or the last, or too few would be left */
export function splitTimes({ times }: Dataset, holdOut: string | undefined): Split {
  const all = times.map((_, k) => k);
  if (holdOut === undefined) return { train: all, held: [] };
  const held = holdOut.split(",").map((text) => {
    const k = times.indexOf(readTimes([text]).numbers[0]);
    if (k < 0)
      throw new UserError(`--hold-out: there is no time ${text.trim() || "(empty)"}`, `the times are ${times.join(", ")}`);
    if (k === 0 || k === times.length - 1)
      throw new UserError(
        `--hold-out: ${text.trim()} is the ${k ? "last" : "first"} time`,
        "a held-out time needs a snapshot on each side of it",
      );
    return k;
  });
  const train = all.filter((k) => !held.includes(k));
  return { train, held: [...new Set(held)].sort((a, b) => a - b) };
}
