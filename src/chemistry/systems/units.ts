/** Units at the border: inside, everything is in hartree, bohr and elementary charges. */

/** Bohr in an ångström; a0 = 0.52917721092 Å (CODATA 2010). */
export const bohrInAngstrom = 1 / 0.52917721092;

/** Debye in an atomic unit of the dipole moment, e a0 (CODATA 2010). */
export const debyeInAtomicUnit = 2.541746473;

export const lengthUnits = ["bohr", "angstrom", "a0"] as const;
export type LengthUnit = (typeof lengthUnits)[number];

/** Bohr in a unit of length. */
export const bohrIn = (unit: LengthUnit): number => (unit === "angstrom" ? bohrInAngstrom : 1);

/** For people. */
export const unitName = (unit: LengthUnit): string => (unit === "angstrom" ? "Å" : "a0");
