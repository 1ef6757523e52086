/** Pairs from a file: which columns are X, which are Z. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { readNpz } from "../../array/index.ts";
import { readTable } from "../../data/read.ts";
import { type Column, column, completeRows, isNumeric, list, selectColumns, strayNote, strayText, type Table } from "../../data/table.ts";
import { UserError } from "../../errors.ts";

/** How to read a file of pairs. */
export interface PairOptions {
  /** Names with commas, ranges `x1..x3`, or the name of an array of an NPZ file; default "x" and "z", or the two columns that there are. */
  readonly x?: string;
  readonly z?: string;
  /** Columns of numbers that are labels, with commas; "none": only text is. */
  readonly discrete?: string;
  readonly dropMissing: boolean;
  readonly decimal?: "." | ",";
  readonly missing?: string;
}

/** Columns of both sides, whole rows only. */
export interface RawPairs {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly rows: number;
  readonly x: readonly Column[];
  readonly z: readonly Column[];
  /** Names that were declared labels; "none": nothing else is. */
  readonly declared: readonly string[] | "none" | undefined;
  readonly notes: readonly string[];
}

/** @throws UserError  naming file, column and row, and what to do */
export async function readPairs(path: string, options: PairOptions): Promise<RawPairs> {
  const read = await readTable(path, options);
  const specifications = [options.x, options.z].every((s) => s === undefined) ? guess(read) : { x: options.x, z: options.z };
  const side = (option: "x" | "z") => namesOf(path, read, option, specifications[option]);
  const names = { x: await side("x"), z: await side("z") };
  const declared = options.discrete === undefined || options.discrete === "none" ? undefined : selectColumns(read, options.discrete);
  const stranger = declared?.find((name) => !names.x.includes(name) && !names.z.includes(name));
  if (stranger !== undefined) throw new UserError(`--discrete: column "${stranger}" is neither in --x nor in --z`);
  const notes = [...(read.notes ?? [])];
  const columns = [...new Set([...names.x, ...names.z])].map((name) => column(read, name));
  for (const c of columns) if (!declared?.includes(c.name)) refuseStrayText(read, c);
  const rows = completeRows(read, columns, options.dropMissing, notes, { none: "choose fewer columns with --x and --z" });
  const kept = (name: string): Column => {
    const { values } = column(read, name);
    return { name, values: isNumeric(values) ? Float64Array.from(rows, (i) => values[i]) : rows.map((i) => values[i]) };
  };
  return {
    ...{ name: basename(path).replace(/\.\w+(\.gz)?$/, ""), title: basename(path), source: path, rows: rows.length },
    ...{ x: names.x.map(kept), z: names.z.map(kept), declared: options.discrete === "none" ? "none" : declared, notes },
  };
}

/** Columns named x, z or x1, x2, … and z1, z2, …; or the only two. */
function guess(t: Table): { x?: string; z?: string } {
  const has = (name: string): boolean => t.columns.some((c) => c.name === name || c.name === `${name}1`);
  if (has("x") && has("z")) return { x: "x", z: "z" };
  return t.columns.length === 2 ? { x: t.columns[0].name, z: t.columns[1].name } : {};
}

/** The columns of a specification, in which the name of a matrix stands for all its columns. */
async function namesOf(path: string, t: Table, option: "x" | "z", specification: string | undefined): Promise<string[]> {
  const all = `the columns are ${list(t.columns.map((c) => c.name))}`;
  if (specification === undefined) throw new UserError(`--${option} is missing: which columns are ${option.toUpperCase()}?`, all);
  const whole = specification.split(",").map((part) => matrix(t, part.trim()));
  try {
    return selectColumns(t, whole.join(","));
  } catch (error) {
    await refuseOtherLengths(path, specification);
    throw error;
  }
}

/** "x" where there is no such column but x1 … xk: "x1..xk". */
function matrix(t: Table, name: string): string {
  const has = (wanted: string): boolean => t.columns.some((c) => c.name === wanted);
  if (has(name) || !has(`${name}1`)) return name;
  let k = 1;
  while (has(`${name}${k + 1}`)) k++;
  return `${name}1..${k}`;
}

/** Arrays of an NPZ file that were asked for and do not go together are told with their lengths. */
async function refuseOtherLengths(path: string, specification: string): Promise<void> {
  if (!/\.npz$/i.test(path)) return;
  const arrays = readNpz(await readFile(path));
  const name = specification
    .split(",")
    .find((part) => part.trim() in arrays)
    ?.trim();
  if (name === undefined) return;
  const shapes = Object.entries(arrays).map(([key, { shape }]) => `"${key}" has shape [${shape.join(", ")}]`);
  throw new UserError(
    `${basename(path)}: "${name}" has ${arrays[name].shape[0] ?? 1} rows, which is not as many as the others (${shapes.join(", ")})`,
    "pairs need one row of x for every row of z, in matrices [rows, columns] or vectors",
  );
}

/** A column in which a few values are no numbers would silently become labels. */
function refuseStrayText(t: Table, c: Column): void {
  const stray = strayText(c);
  if (stray)
    throw new UserError(
      `${t.source}, ${strayNote(c.name, stray)}`,
      `--missing "${stray.text}" takes it for a missing value, --discrete ${c.name} takes all for labels`,
    );
}
