/** Tables from named arrays, as NPZ files hold them: matrices, vectors, and snapshots in the ways in which they are usually saved. */
import { type NdArray, toNumbers } from "../array/ndarray.ts";
import type { StringArray } from "../array/npy.ts";
import { UserError } from "../errors.ts";
import { type Column, list, type Table, table } from "./table.ts";
import { isTimeName } from "./time-names.ts";

type Named = readonly [name: string, array: NdArray | StringArray];

const shapeOf = ([name, { shape }]: Named): string => `"${name}" of shape [${shape.join(", ")}]`;

/**
 * Vectors and matrices of one number of rows are columns: a matrix X of k columns becomes X1 .. Xk. Arrays [snapshots, particles,
 * features], and matrices that are numbered as snapshots are, become rows with a time. What was taken as what is in the notes.
 *
 * @throws UserError  if nothing is a table
 */
export function arraysToTable(source: string, arrays: Readonly<Record<string, NdArray | StringArray>>): Table {
  const all: readonly Named[] = Object.entries(arrays);
  const cubes = all.filter(([, { shape, dtype }]) => shape.length === 3 && dtype !== "string");
  const matrices = all.filter(([, { shape }]) => shape.length === 2);
  if (cubes.length > 0 && matrices.length === 0) return fromCubes(source, all, cubes);
  const numbered = snapshotsByName(all);
  if (numbered.length > 1) return fromSnapshots(source, all, numbered);
  const usable = all.filter(([, a]) => a.shape.length === 1 || a.shape.length === 2);
  if (usable.length === 0)
    throw new UserError(
      `${source}: no vector or matrix among the arrays, only ${all.map(shapeOf).join(", ")}`,
      "a table is a matrix [rows, columns] or vectors of one length; reshape the array",
    );
  const counts = new Map<number, number>();
  for (const [, { shape }] of usable) counts.set(shape[0], (counts.get(shape[0]) ?? 0) + 1);
  const [rows] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  if (rows === 0) throw new UserError(`${source}: the arrays have no rows`);
  const fits = ([, { shape }]: Named): boolean => shape.length > 0 && shape.length <= 2 && shape[0] === rows;
  const columns = usable.filter(fits).flatMap(([name, a]) => arrayColumns(name, a));
  const others = all.filter((entry) => !fits(entry));
  const taken = usable.filter(([, { shape }]) => shape.length === 2 && shape[0] === rows).map(matrixNote);
  const left = others.length > 0 ? [`no columns of ${rows} rows, left out: ${others.map(shapeOf).join(", ")}`] : [];
  return table(source, columns, [...taken, ...left]);
}

const matrixNote = ([name, { shape }]: Named): string =>
  `array "${name}" of shape [${shape.join(", ")}] is taken as columns ${name}1${shape[1] > 1 ? ` to ${name}${shape[1]}` : ""}`;

function arrayColumns(name: string, array: NdArray | StringArray): Column[] {
  const [rows, width = 1] = array.shape;
  const flat: ArrayLike<number | string> = array.dtype === "string" ? array.data : toNumbers(array);
  return Array.from({ length: width }, (_, j) => {
    const cell = (i: number) => flat[i * width + j];
    const values = array.dtype === "string" ? Array.from({ length: rows }, (_, i) => cell(i) as string) : new Float64Array(rows);
    if (values instanceof Float64Array) for (let i = 0; i < rows; i++) values[i] = cell(i) as number;
    return { name: array.shape.length === 1 ? name : `${name}${j + 1}`, values };
  });
}

/** Arrays [snapshots, particles, features] of the same snapshots and particles, as positions and velocities are saved. */
function fromCubes(source: string, all: readonly Named[], cubes: readonly Named[]): Table {
  const [, first] = cubes[0];
  const [steps, particles] = first.shape;
  const same = cubes.filter(([, { shape }]) => shape[0] === steps && shape[1] === particles);
  const times = timesOf(all, steps);
  const rows = steps * particles;
  if (rows === 0) throw new UserError(`${source}: the arrays have no rows`);
  const time = repeated(times.values, new Array<number>(steps).fill(particles));
  const columns = same.flatMap(([name, a]) => arrayColumns(name, { ...a, shape: [rows, a.shape[2]] } as NdArray));
  const taken = [times.name, ...same.map(([name]) => name)];
  const notes = same.map((entry) => `array ${shapeOf(entry)} is taken as ${steps} snapshots of ${particles} particles`);
  return table(source, [{ name: "time", values: time }, ...columns], [...notes, times.note, ...leftOut(all, taken)]);
}

const snapshotName = /^(arr|snapshot|snap|time|t|day|x|pop|sample|marginal)[_-]?(\d+(?:\.\d+)?)$/i;

/** Matrices of one width whose names differ in a number only, with no vector that could give their rows a time. */
function snapshotsByName(all: readonly Named[]): readonly Named[] {
  const found = all.filter(([name, { shape, dtype }]) => shape.length === 2 && dtype !== "string" && snapshotName.test(name));
  const stems = new Set(found.map(([name]) => snapshotName.exec(name)?.[1]));
  const widths = new Set(found.map(([, { shape }]) => shape[1]));
  const rows = new Set(found.map(([, { shape }]) => shape[0]));
  const timed = all.some(([name, { shape }]) => isTimeName(name) && shape.length === 1 && rows.has(shape[0]) && shape[0] !== found.length);
  return stems.size === 1 && widths.size === 1 && !timed ? found : [];
}

function fromSnapshots(source: string, all: readonly Named[], found: readonly Named[]): Table {
  const number = (name: string): number => Number(snapshotName.exec(name)?.[2]);
  const sorted = found.toSorted((a, b) => number(a[0]) - number(b[0]));
  const given = timesOf(all, sorted.length);
  const times = given.name === undefined ? sorted.map(([name]) => number(name)) : given.values;
  const sizes = sorted.map(([, { shape }]) => shape[0]);
  const width = sorted[0][1].shape[1];
  const rows = sizes.reduce((a, b) => a + b, 0);
  if (rows === 0) throw new UserError(`${source}: the arrays have no rows`);
  const data = sorted.flatMap(([, a]) => toNumbers(a as NdArray));
  const columns = arrayColumns("x", { dtype: "f64", shape: [rows, width], data: Float64Array.from(data) });
  const names = sorted.map(([name]) => name);
  const notes = [
    `arrays ${list(names, 4)} are taken as ${sorted.length} snapshots of ${sizes.slice(0, 4).join(", ")}${sizes.length > 4 ? ", …" : ""} particles`,
    given.name === undefined ? "their times are the numbers in their names" : given.note,
  ];
  return table(source, [{ name: "time", values: repeated(times, sizes) }, ...columns], [...notes, ...leftOut(all, [given.name, ...names])]);
}

/** A vector with a value for each snapshot, by one of the usual names, else the only one; none: 0, 1, 2, … */
function timesOf(all: readonly Named[], steps: number): { name?: string; values: ArrayLike<number>; note: string } {
  const vectors = all.filter(([, { shape, dtype }]) => shape.length === 1 && shape[0] === steps && dtype !== "string");
  const found = vectors.find(([name]) => isTimeName(name)) ?? (vectors.length === 1 ? vectors[0] : undefined);
  if (!found) return { values: Array.from({ length: steps }, (_, k) => k), note: `no array of ${steps} times: they are 0 to ${steps - 1}` };
  return { name: found[0], values: toNumbers(found[1] as NdArray), note: `times are those of array "${found[0]}"` };
}

/** Each value as often as its snapshot has particles. */
const repeated = (values: ArrayLike<number>, sizes: readonly number[]): Float64Array =>
  Float64Array.from(sizes.flatMap((size, k) => new Array<number>(size).fill(values[k])));

function leftOut(all: readonly Named[], taken: readonly (string | undefined)[]): string[] {
  const others = all.filter(([name]) => !taken.includes(name));
  return others.length > 0 ? [`left out: ${others.map(shapeOf).join(", ")}`] : [];
}
