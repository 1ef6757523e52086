/** How pictures show time: all digits, without a comma in years. */

import { mainRange } from "../motion/main-range.ts";
import { timeText } from "../paths/units.ts";

/** Numbers with the digits that tell ticks apart. */
const tickFormat = "~r";

/** Pixels between the outermost points and the frame, so that no dot is cut in half there or hides a tick. */
export const inset = 6;

/** A horizontal axis of times. */
export const timeAxis = { label: "time", tickFormat, inset };

/** Colours of the data by time, with a legend. */
export const timeColour = (times: readonly number[]) => ({
  type: "linear" as const,
  scheme: "viridis" as const,
  domain: [times[0], times[times.length - 1]],
  label: "time",
  tickFormat,
  legend: true,
});

/** "time 3" */
export const timeName = (time: number): string => `time ${timeText(time)}`;

/** The range of the data but outliers, and a tenth more on each side: pictures show this, and say how much lies outside of it. */
export function dataRange(values: readonly number[]): [number, number] {
  const [low, high] = mainRange(values);
  const more = 0.1 * (high - low || 1);
  return [low - more, high + more];
}

/** Is a number in a range? */
export const inside = ([low, high]: readonly [number, number], v: number): boolean => v >= low && v <= high;

/** A sentence of how many of the particles that are drawn leave the picture; empty if none does. */
export const outsideText = (outside: number, drawn: number): string =>
  outside > 0 ? ` ${outside} of the ${drawn} leave the picture, which is that of the data.` : "";

/** A sentence of how many points of the data lie outside of their picture; empty if none does. */
export const outliersText = (outside: number): string =>
  outside === 0
    ? ""
    : ` ${outside} ${outside === 1 ? "outlier" : "outliers"} of the data ${outside === 1 ? "is" : "are"} not in the picture.`;
