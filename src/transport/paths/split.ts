/** Which snapshots are learned from, and which are predicted. */
import type { Snapshots } from "../../data/snapshots.ts";
import { readTimes } from "../../data/times.ts";
import { UserError } from "../../errors.ts";

/** Snapshots to learn from, and those to predict. */
export interface TimeSplit {
  /** Indices of the snapshots. */
  readonly train: readonly number[];
  readonly held: readonly number[];
}

/**
 * The split of snapshots by the times to leave out, such as `2` or `1970,1990`. Times after the last one that is learned from are
 * forecasts.
 *
 * @throws UserError  if a time is not in the data or the first, or fewer than two would be left
 */
export function splitTimes(data: Pick<Snapshots, "times" | "timeLabels">, holdOut: string | undefined): TimeSplit {
  const { times } = data;
  const all = times.map((_, k) => k);
  if (holdOut === undefined) return { train: all, held: [] };
  const held = holdOut.split(",").map((part) => {
    const text = part.trim();
    const k = indexOfTime(data, text);
    if (k < 0) throw noTime(data, "--hold-out", text);
    if (k === 0) throw new UserError(`--hold-out: ${text} is the first time`, "a motion is predicted from a snapshot before it");
    return k;
  });
  const train = all.filter((k) => !held.includes(k));
  if (train.length < 2)
    throw new UserError(`--hold-out ${holdOut}: only the time ${times[train[0]]} is left to learn from`, "a motion needs at least two");
  return { train, held: [...new Set(held)].sort((a, b) => a - b) };
}

const noTime = ({ times, timeLabels }: Pick<Snapshots, "times" | "timeLabels">, option: string, text: string): UserError =>
  new UserError(
    `${option}: there is no time ${text || "(empty)"}`,
    `the times are ${times.map((t, i) => timeLabels?.[i][0] ?? t).join(", ")}`,
  );

/** Indices of two snapshots, the earlier one first. */
export interface TimePair {
  readonly from: number;
  readonly to: number;
}

/**
 * Pairs of times such as "0,4" or "0,2; 2,4", as indices of snapshots.
 *
 * @throws UserError  for what is no pair, a time that is not in the data, or one that is not before the other
 */
export function timePairs(data: Pick<Snapshots, "times" | "timeLabels">, between: string): TimePair[] {
  return between.split(";").map((part) => {
    const texts = part.split(",").map((text) => text.trim());
    if (texts.length !== 2)
      throw new UserError(`--between: "${part.trim()}" is no pair of times`, 'write "0,4", and several as "0,2; 2,4"');
    const [from, to] = texts.map((text) => {
      const k = indexOfTime(data, text);
      if (k < 0) throw noTime(data, "--between", text);
      return k;
    });
    if (from >= to)
      throw new UserError(
        `--between: ${texts[0]} is not before ${texts[1]}`,
        "name the earlier time first; descendants and ancestors are both told",
      );
    return { from, to };
  });
}

/**
 * The snapshot that is meant: by the data's own label, by its number (which the data may have in single precision), or by a label of the
 * same kind, such as 24h for 1d.
 */
function indexOfTime({ times, timeLabels = [] }: Pick<Snapshots, "times" | "timeLabels">, text: string): number {
  const labelled = timeLabels.findIndex((labels) => labels.some((label) => label.toLowerCase() === text.toLowerCase()));
  if (labelled >= 0 || text === "") return labelled;
  const number = Number(text);
  const exact = times.indexOf(number);
  if (exact >= 0) return exact;
  if (!Number.isNaN(number)) return times.findIndex((t) => Math.fround(t) === Math.fround(number));
  const { numbers } = readTimes([...timeLabels.map(([label]) => label), text]);
  return numbers.subarray(0, times.length).indexOf(numbers[numbers.length - 1]);
}
