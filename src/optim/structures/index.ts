/** Structures by name. */
import { nearest, UserError } from "../../errors.ts";
import { freeChoice } from "../hyper.ts";
import { block } from "./block.ts";
import { dense } from "./dense.ts";
import { diagonal } from "./diagonal.ts";
import { hierarchical, rankLower } from "./hierarchical.ts";
import type { Structure } from "./structure.ts";
import { toeplitzLower, toeplitzUpper } from "./toeplitz.ts";
import { lower, upper } from "./triangular.ts";

export { numbersOf, type Parts, type Structure } from "./structure.ts";

/** A family for every size. */
export type Family = (size: number) => Structure;

interface Entry {
  /** How many sizes in parentheses the name takes, and their defaults. */
  readonly defaults: readonly number[];
  make(size: number, ...sizes: number[]): Structure;
}

const entries: Readonly<Record<string, Entry>> = {
  dense: { defaults: [], make: dense },
  diagonal: { defaults: [], make: diagonal },
  block: { defaults: [30], make: block },
  lower: { defaults: [], make: lower },
  upper: { defaults: [], make: upper },
  rank: { defaults: [1], make: (size, k) => hierarchical(size, k, 0) },
  "rank-lower": { defaults: [1], make: rankLower },
  hierarchical: { defaults: [15, 15], make: hierarchical },
  "toeplitz-lower": { defaults: [], make: toeplitzLower },
  "toeplitz-upper": { defaults: [], make: toeplitzUpper },
};

export const structureNames: readonly string[] = Object.keys(entries);

/** The structure as a hyper-parameter; "auto" is up to the optimizer. */
export const structureParameter = freeChoice("structure of the factors", [
  "auto",
  "dense",
  "diagonal",
  "block(30)",
  "lower",
  "upper",
  "rank(1)",
  "hierarchical(15,15)",
  "toeplitz-lower",
  "toeplitz-upper",
]);

/**
 * The family of a name: `dense`, `diagonal`, `block(30)`, `lower`, `upper`, `rank(1)`, `rank-lower(1)`, `hierarchical(15,15)`,
 * `toeplitz-lower`, `toeplitz-upper`.
 *
 * @throws  UserError if there is none
 */
export function structureOf(name: string): Family {
  const match = /^([a-z-]+)(?:\(([\d\s,]*)\))?$/.exec(name.trim());
  const entry = match ? entries[match[1]] : undefined;
  if (!match || !entry) {
    const near = nearest(name, structureNames);
    throw new UserError(`there is no structure "${name}"`, near ? `did you mean ${near}?` : `structures are ${structureNames.join(", ")}`);
  }
  const sizes = match[2] === undefined ? entry.defaults : match[2].split(",").map(Number);
  if (sizes.length !== entry.defaults.length || sizes.some((n) => !Number.isInteger(n) || n < 1))
    throw new UserError(
      `structure "${name}": ${match[1]} takes ${entry.defaults.length || "no"} positive sizes`,
      entry.defaults.length ? `for example ${match[1]}(${entry.defaults.join(",")})` : undefined,
    );
  return (size) => entry.make(size, ...sizes);
}
