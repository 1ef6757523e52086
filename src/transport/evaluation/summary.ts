/** What was found, as lines of text. */

import { formatNumber } from "../../numbers.ts";
import type { ActionValue } from "../learning/action-value.ts";
import { type MethodName, methods } from "../learning/methods.ts";
import type { MassAt } from "../motion/frames.ts";
import { timeText } from "../paths/units.ts";
import { meanOf } from "./findings.ts";
import { midpoint, type Prediction } from "./predict.ts";
import { plusMinus } from "./results.ts";

/** NaN: the cloud is too small to say. */
const give = (error: number): string => (Number.isFinite(error) ? ` ± ${error.toFixed(4)}` : "");

const line = (name: string, w1: number, error = Number.NaN, own?: number): string =>
  `  ${name.padEnd(44)} ${w1.toFixed(4)}${give(error)}${own === undefined ? "" : `   ${formatNumber(own)}`}`;

/** Every distance at a held-out time, the predicted mass, and the errors of known paths. */
export function predictionText({ time, unit, scores, floor, paths, mass, midpointMass }: Prediction): string[] {
  const { own } = unit;
  const lines = [
    `held-out time ${timeText(time)}: W1 (${plusMinus.sampling}) in ${unit.name}` +
      (own === undefined ? "" : `, then in units of the file (${formatNumber(own)} each)`),
    ...scores.map(({ name, w1, error, ownW1 }) => line(name, w1, error.w1, ownW1)),
    // the same individuals in both snapshots differ by less than two samples do
    line(paths ? "sampling floor, of other individuals" : "sampling floor", floor, Number.NaN, own === undefined ? undefined : own * floor),
  ];
  if (mass !== undefined) {
    const beside = midpointMass === undefined ? "" : `, of the unbalanced-transport midpoint ${midpointMass.toFixed(3)}`;
    lines.push(`  predicted total mass over observed: ${mass.toFixed(3)}${beside}`);
  }
  if (paths)
    lines.push(
      `  known paths, rms error: learned ${paths.learned.toFixed(4)}, straight line between the neighbours ${paths.straight.toFixed(4)}, ` +
        `copied ${paths.copied.toFixed(4)}`,
    );
  return lines;
}

/** The total mass at the end. */
export const massText = (mass: readonly MassAt[]): string => `total mass at the end: ${mass.at(-1)!.mass.toFixed(3)} of the start`;

/** The action of the path, and what it may miss. */
export function valueText({ dual, error, gap }: ActionValue): string {
  const missing = gap ? `, action gap at most ${gap.bound.toFixed(4)}${give(gap.error)}` : "";
  return `action of the path: ${dual.toFixed(4)}${give(error)}${missing} (${plusMinus.batches})`;
}

/** How it was learned, and how well it predicts beside straight lines, in two sentences. */
export function headline(method: MethodName, snapshots: number, predictions: readonly Prediction[]): string {
  const { title } = methods[method];
  const learned = `A motion learned by ${title} from ${snapshots - predictions.length} unpaired snapshots.`;
  if (predictions.length === 0) return learned;
  // a forecast has no midpoint: means are over the same times
  const between = predictions.filter((p) => p.scores.some((s) => s.name === midpoint));
  const same = between.length ? between : predictions;
  const straight = between.length ? `; optimal transport between the neighbours reaches ${formatNumber(meanOf(same, midpoint))}` : "";
  const times = same.map((p) => timeText(p.time)).join(", ");
  const w1 = `${formatNumber(meanOf(same, title))} ${same[0].unit.name}`;
  return `${learned} Held-out snapshots (${times}) are predicted at a mean W1 of ${w1}${straight}.`;
}
