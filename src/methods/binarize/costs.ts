/** Tables of costs: a number a line, 2^n of them, that of basis state k in line k + 1. */
import { readFile } from "node:fs/promises";
import { UserError } from "../../errors.ts";

/** The text of a file. @throws UserError  if there is none */
export const readText = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${path}: ${error.code === "ENOENT" ? "there is no such file" : error.message}`, "check the path");
  });

/** @throws UserError  naming the first line that is wrong */
export async function readCosts(path: string): Promise<Float64Array> {
  const lines = (await readText(path)).trimEnd().split(/\r?\n/);
  const costs = Float64Array.from(lines, (line, at) => {
    const value = line.trim() === "" ? Number.NaN : Number(line);
    if (Number.isFinite(value)) return value;
    throw new UserError(
      `${path}, line ${at + 1}: ${JSON.stringify(line.slice(0, 40))} is not a finite number`,
      "a table of costs has one number a line",
    );
  });
  const n = Math.log2(costs.length);
  if (!(Number.isInteger(n) && n >= 1))
    throw new UserError(
      `${path} has ${costs.length} numbers, which is not a power of two`,
      "a table has a cost for every string of n bits: 2^n lines",
    );
  return costs;
}

/** Basis state k as the bits of its configuration: the first parameter is the most significant. */
export const bitString = (k: number, n: number): string => k.toString(2).padStart(n, "0");
