/** Examples of which nothing is to be predicted: what generative models learn from. */
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { UserError } from "../errors.ts";
import { encodeColumn, encodingNotes, encodingOf, featureMatrix } from "./encoding.ts";
import type { ExampleOptions, Examples } from "./examples.ts";
import { readExamples, type SupervisedSource } from "./supervised.ts";
import {
  type Column,
  column,
  completeRows,
  isMissing,
  isNumeric,
  list,
  selectColumns,
  strayHint,
  strayNote,
  strayText,
  type Table,
} from "./table.ts";

/**
 * Reads images with their classes, or a table of numbers. A target colours pictures and is no feature.
 * @throws UserError
 */
export async function readSamples(source: SupervisedSource): Promise<Examples> {
  const read = await readExamples(source, toSamples);
  if ("examples" in read) return read.examples;
  throw new UserError(
    `${read.corpus.title}: a text has no features of which such a model could learn a density`,
    "give images or a table of numbers; --model transformer-lm learns text",
  );
}

/** Most values of a column by which rows are coloured as classes. */
const mostColours = 20;

/**
 * Rows of a table as samples: all columns of numbers but the target. Constant columns say nothing and are left out, with a word.
 * @throws UserError  naming column and row
 */
export function toSamples(t: Table, name: string, options: ExampleOptions): Examples {
  const warnings: string[] = [...(t.notes ?? [])];
  const target = options.target === undefined ? undefined : column(t, options.target);
  const names = options.features ? selectColumns(t, options.features) : t.columns.map((c) => c.name).filter((c) => c !== target?.name);
  if (target && names.includes(target.name))
    throw new UserError(`${t.source}: column "${target.name}" is the target, which only colours pictures, and cannot be a feature too`);
  const given = names.map((c) => column(t, c));
  const text = given.find((c) => !isNumeric(c.values));
  const stray = text && strayText(text);
  if (stray) throw new UserError(`${t.source}, ${strayNote(text.name, stray)}`, strayHint);
  if (text)
    throw new UserError(
      `${t.source}, column "${text.name}" is text: a density of numbers has no place for it`,
      `choose columns of numbers with --features${target ? "" : `, or name it with --target "${text.name}" to colour pictures by it`}`,
    );
  const impute = options.impute === "median";
  const rows = completeRows(t, impute ? [] : given, options.dropMissing ?? false, warnings, {
    advice: "use --drop-missing to leave these rows out, or --impute median to fill features in",
  });
  const columns = given.filter((c) => varies(c, rows));
  const constant = given.filter((c) => !columns.includes(c)).map((c) => c.name);
  if (columns.length === 0) throw new UserError(`${t.source}: no column of numbers varies: there is nothing to learn`);
  if (constant.length > 0)
    warnings.push(
      `${constant.length === 1 ? "column" : "columns"} ${list(constant)} never ${constant.length === 1 ? "varies" : "vary"}: left out`,
    );
  const encodings = columns.map((c) => encodingOf(t, c, rows, impute, warnings));
  warnings.push(...encodings.flatMap((e, j) => encodingNotes(columns[j], rows, e)));
  const encoded = columns.flatMap((c, j) => encodeColumn(t, c, rows, encodings[j]));
  if (target) warnings.push(`column "${target.name}" only colours pictures: it is no feature`);
  return {
    ...{ name, title: name, source: t.source, encodings, warnings, target: target?.name },
    inputs: ndarray(featureMatrix(encoded, rows.length), [rows.length, encoded.length], "f64"),
    features: encoded.map((f) => f.name),
    ...coloursOf(t, target, rows),
  };
}

function varies({ values }: Column, rows: readonly number[]): boolean {
  const first = rows.find((i) => Number.isFinite(Number(values[i])));
  return first !== undefined && rows.some((i) => Number.isFinite(Number(values[i])) && values[i] !== values[first]);
}

/** Classes of few values, else numbers; none without a target. */
function coloursOf(t: Table, target: Column | undefined, rows: readonly number[]): Pick<Examples, "targets" | "classes" | "outputs"> {
  const none: NdArray<"f64"> = ndarray(new Float64Array(0), [rows.length, 0], "f64");
  if (!target) return { targets: none };
  const label = (i: number): string => (isMissing(target, i) ? "missing" : String(target.values[i]));
  const classes = [...new Set(rows.map(label))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (classes.length <= mostColours) {
    const index = new Map(classes.map((c, k) => [c, k]));
    return {
      classes,
      targets: ndarray(
        Int32Array.from(rows, (i) => index.get(label(i))!),
        [rows.length],
        "i32",
      ),
    };
  }
  const { values, name } = target;
  if (!isNumeric(values)) throw new UserError(`${t.source}: column "${name}" has ${classes.length} texts: too many to colour by`);
  return {
    outputs: [name],
    targets: ndarray(
      Float64Array.from(rows, (i) => values[i]),
      [rows.length, 1],
      "f64",
    ),
  };
}
