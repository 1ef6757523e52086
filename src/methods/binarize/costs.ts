/** Tables of costs in files. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../../errors.ts";
import { parseQuadratic, tabulateQuadratic } from "../../quantum/landscape/quadratic.ts";
import { parseCosts } from "../../quantum/landscape/table.ts";

/** The text of a file. @throws UserError  if there is none */
export const readText = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${path}: ${error.code === "ENOENT" ? "there is no such file" : error.message}`, "check the path");
  });

/**
 * 2^n costs: one a line, that of basis state k in line k + 1; of .qubo and .ising files all that their terms make.
 * @throws UserError  naming the first line that is wrong
 */
export async function readCosts(path: string): Promise<Float64Array> {
  const text = await readText(path);
  const name = basename(path);
  const kind = /\.(qubo|ising)$/i.exec(path)?.[1].toLowerCase();
  if (kind === undefined) return parseCosts(text, name).costs;
  return tabulateQuadratic(parseQuadratic(text, name, kind === "qubo" ? "bits" : "spins"), name).costs;
}
