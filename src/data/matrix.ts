/** Numbers by rows: NPY of any rank, an array of an NPZ, or a table of numbers. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type NdArray, toNumbers } from "../array/ndarray.ts";
import { readNpy, type StringArray } from "../array/npy.ts";
import { readNpz } from "../array/npz.ts";
import { FileFormatError, UserError } from "../errors.ts";
import { readTable } from "./read.ts";
import { isNumeric } from "./table.ts";

/** Rows of numbers, with the shape of the file. */
export interface Matrix {
  readonly source: string;
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

/**
 * Reads "x.npy", "data.npz" with one array, "data.npz:x", or a table all of whose columns are numbers. Every number must be finite.
 * @throws UserError  naming the file, and the first row that is wrong
 */
export async function readMatrix(path: string): Promise<Matrix> {
  const [, file, array] = /^(.*\.npz):([^:]+)$/i.exec(path) ?? [undefined, path, undefined];
  const source = basename(path);
  if (!existsSync(file)) throw new UserError(`${file}: there is no such file`, "check the path");
  const { data, shape } = /\.np[yz]$/i.test(file) ? await arrayOf(file, array) : await tableOf(file);
  if (data.length === 0) throw new UserError(`${source}: there are no numbers in it`);
  const width = data.length / (shape[0] ?? 1);
  const wrong = data.findIndex((v) => !Number.isFinite(v));
  if (wrong >= 0)
    throw new UserError(
      `${source}: ${data[wrong]} in row ${Math.floor(wrong / width) + 1}, column ${(wrong % width) + 1}`,
      "fill missing numbers in, or leave their rows out",
    );
  return { source, data, shape };
}

async function arrayOf(file: string, name: string | undefined): Promise<Omit<Matrix, "source">> {
  const bytes = await readFile(file);
  try {
    const arrays: Record<string, NdArray | StringArray> = /\.npz$/i.test(file) ? readNpz(bytes) : { x: readNpy(bytes) };
    const names = Object.keys(arrays);
    if (name === undefined && names.length !== 1)
      throw new UserError(`${file} holds ${names.length} arrays: ${names.join(", ")}`, `say which: ${file}:${names[0] ?? "x"}`);
    const found = arrays[name ?? names[0]];
    if (!found) throw new UserError(`${file} has no array "${name}"`, `it has ${names.join(", ")}`);
    if (found.dtype === "string") throw new UserError(`${file}: the array is text, not numbers`);
    return { data: Float64Array.from(toNumbers(found)), shape: found.shape };
  } catch (error) {
    if (error instanceof FileFormatError) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
}

async function tableOf(file: string): Promise<Omit<Matrix, "source">> {
  const { columns, rows, source } = await readTable(file);
  const text = columns.find((c) => !isNumeric(c.values));
  if (text) throw new UserError(`${source}: column "${text.name}" is text, not numbers`, "leave it out of the file");
  const data = new Float64Array(rows * columns.length);
  columns.forEach(({ values }, j) => {
    for (let i = 0; i < rows; i++) data[i * columns.length + j] = Number(values[i]);
  });
  return { data, shape: [rows, columns.length] };
}
