/** Potentials of one coordinate that are given as formulas. */
import { UserError } from "../../errors.ts";
import { parseFormula, type Tensor } from "../../tensor/index.ts";
import type { System } from "../systems/system.ts";

/** V of electrons at x [1, N, walkers], as [N, walkers]; nothing for other fields. @throws UserError  for what is no formula in x */
export function ownField({ field }: System): ((x: Tensor) => Tensor) | undefined {
  if (field.kind !== "formula") return undefined;
  try {
    const formula = parseFormula(field.formula, ["x"]);
    return (x) => {
      const own = x.squeeze(0);
      // a formula without x is a number
      return formula({ x: own }).add(own.mul(0));
    };
  } catch (error) {
    throw new UserError((error as Error).message, 'a formula in x, such as "x^4" or "(x^2-4)^2/8"');
  }
}
