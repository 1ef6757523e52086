/** Which snapshots are learned from, and which are predicted. */
import type { Dataset } from "../../data/builtin.ts";
import { UserError } from "../../data/errors.ts";
import { readTimes } from "../../data/times.ts";

export interface Split {
  /** Indices of the snapshots. */
  readonly train: readonly number[];
  readonly held: readonly number[];
}

/**
 * Times after the last one that is learned from are forecasts.
 * @throws UserError  if a time is not in the data or the first, or fewer than two would be left
 */
export function splitTimes({ times }: Dataset, holdOut: string | undefined): Split {
  const all = times.map((_, k) => k);
  if (holdOut === undefined) return { train: all, held: [] };
  const held = holdOut.split(",").map((text) => {
    const k = times.indexOf(readTimes([text]).numbers[0]);
    if (k < 0)
      throw new UserError(`--hold-out: there is no time ${text.trim() || "(empty)"}`, `the times are ${times.join(", ")}`);
    if (k === 0)
      throw new UserError(`--hold-out: ${text.trim()} is the first time`, "a motion is predicted from a snapshot before it");
    return k;
  });
  const train = all.filter((k) => !held.includes(k));
  if (train.length < 2) throw new UserError(`--hold-out ${holdOut}: only the time ${times[train[0]]} is left to learn from`, "a motion needs at least two"); // biome-ignore format: one line
  return { train, held: [...new Set(held)].sort((a, b) => a - b) };
}
