/** How many electrons have spin up and down. */
import { UserError } from "../../errors.ts";

/** Orbitals of the shells that electrons fill one after another: 1s 2s 2p 3s 3p. */
const shells = [1, 1, 3, 1, 3];

/** Unpaired electrons in the ground state of an atom by Hund's rule: half-filled shells are parallel. Undefined beyond argon. */
export function hund(electrons: number): number | undefined {
  let left = electrons;
  for (const orbitals of shells) {
    if (left <= 2 * orbitals) return orbitals - Math.abs(orbitals - left);
    left -= 2 * orbitals;
  }
  return undefined;
}

/** The values of 2S that n electrons allow: as odd as n, and no larger. */
export function allowedSpins(electrons: number): string {
  const first = electrons % 2;
  const all = Array.from({ length: Math.floor((electrons - first) / 2) + 1 }, (_, k) => first + 2 * k);
  return all.length > 6 ? `${all.slice(0, 4).join(", ")}, …, ${electrons}` : all.join(", ");
}

/**
 * Electrons of spin up and down, n = up + down, 2S = up - down.
 * @param spin  2S, the number of unpaired electrons
 * @param whose  for the message: "NO, charge 0"
 * @throws UserError  if n electrons cannot have that spin
 */
export function spinsOf(electrons: number, spin: number, whose: string): { readonly up: number; readonly down: number } {
  if (Number.isInteger(spin) && spin >= 0 && spin <= electrons && (electrons - spin) % 2 === 0)
    return { up: (electrons + spin) / 2, down: (electrons - spin) / 2 };
  const even = electrons % 2 === 0 ? "even" : "odd";
  const why = !(Number.isInteger(spin) && spin >= 0)
    ? "2S is a whole number, 0 or more"
    : spin > electrons
      ? "there are not so many electrons"
      : `an ${even} number of electrons leaves an ${even} number unpaired`;
  throw new UserError(
    `${whose}: ${electrons} electron${electrons === 1 ? "" : "s"} and spin 2S = ${spin} do not go together: ${why}`,
    `allowed spins (2S, the number of unpaired electrons) are ${allowedSpins(electrons)}; or change the charge`,
  );
}
