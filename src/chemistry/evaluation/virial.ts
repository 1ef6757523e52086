/** The virial theorem: what kinetic and potential energies say of each other at a stationary state. */
import type { Estimate } from "../../sampling/index.ts";
import { nucleiOf, type System } from "../systems/system.ts";

export interface Virial {
  readonly value: number;
  readonly error: number;
  /** What it should be, and of what. */
  readonly note: string;
}

interface Parts {
  readonly kinetic: Estimate;
  readonly external: Estimate;
  readonly repulsion: Estimate;
}

/**
 * -⟨V⟩ / ⟨T⟩, 2 for atoms; (2 ⟨V_trap⟩ - ⟨V_ee⟩) / 2 ⟨T⟩, 1 in traps with Coulomb's repulsion. Molecules have it at the distances where no force acts on
 * nuclei, and formulas in general not: none is given for these. The error takes the parts for independent, which overstates it.
 */
export function virialRatio(system: System, { kinetic, external, repulsion }: Parts): Virial | undefined {
  const ratio = (top: number, topError: number, bottom: Estimate, scale: number): { value: number; error: number } => {
    const value = top / (scale * bottom.mean);
    return { value, error: Math.abs(value) * Math.hypot(topError / top, bottom.error / bottom.mean) };
  };
  const errors = Math.hypot(external.error, repulsion.error);
  if (nucleiOf(system).length === 1)
    return { ...ratio(-(external.mean + repulsion.mean), errors, kinetic, 1), note: "-⟨V⟩/⟨T⟩, 2 for an eigenstate" };
  if (system.field.kind !== "trap" || system.softening > 0) return undefined;
  return {
    ...ratio(2 * external.mean - repulsion.mean, Math.hypot(2 * external.error, repulsion.error), kinetic, 2),
    note: "(2⟨V_trap⟩ - ⟨V_ee⟩)/2⟨T⟩, 1 for an eigenstate",
  };
}
