/** Nuclei and electrons from TREXIO's text back end: a folder with a text file for each group of a quantum-chemical calculation. */
import { UserError } from "../../errors.ts";
import { element } from "./elements.ts";
import type { Atom } from "./geometry.ts";
import { moleculeOf, type ReadOptions, type ReadSystem } from "./read.ts";

/** Files of a folder that are read, by group: "nucleus" for nucleus.txt. */
export const trexioGroups = ["nucleus", "electron", "ecp", "pbc"] as const;

export interface TrexioFolder {
  /** For messages. */
  readonly name: string;
  /** Their texts; those that are not there are empty. */
  readonly texts: Readonly<Record<(typeof trexioGroups)[number], string>>;
  /** Other groups that it has. */
  readonly others: readonly string[];
}

/** What a file says: numbers by name, and arrays of numbers or of lines. */
interface Group {
  readonly scalars: ReadonlyMap<string, number>;
  readonly arrays: ReadonlyMap<string, readonly number[]>;
  readonly lines: ReadonlyMap<string, readonly string[]>;
}

/** Arrays of strings among those of the groups that are read here: one a line, blanks in them. */
const ofStrings: readonly string[] = ["nucleus_label"];

/**
 * A file of a group: "rank_NAME r" and r lines "dims_NAME i n" say how large an array is; "NAME_isSet 1" comes before a number "NAME 3", "len_NAME n" before
 * a string; arrays stand at the end, their name and their elements one a line.
 *
 * @throws UserError  naming the line
 * @source  https://trex-coe.github.io/trexio, text back end
 */
function parseGroup(text: string, file: string): Group {
  const rows = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  const sizes = new Map<string, number>();
  const scalars = new Map<string, number>();
  const arrays = new Map<string, number[]>();
  const lines = new Map<string, string[]>();
  const wrong = (at: number, what: string): never => {
    throw new UserError(`${file}, line ${at + 1}: ${what}`, "is it a file of TREXIO's text back end?");
  };
  const number = (word: string | undefined, at: number): number => {
    const value = word === undefined || word === "" ? Number.NaN : Number(word);
    return Number.isFinite(value) ? value : wrong(at, `"${(word ?? "").slice(0, 40)}" is no finite number`);
  };
  let at = 0;
  while (at < rows.length) {
    const [key, ...rest] = rows[at].split(/\s+/);
    const [, kind, name] = /^(rank|len)_(.+)$/.exec(key) ?? [];
    if (key === "") at++;
    else if (kind === "rank") {
      const rank = number(rest[0], at);
      const dims = rows.slice(at + 1, at + 1 + rank).map((row, i) => {
        const [what, index, size] = row.split(/\s+/);
        return what === `dims_${name}` && index === String(i)
          ? number(size, at + 1 + i)
          : wrong(at + 1 + i, `not "dims_${name} ${i}" and a size`);
      });
      if (dims.length !== rank) wrong(at, `${rank} dimensions of ${name} announced, ${dims.length} there`);
      if (dims.some((size) => !Number.isInteger(size) || size < 0)) wrong(at, `sizes of ${name} are ${dims.join(", ")}`);
      sizes.set(name, rank === 0 ? 0 : dims.reduce((a, b) => a * b, 1));
      at += 1 + rank;
    } else if (kind === "len") at += number(rest[0], at) > 0 ? 3 : 2;
    else if (key.endsWith("_isSet")) at++;
    else if (rest.length === 0 && sizes.has(key)) {
      const size = sizes.get(key) ?? 0;
      const found = rows.slice(at + 1, at + 1 + size).filter((row) => row !== "");
      if (found.length < size) wrong(at, `${size} values of ${key} announced, ${found.length} there`);
      const start = at + 1;
      if (ofStrings.includes(key)) lines.set(key, found);
      else
        arrays.set(
          key,
          found.map((row, i) => number(row, start + i)),
        );
      at += 1 + size;
    } else if (rest.length === 1) {
      scalars.set(key, number(rest[0], at));
      at++;
    } else wrong(at, `"${rows[at].slice(0, 40)}" is no number, array or size`);
  }
  return { scalars, arrays, lines };
}

/** @throws UserError  where charges are no elements, or coordinates are missing */
function atomsOf({ scalars, arrays, lines }: Group, file: string): { readonly atoms: Atom[]; readonly notes: string[] } {
  const count = scalars.get("nucleus_num");
  const [charges, places] = ["nucleus_charge", "nucleus_coord"].map((name) => arrays.get(name));
  if (!count || !charges || !places)
    throw new UserError(`${file} has no ${!count ? "nucleus_num" : charges ? "nucleus_coord" : "nucleus_charge"}`);
  if (charges.length !== count || places.length !== 3 * count)
    throw new UserError(`${file}: ${count} nuclei, ${charges.length} charges and ${places.length} coordinates do not go together`);
  const notes: string[] = [];
  const atoms = charges.flatMap((charge, i): Atom[] => {
    if (charge === 0) {
      notes.push(`${file}: nucleus ${i + 1} has charge 0, a centre of functions only: left out`);
      return [];
    }
    const symbol = element(String(charge))?.symbol;
    if (symbol === undefined) throw new UserError(`${file}: nucleus ${i + 1} has charge ${charge}, which is no element's`);
    const label = lines.get("nucleus_label")?.[i] ?? symbol;
    const labelled = element(label.split(/\s/)[0]);
    if (labelled && labelled.number !== charge)
      notes.push(`${file}: nucleus ${i + 1}, "${label}", has charge ${charge} and was taken as ${symbol}`);
    return [{ symbol, number: charge, position: [places[3 * i], places[3 * i + 1], places[3 * i + 2]] }];
  });
  if (atoms.length === 0) throw new UserError(`${file} has no nucleus with a charge`);
  return { atoms, notes };
}

/** Electrons of the file, those of the larger spin first. @throws UserError  where their sum is another number */
function electronsOf({ scalars }: Group, file: string): { readonly count?: number; readonly unpaired?: number } {
  const [all, up, down] = ["num", "up_num", "dn_num"].map((name) => scalars.get(`electron_${name}`));
  if (up === undefined || down === undefined) return { count: all };
  if (all !== undefined && all !== up + down) throw new UserError(`${file}: ${up} electrons up and ${down} down are not ${all}`);
  return { count: up + down, unpaired: Math.abs(up - down) };
}

/** What would make it another problem. */
function refuseOthers({ name, texts }: TrexioFolder): void {
  if (texts.ecp.trim())
    throw new UserError(`${name} has pseudopotentials (ecp.txt), which are not here`, "write the file of a calculation with all electrons");
  if ((parseGroup(texts.pbc, `${name}/pbc.txt`).scalars.get("pbc_periodic") ?? 0) !== 0)
    throw new UserError(`${name} is periodic (pbc.txt), and periodic cells are not here`, "write a molecule");
}

/**
 * Nuclei, their places in bohr, and how many electrons of each spin; nothing else of the folder is read, which is told.
 *
 * @throws UserError  for files that are cut or of another format, pseudopotentials and periodic cells
 */
export function readTrexio(folder: TrexioFolder, { units, charge, spin }: ReadOptions = {}): ReadSystem {
  const { name, texts, others } = folder;
  refuseOthers(folder);
  const { atoms, notes } = atomsOf(parseGroup(texts.nucleus, `${name}/nucleus.txt`), `${name}/nucleus.txt`);
  const { count, unpaired } = electronsOf(parseGroup(texts.electron, `${name}/electron.txt`), `${name}/electron.txt`);
  const protons = atoms.reduce((sum, { number }) => sum + number, 0);
  const own = count === undefined ? undefined : protons - count;
  const overruled = (charge ?? own) !== own && own !== undefined;
  const read =
    own === undefined ? "nuclei" : unpaired === undefined ? "nuclei and the number of electrons" : "nuclei and electrons of each spin";
  return moleculeOf(atoms, { units: "bohr", charge: charge ?? own, spin: spin ?? (overruled ? undefined : unpaired) }, undefined, [
    `${name}: read ${read}, in bohr${others.length > 0 ? `; left out ${others.join(", ")}` : ""}`,
    ...(units !== undefined && units !== "bohr" ? ["--units does nothing here: TREXIO's files are in bohr"] : []),
    ...(overruled ? [`charge ${charge} as asked, not ${own} as in the file`] : []),
    ...(spin !== undefined && unpaired !== undefined && spin !== unpaired
      ? [`spin 2S = ${spin} as asked, not ${unpaired} as in the file`]
      : []),
    ...notes,
  ]);
}
