/** Costs in files. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../../errors.ts";
import { parseQuadratic, type Quadratic, tabulateQuadratic } from "../../quantum/landscape/quadratic.ts";
import { parseCosts } from "../../quantum/landscape/table.ts";

/** The text of a file. @throws UserError  if there is none */
export const readText = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${path}: ${error.code === "ENOENT" ? "there is no such file" : error.message}`, "check the path");
  });

/** 2^n costs, or the terms that make them. */
export type CostFile = { readonly costs: Float64Array } | { readonly quadratic: Quadratic };

/**
 * Costs one a line, that of basis state k in line k + 1; of .qubo and .ising files their terms.
 * @throws UserError  naming the first line that is wrong
 */
export async function readCostFile(path: string): Promise<CostFile> {
  const text = await readText(path);
  const name = basename(path);
  const kind = /\.(qubo|ising)$/i.exec(path)?.[1].toLowerCase();
  if (kind === undefined) return { costs: parseCosts(text, name).costs };
  return { quadratic: parseQuadratic(text, name, kind === "qubo" ? "bits" : "spins") };
}

/** All 2^n costs of a file. @throws UserError */
export async function readCosts(path: string): Promise<Float64Array> {
  const read = await readCostFile(path);
  return "costs" in read ? read.costs : tabulateQuadratic(read.quadratic, basename(path)).costs;
}
