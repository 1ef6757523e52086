/** One particle in a potential of one coordinate, H = -½ d²/dx² + V(x), given as a formula in x. */
import { UserError } from "../../errors.ts";
import type { System } from "./system.ts";

/** Ground-state energies by formula: closed forms, or finite differences with Richardson extrapolation. */
const known: Readonly<Record<string, { readonly energy: number; readonly exact?: boolean }>> = {
  "x^2/2": { energy: 0.5, exact: true },
  "x^4": { energy: 0.66798626 },
  "x^2/2+x^4": { energy: 0.80377065 },
  "(x^2-4)^2/8": { energy: 0.90040675 },
  "2*(x^2-1)^2": { energy: 1.40095726 },
  "10*(1-exp(-x/2))^2": { energy: 1.086783989, exact: true },
  "-1/sqrt(1+x^2)": { energy: -0.66977714 },
  "-1/sqrt(2+x^2)": { energy: -0.5, exact: true },
  "-1/cosh(x)^2": { energy: -0.5, exact: true },
};

/** Text of potentials: "V = x^4", "V(x) = -1/sqrt(1+x^2)". */
const pattern = /^\s*V\s*(?:\(\s*x\s*\))?\s*=\s*(.*)$/is;

export const isFormula = (text: string): boolean => pattern.test(text);

/** The text is carried as it is; what it means is decided where it is evaluated. @throws UserError  if nothing is there */
export function formulaSystem(text: string): System {
  const formula = (pattern.exec(text)?.[1] ?? "").trim();
  if (formula === "") throw new UserError("the potential has no formula", 'write "V = x^4"');
  const plain = formula.replace(/\s/g, "").replaceAll("**", "^");
  const found = Object.hasOwn(known, plain) ? known[plain] : undefined;
  return {
    name: "potential",
    title: `one particle in V = ${formula}`,
    dimension: 1,
    field: { kind: "formula", formula },
    up: 1,
    down: 0,
    repulsion: 0,
    softening: 0,
    reference: found && { energy: found.energy, source: found.exact ? "exact" : "finite differences, extrapolated" },
  };
}
