/** Labelled examples: what supervised training is about. */
import { type NdArray, ndarray, sizeOf } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import { UserError } from "../errors.ts";
import type { BytePairFile } from "../tokenizers/byte-pair.ts";
import { type Encoding, encodeColumn, encodingNotes, encodingOf, featureMatrix, featureNames } from "./encoding.ts";
import { type Column, column, completeRows, isMissing, isNumeric, list, selectColumns, type Table } from "./table.ts";

/** Inputs with classes or numbers to predict. */
export interface Examples {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** [n, channels, height, width] bytes of images, [n, d] features, or [n, length] tokens of texts. */
  readonly inputs: NdArray<"f32" | "f64" | "u8" | "i32">;
  /** Class of each example [n], or the numbers to predict [n, k]. */
  readonly targets: NdArray<"i32" | "f32" | "f64">;
  /** Names of the classes; absent where numbers are to be predicted. */
  readonly classes?: readonly string[];
  /** Names of the features or channels. */
  readonly features: readonly string[];
  /** Names of the numbers to predict. */
  readonly outputs?: readonly string[];
  /** Of a table: the column to predict, and how the others became features. */
  readonly target?: string;
  readonly encodings?: readonly Encoding[];
  /** Of texts: how they became tokens. */
  readonly text?: TextEncoding;
  /** The first row of a test set that its makers set aside. */
  readonly testFrom?: number;
  readonly warnings: readonly string[];
}

/** How texts become rows of tokens of equal length. */
export interface TextEncoding {
  /** The column that they stand in. */
  readonly column: string;
  readonly tokenizer: BytePairFile;
  /** Tokens of a row: of a longer text the last ones, a shorter one is followed by `pad`. */
  readonly length: number;
  /** The number after those of all tokens. */
  readonly pad: number;
}

/** Row numbers of the three parts. */
export interface Split {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/**
 * Parts of the rows at random: class by class where there are classes, so that each part has its share. A test set that the makers of the
 * data set aside stays the test set.
 *
 * @param shares.train  at most so many rows for training; default all that remain
 * @throws UserError  when a part would be empty
 */
export function splitRows(
  { targets, classes, testFrom, source }: Pick<Examples, "targets" | "classes" | "testFrom" | "source">,
  rng: Random,
  { validation = 0.1, test = 0.1, train }: { validation?: number; test?: number; train?: number } = {},
): Split {
  const n = targets.shape[0];
  const free = testFrom ?? n;
  const order = rng.permutation(free).data;
  const parts = { train: [] as number[], validation: [] as number[], test: [] as number[] };
  const groups = classes ? classes.map(() => [] as number[]) : [[] as number[]];
  for (const i of order) groups[classes ? Number(targets.data[i]) : 0].push(i);
  for (const rows of groups) {
    const forTest = testFrom === undefined ? Math.round(rows.length * test) : 0;
    const forValidation = Math.round(rows.length * validation);
    parts.test.push(...rows.slice(0, forTest));
    parts.validation.push(...rows.slice(forTest, forTest + forValidation));
    for (const i of rows.slice(forTest + forValidation)) parts.train.push(i);
  }
  if (testFrom !== undefined) for (let i = testFrom; i < n; i++) parts.test.push(i);
  const wanted = train === undefined ? parts.train.length : Math.min(train, parts.train.length);
  const shuffled = rng.permutation(parts.train.length).data.slice(0, wanted);
  const split = {
    train: Int32Array.from(shuffled, (i) => parts.train[i]),
    validation: Int32Array.from(parts.validation),
    test: Int32Array.from(parts.test),
  };
  for (const [name, rows] of Object.entries(split))
    if (rows.length === 0)
      throw new UserError(
        `${source}: ${n} examples leave none for the ${name} part`,
        "more data are needed, or other --validation and --test shares",
      );
  return split;
}

/** Mean and standard deviation of each channel or feature over some rows; a constant one gets deviation 1. */
export interface Standardization {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** Of the inputs of some rows. Indicators are only centred: the deviation of a rare one is so small that it would drown all others. */
export function standardizationOf({ inputs, encodings }: Pick<Examples, "inputs" | "encodings">, rows: Int32Array): Standardization {
  const indicator = encodings?.flatMap((encoding) => featureNames(encoding).map(() => encoding.values !== undefined)) ?? [];
  const channels = inputs.shape[1];
  const positions = sizeOf(inputs.shape.slice(2));
  const count = rows.length * positions;
  const [excess, farthest, squares] = [0, 1, 2].map(() => new Float64Array(channels));
  const first = Float64Array.from({ length: channels }, (_, c) => Number(inputs.data[(rows[0] * channels + c) * positions]));
  /** All values of the rows, channel by channel. */
  const each = (visit: (value: number, channel: number) => void): void => {
    for (const row of rows)
      for (let c = 0; c < channels; c++)
        for (let p = 0, at = (row * channels + c) * positions; p < positions; p++, at++) visit(Number(inputs.data[at]), c);
  };
  // in passes: a small spread about a large number does not cancel, and squares of huge numbers do not overflow
  each((v, c) => {
    excess[c] += (v - first[c]) / count;
  });
  const mean = first.map((v, c) => v + excess[c]);
  each((v, c) => {
    farthest[c] = Math.max(farthest[c], Math.abs(v - mean[c]));
  });
  each((v, c) => {
    squares[c] += ((v - mean[c]) / farthest[c]) ** 2 / count;
  });
  // what is constant but for the rounding of its mean is constant
  const deviation = farthest.map((far, c) => (indicator[c] || !(far > 1e-14 * Math.abs(mean[c])) ? 1 : far * Math.sqrt(squares[c])));
  return { mean, deviation };
}

/** What of a table is to be predicted, and from what. */
export interface ExampleOptions {
  /** Column to predict. */
  readonly target?: string;
  /** Columns such as "a,b,c" or "x1..x20"; default all but the target. */
  readonly features?: string;
  /** Predict a class or a number; default: text and few whole numbers are classes. */
  readonly task?: "classes" | "numbers";
  readonly dropMissing?: boolean;
  /** Fill missing features with the median of their column, of text with its commonest value. */
  readonly impute?: "median";
}

/** Most values of a numeric column that count as classes. */
const mostClasses = 20;

/**
 * Examples from a table. A text column becomes one 0/1 feature for each of its values.
 * @throws UserError  naming column and row
 */
export function toExamples(t: Table, name: string, options: ExampleOptions): Examples {
  if (options.target === undefined)
    throw new UserError(
      `${t.source}: which column is to be predicted?`,
      [`name it with --target; the columns are ${list(t.columns.map((c) => c.name))}`, ...(t.notes ?? [])].join("; "),
    );
  const target = column(t, options.target);
  const names = options.features ? selectColumns(t, options.features) : t.columns.map((c) => c.name).filter((c) => c !== target.name);
  if (names.includes(target.name)) throw new UserError(`${t.source}: column "${target.name}" is the target and cannot be a feature too`);
  // what the reader left out may be what is missing
  if (names.length === 0) throw new UserError(`${t.source}: no column besides the target "${target.name}"`, t.notes?.join("; "));
  const warnings: string[] = [...(t.notes ?? [])];
  const columns = names.map((c) => column(t, c)).filter((c) => hasValues(t, c, options.features !== undefined, warnings));
  const impute = options.impute === "median";
  const rows = completeRows(t, impute ? [target] : [target, ...columns], options.dropMissing ?? false, warnings, {
    advice: "use --drop-missing to leave these rows out, or --impute median to fill features in",
  });
  const encodings = columns.map((c) => encodingOf(t, c, rows, impute, warnings));
  warnings.push(...encodings.flatMap((e, j) => encodingNotes(columns[j], rows, e)));
  const encoded = columns.flatMap((c, j) => encodeColumn(t, c, rows, encodings[j]));
  const inputs = ndarray(featureMatrix(encoded, rows.length), [rows.length, encoded.length], "f64");
  const features = encoded.map((f) => f.name);
  const { name: predicted } = target;
  return {
    name,
    title: name,
    source: t.source,
    target: predicted,
    inputs,
    features,
    encodings,
    warnings,
    ...toTargets(t, target, rows, options),
  };
}

/**
 * Classes or numbers to predict, of some rows.
 * @throws UserError  for a column with a single value, with text where numbers are wanted, or with more than 1000 classes
 */
export function toTargets(
  t: Table,
  target: Column,
  rows: readonly number[],
  options: Pick<ExampleOptions, "task">,
): Pick<Examples, "targets" | "classes" | "outputs"> {
  const distinct = new Set(rows.map((i) => target.values[i]));
  if (distinct.size < 2) throw new UserError(`${t.source}: column "${target.name}" has a single value: there is nothing to predict`);
  const few = distinct.size <= mostClasses && rows.every((i) => Number.isInteger(Number(target.values[i])));
  const asClasses = options.task ? options.task === "classes" : !isNumeric(target.values) || few;
  if (!asClasses) {
    if (!isNumeric(target.values)) throw new UserError(`${t.source}: column "${target.name}" is text, not numbers`, "use --task classes");
    const { values } = target;
    return {
      outputs: [target.name],
      targets: ndarray(
        Float64Array.from(rows, (i) => values[i]),
        [rows.length, 1],
        "f64",
      ),
    };
  }
  const classes = [...distinct].map(String).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (classes.length > 1000)
    throw new UserError(`${t.source}: column "${target.name}" has ${classes.length} classes`, "use --task numbers to predict numbers");
  const index = new Map(classes.map((c, k) => [c, k]));
  const targets = ndarray(
    Int32Array.from(rows, (i) => index.get(String(target.values[i]))!),
    [rows.length],
    "i32",
  );
  return { classes, targets };
}

/** A column without any value is no feature: one that was named is refused, others are left out with a word. */
function hasValues(t: Table, c: Column, named: boolean, warnings: string[]): boolean {
  for (let i = 0; i < t.rows; i++) if (!isMissing(c, i)) return true;
  if (named) throw new UserError(`${t.source}: column "${c.name}" has no values`, "leave it out of --features");
  warnings.push(`column "${c.name}" has no values: left out`);
  return false;
}
