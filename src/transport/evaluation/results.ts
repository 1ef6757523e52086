/** Numbers and tables as a report shows them. */

/** What every ± of a run is, in the terminal, the report and (as `error`) the JSON: one standard error, over what. */
export const plusMinus = {
  sampling: "± one standard error over the sampling of both clouds",
  difference: "± one standard error over the same resamples",
  batches: "± one standard error over fresh samples",
  particles: "± one standard error over resampled particles",
} as const;

/** A number with its meaning. */
export interface FoundNumber {
  readonly name: string;
  readonly value: number | string;
  /** Standard error of the value. */
  readonly error?: number;
  /** Definition, unit, or what to compare it with. */
  readonly note?: string;
}

/** Named columns of numbers and text. */
export interface ResultTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly caption?: string;
}
