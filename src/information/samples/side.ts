/** One side of the pairs: columns side by side, each of numbers or of labels. */
import { type NdArray, ndarray } from "../../array/index.ts";

/** Columns of X or of Z, without missing values. */
export interface Side {
  readonly names: readonly string[];
  readonly rows: number;
  /** One after another, each of `rows` values; labels are whole numbers 0, 1, …. */
  readonly columns: readonly Float64Array[];
  /** How many labels each column has; 0 where it holds numbers. */
  readonly levels: readonly number[];
}

export const isLabel = (side: Side, column: number): boolean => side.levels[column] > 0;
/** Are all columns labels? Then the side has an entropy, and I ≤ H. */
export const isDiscrete = (side: Side): boolean => side.levels.every((m) => m > 0);
/** Are all columns numbers? */
export const isContinuous = (side: Side): boolean => side.levels.every((m) => m === 0);

/** Some rows of a side, in the given order. */
export const takeRows = (side: Side, rows: ArrayLike<number>): Side => ({
  ...side,
  rows: rows.length,
  columns: side.columns.map((values) => Float64Array.from(rows, (i) => values[i])),
});

/** A code for each row such that rows of the same labels have the same: the labels of several columns as one, 0, 1, … by first use. */
export function codes(sides: readonly Side[]): Int32Array {
  const columns = sides.flatMap((side) => side.columns.filter((_, c) => isLabel(side, c)));
  const known = new Map<string, number>();
  return Int32Array.from({ length: sides[0].rows }, (_, i) => {
    const key = columns.map((values) => values[i]).join();
    const code = known.get(key) ?? known.size;
    known.set(key, code);
    return code;
  });
}

/** How often each code 0, 1, … occurs. */
export function countsOf(code: Int32Array): Int32Array {
  const counts = new Int32Array(code.reduce((a, b) => Math.max(a, b), -1) + 1);
  for (const c of code) counts[c]++;
  return counts;
}

/** What a network sees: numbers as they are, a label as one-hot of its levels. [rows, width], f32. */
export function features(side: Side): NdArray<"f32"> {
  const widths = side.levels.map((m) => Math.max(1, m));
  const width = widths.reduce((a, b) => a + b, 0);
  const data = new Float32Array(side.rows * width);
  let start = 0;
  side.columns.forEach((values, c) => {
    for (let i = 0; i < side.rows; i++)
      if (isLabel(side, c)) data[i * width + start + values[i]] = 1;
      else data[i * width + start] = values[i];
    start += widths[c];
  });
  return ndarray(data, [side.rows, width], "f32");
}
