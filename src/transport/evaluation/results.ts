/** Numbers and tables as a report shows them. */

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
