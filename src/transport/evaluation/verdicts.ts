/** What scores say about a learned motion. */
import { timeText } from "../paths/units.ts";
import { cone, midpoint, onward, type Prediction } from "./predict.ts";

/** Distances within this factor of the sampling floor are at it. */
const nearFloor = 1.15;

/** What the scores say about the learned motion beside what needs no learning; nothing if it is closer than the midpoint. */
export function verdicts(predictions: readonly Prediction[]): string[] {
  const own = predictions[0].scores[0].name;
  const rivals = [...new Set(predictions.flatMap((p) => p.rivals.map((r) => r.name)))].map((name) => compared(name, predictions));
  const notes: string[] = [];
  if (rivals.some((r) => !Number.isFinite(r.interval)))
    return ["the snapshots are too small to say how far distances vary with their sampling"];
  const told = ({ difference, error }: Comparison): string =>
    `${Math.abs(difference).toFixed(3)} ± ${error.toFixed(3)} (one standard error)`;
  const [ahead] = rivals.filter((r) => r.difference > r.interval).sort((a, b) => b.difference - a.difference);
  if (ahead)
    notes.push(
      `${named(ahead.name)}, which learns nothing, is closer to the held-out ${ahead.times.length > 1 ? "snapshots" : "snapshot"} at ` +
        `${ahead.times.map(timeText).join(", ")} than ${own}: W1 is lower by ${told(ahead)}`,
    );
  const farthest = predictions.reduce((s, p) => s + Math.max(...p.scores.map((v) => v.w1)) / p.floor, 0) / predictions.length;
  // the same individuals in both snapshots differ by less than two samples do
  if (farthest < nearFloor && !predictions[0].paths)
    notes.push(
      `every W1 here, of copies of the neighbours too, is within ${(100 * (nearFloor - 1)).toFixed(0)} % of the sampling floor: it ` +
        "tells predictions hardly apart, in so many dimensions or with so few particles; use fewer --components or features, and look " +
        "at MMD²",
    );
  if (ahead) return notes;
  const reference = rivals.find((r) => r.name === cone) ?? rivals.find((r) => r.name === midpoint) ?? rivals.find((r) => r.name === onward);
  if (reference && Math.abs(reference.difference) <= reference.interval)
    notes.push(`the data cannot tell ${own} from ${named(reference.name)}: their W1 differ by ${told(reference)}`);
  return notes;
}

interface Comparison {
  readonly name: string;
  /** Held-out times at which there is such a rival. */
  readonly times: readonly number[];
  /** Mean difference of W1 there, its standard error, and half of its 95 % interval, which decides. */
  readonly difference: number;
  readonly error: number;
  readonly interval: number;
}

function compared(name: string, predictions: readonly Prediction[]): Comparison {
  const all = predictions.flatMap(({ time, rivals }) => rivals.filter((r) => r.name === name).map((r) => ({ ...r, time })));
  const error = Math.hypot(...all.map((r) => r.error)) / all.length;
  return {
    ...{ name, error, times: all.map((r) => r.time) },
    difference: all.reduce((s, r) => s + r.difference, 0) / all.length,
    interval: 1.96 * error,
  };
}

const said: Readonly<Record<string, string>> = {
  "copy previous": "a copy of the snapshot before",
  "copy next": "a copy of the snapshot after",
  [onward]: "a straight line on from the last two snapshots",
};
const named = (name: string): string => said[name] ?? `the ${name}`;
