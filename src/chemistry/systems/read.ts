/** A system from what people type: a preset, atoms, an XYZ file, a trap, a potential. */
import { nearest, UserError } from "../../errors.ts";
import { checkDistances } from "./distances.ts";
import { element, largestBasis, largestShells } from "./elements.ts";
import { formulaSystem, isFormula } from "./formulas.ts";
import { type Atom, isXyz, parseInline, parseXyz } from "./geometry.ts";
import { presets } from "./presets.ts";
import { hund, spinsOf } from "./spin.ts";
import type { Nucleus, System } from "./system.ts";
import { isTrap, parseTrap, trapSystem } from "./traps.ts";
import { bohrIn, type LengthUnit, unitName } from "./units.ts";

export interface ReadOptions {
  /** Of coordinates; default: Å in XYZ files, as their format has it, and bohr in text. */
  readonly units?: LengthUnit;
  /** Of the molecule, in elementary charges; default 0, or the preset's. */
  readonly charge?: number;
  /** 2S, the number of unpaired electrons; default: the ground state of an atom, the lowest that a molecule's electrons allow. */
  readonly spin?: number;
  /** What the text comes from, for messages and titles: "water.xyz". */
  readonly source?: string;
}

export interface ReadSystem {
  readonly system: System;
  /** What was guessed, left out, or looks wrong. */
  readonly notes: readonly string[];
}

/**
 * @param text  a preset ("LiH"), atoms ("Li 0 0 0; H 0 0 3.015"), an XYZ file, a trap ("dot dimension=2 up=3 down=3") or "V = x^4"
 * @throws UserError  for what cannot be, with what to write instead
 */
export function readSystem(text: string, options: ReadOptions = {}): ReadSystem {
  const name = text.trim();
  if (Object.hasOwn(presets, name)) return readPreset(name, options);
  if (isXyz(text) || options.source !== undefined) {
    const { atoms, comment, notes } = parseXyz(text, options.source ?? "the text");
    const { units = "angstrom" } = options;
    const said = options.units === undefined ? ["coordinates are in Å, as in all XYZ files (--units bohr if not)"] : [];
    return moleculeOf(atoms, { ...options, units }, comment ? comment.slice(0, 80) : undefined, [...notes, ...said]);
  }
  if (isTrap(text) || isFormula(text)) {
    const system = isTrap(text) ? trapSystem(parseTrap(text)) : formulaSystem(text);
    const idle = (["units", "charge", "spin"] as const).find((key) => options[key] !== undefined);
    if (idle)
      throw new UserError(
        `--${idle} does not go with "${name}"`,
        "it is for nuclei; a trap has dimension, omega, up, down, repulsion, softening",
      );
    return { system, notes: [] };
  }
  if (name === "") throw new UserError("there is no system", `give a preset (${list}), atoms ("Li 0 0 0; H 0 0 3.015") or an XYZ file`);
  // an atom that is no preset needs no coordinates
  if (element(name)?.symbol === name) return moleculeOf(parseInline(`${name} 0 0 0`).atoms, { ...options, units: "bohr" }, undefined, []);
  if (!/[\s;,]/.test(name)) {
    const guess = nearest(name, Object.keys(presets));
    throw new UserError(`there is no preset and no file "${name.slice(0, 60)}"`, guess ? `did you mean ${guess}?` : `presets: ${list}`);
  }
  const { atoms, notes } = parseInline(text);
  const { units = "bohr" } = options;
  const said = options.units === undefined && atoms.length > 1 ? ["coordinates were taken in bohr (--units angstrom if not)"] : [];
  return moleculeOf(atoms, { ...options, units }, undefined, [...notes, ...said]);
}

const list = Object.keys(presets).join(", ");

function readPreset(name: string, { units, charge, spin }: ReadOptions): ReadSystem {
  const preset = presets[name];
  const same = (charge ?? preset.charge) === preset.charge && (spin ?? preset.spin) === preset.spin;
  // a charge that is not the preset's makes another molecule: its spin is guessed anew
  const guessed = (charge ?? preset.charge) === preset.charge ? preset.spin : undefined;
  const read = moleculeOf(
    parseInline(preset.geometry).atoms,
    { units: "bohr", charge: charge ?? preset.charge, spin: spin ?? guessed },
    same ? preset.title : undefined,
    units === undefined ? [] : ["--units does nothing here: a preset brings its geometry along"],
  );
  if (!same) return { ...read, notes: [...read.notes, `no reference energy is known for ${name} of this charge and spin`] };
  return { ...read, system: { ...read.system, name, reference: preset.reference } };
}

/** @throws UserError  for charges, spins and places that cannot be */
export function moleculeOf(
  atoms: readonly Atom[],
  options: ReadOptions & { readonly units: LengthUnit },
  title: string | undefined,
  notes: string[],
): ReadSystem {
  const { units, charge = 0 } = options;
  const scale = bohrIn(units);
  const nuclei = atoms.map(
    ({ symbol, number, position: [x, y, z] }): Nucleus => ({ symbol, charge: number, position: [x * scale, y * scale, z * scale] }),
  );
  const name = formulaOf(atoms) + sign(charge);
  const protons = nuclei.reduce((sum, nucleus) => sum + nucleus.charge, 0);
  const electrons = protons - charge;
  if (!Number.isInteger(charge)) throw new UserError(`charge is a whole number of elementary charges, not ${charge}`);
  if (electrons < 1)
    throw new UserError(
      `${name}: charge ${charge} leaves ${electrons === 0 ? "no electrons" : `${electrons} electrons`}: the nuclei have ${protons} protons`,
      `give a charge of at most ${protons - 1}`,
    );
  const lowest = electrons % 2;
  const spin = options.spin ?? (atoms.length === 1 ? hund(electrons) : undefined) ?? lowest;
  const { up, down } = spinsOf(electrons, spin, `${name}, charge ${charge}`);
  const guess =
    options.spin !== undefined || electrons === 1
      ? []
      : atoms.length > 1
        ? [`spin 2S = ${spin} was taken, the lowest of ${electrons} electrons (--spin for others)`]
        : [
            `spin 2S = ${spin} was taken${hund(electrons) === undefined ? ", the lowest" : ", the ground state by Hund's rule"} (--spin for others)`,
          ];
  const heavy = [...new Set(nuclei.filter((nucleus) => nucleus.charge > largestBasis).map(({ symbol }) => symbol))];
  return {
    system: {
      name,
      title: title ?? titleOf(name, nuclei, units),
      dimension: 3,
      field: { kind: "nuclei", nuclei },
      up,
      down,
      repulsion: 1,
      softening: 0,
    },
    notes: [
      ...notes,
      ...guess,
      ...(heavy.length > 0
        ? [
            `there is no Gaussian basis for ${heavy.join(", ")} (Z > ${largestBasis}): no Hartree-Fock${nuclei.every((n) => n.charge <= largestShells) ? ", start from Slater's orbitals" : ""}`,
          ]
        : []),
      ...checkDistances(nuclei),
    ],
  };
}

/** "LiH", "H2O": elements in the order of their first appearance. */
function formulaOf(atoms: readonly Atom[]): string {
  const counts = new Map<string, number>();
  for (const { symbol } of atoms) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  return [...counts].map(([symbol, count]) => (count === 1 ? symbol : `${symbol}${count}`)).join("");
}

const sign = (charge: number): string => (charge === 0 ? "" : `${Math.abs(charge) === 1 ? "" : Math.abs(charge)}${charge > 0 ? "+" : "-"}`);

/** "LiH, 3.015 a0 apart". */
function titleOf(name: string, nuclei: readonly Nucleus[], units: LengthUnit): string {
  if (nuclei.length !== 2)
    return nuclei.length === 1 ? `${name} ${name === nuclei[0].symbol ? "atom" : "ion"}` : `${name}, ${nuclei.length} nuclei`;
  const [a, b] = nuclei;
  const apart = Math.hypot(...a.position.map((x, k) => x - b.position[k])) / bohrIn(units);
  return `${name}, ${Number(apart.toPrecision(6))} ${unitName(units)} apart`;
}
