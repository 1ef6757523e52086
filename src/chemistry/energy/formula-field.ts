/** Potentials of one coordinate that are given as formulas. */
import { UserError } from "../../errors.ts";
import { type Formula, parseFormula, type Tensor } from "../../tensor/index.ts";
import type { System } from "../systems/system.ts";

/** V of electrons at x [1, N, walkers], as [N, walkers]; nothing for other fields. @throws UserError  for what is no formula in x */
export function ownField({ field }: System): ((x: Tensor) => Tensor) | undefined {
  if (field.kind !== "formula") return undefined;
  const formula = readFormula(field.formula);
  return (x) => {
    const own = x.squeeze(0);
    // a formula without x is a number
    return formula({ x: own }).add(own.mul(0));
  };
}

/** @throws UserError  where the text is no formula in x */
export function readFormula(text: string): Formula {
  try {
    return parseFormula(text, ["x"]);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UserError(`potential: ${error.message}`, "a formula in x, in atomic units, such as (x^2-4)^2/8");
  }
}
