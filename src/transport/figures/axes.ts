/** How pictures show time: all digits, without a comma in years. */

/** Numbers with the digits that tell ticks apart. */
const tickFormat = "~r";

/** A horizontal axis of times. */
export const timeAxis = { label: "time", tickFormat };

/** Colours of the data by time, with a legend. */
export const timeColour = (times: readonly number[]) => ({
  type: "linear" as const,
  scheme: "viridis" as const,
  domain: [times[0], times[times.length - 1]],
  label: "time",
  tickFormat,
  legend: true,
});

/** "time 3"; of a number that is not whole, seven digits. */
export const timeName = (time: number): string => `time ${Number.isInteger(time) ? time : Number(time.toPrecision(7))}`;
