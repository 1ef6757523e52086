/** Rows of atoms as text: inline ("Li 0 0 0; H 0 0 3.015") and XYZ files. Read literally; units come later. */
import { UserError } from "../../errors.ts";
import { element, nearestElement } from "./elements.ts";

export interface Atom {
  readonly symbol: string;
  readonly number: number;
  /** In the units of the text. */
  readonly position: readonly [number, number, number];
}

interface Geometry {
  readonly atoms: readonly Atom[];
  /** Second line of an XYZ file. */
  readonly comment?: string;
  readonly notes: readonly string[];
}

/** Nuclei beyond which a text is taken for a mistake: pairs are checked, and so many electrons are out of reach. */
const mostAtoms = 500;

const linesOf = (text: string): string[] => text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);

/** Is the first line that is not blank a count? Atoms of inline text have coordinates beside them. */
export const isXyz = (text: string): boolean => /^\s*\d+\s*$/.test(linesOf(text).find((line) => line.trim() !== "") ?? "");

/** Atoms separated by semicolons or line breaks; # begins a comment. @throws UserError  naming the row */
export function parseInline(text: string): Geometry {
  const rows = linesOf(text)
    .flatMap((line) => line.replace(/#.*$/, "").split(";"))
    .filter((row) => row.trim() !== "");
  const notes: string[] = [];
  const atoms = checkedCount(rows, "the text").map((row, i) => parseAtom(row, `atom ${i + 1}`, notes));
  return checked({ atoms, notes });
}

/**
 * The format of XMol: a count, a comment, as many rows of symbol (or atomic number) and x, y, z. Columns beyond are left out, and told.
 * @param name  of the file, for messages
 * @throws UserError  naming the line
 */
export function parseXyz(text: string, name: string): Geometry {
  const lines = linesOf(text);
  while (lines.length > 0 && lines.at(-1)?.trim() === "") lines.pop();
  if (lines.length === 0) throw new UserError(`${name} is empty`, "an XYZ file has a count of atoms, a comment, and a row for each atom");
  const first = lines.findIndex((line) => line.trim() !== "");
  const head = lines[first].trim();
  if (!/^\d+$/.test(head))
    throw new UserError(`${name}, line ${first + 1}: "${short(head)}" is no count of atoms`, "it is the first line of an XYZ file");
  const count = Number(head);
  const rows = lines.slice(first + 2);
  const notes: string[] = [];
  if (count === 0) throw new UserError(`${name} holds no atoms`, "a molecule has one nucleus or more");
  const missing = rows.length < count ? rows.length : rows.slice(0, count).findIndex((row) => row.trim() === "");
  if (missing >= 0)
    throw new UserError(
      `${name}: ${count} atoms announced, ${missing} there`,
      "the first line is the count, the second a comment (may be blank), then one row an atom",
    );
  const rest = rows.slice(count).filter((row) => row.trim() !== "");
  if (rest.length > 0 && !/^\s*\d+\s*$/.test(rest[0]))
    throw new UserError(`${name}: ${count} atoms announced, but line ${first + 3 + count} follows`, "correct the count in the first line");
  if (rest.length > 0) notes.push(`${name} holds more than one geometry: the first was taken`);
  const read = checkedCount(rows.slice(0, count), name).map((row, i) => parseAtom(row, `${name}, line ${first + 3 + i}`, notes));
  return checked({ atoms: read, comment: lines[first + 1]?.trim(), notes });
}

const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

function checkedCount(rows: readonly string[], name: string): readonly string[] {
  if (rows.length > mostAtoms) throw new UserError(`${name} holds ${rows.length} atoms; ${mostAtoms} are the most`);
  return rows;
}

function checked(geometry: Geometry): Geometry {
  if (geometry.atoms.length === 0) throw new UserError("there are no atoms in the text", 'write "Li 0 0 0; H 0 0 3.015"');
  return { ...geometry, notes: [...new Set(geometry.notes)] };
}

/** A decimal number, with exponents of C or Fortran ("1.5D-3"); NaN for anything else. */
const decimal = (text: string): number =>
  /^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/.test(text) ? Number(text.replace(/[dD]/, "e")) : Number.NaN;

function parseAtom(row: string, where: string, notes: string[]): Atom {
  const [name, ...columns] = row.trim().split(/[\s,]+/);
  const found = element(name);
  if (found === undefined) {
    const guess = nearestElement(name);
    throw new UserError(`${where}: there is no element "${short(name)}"`, guess && `did you mean ${guess}?`);
  }
  if (columns.length < 3)
    throw new UserError(`${where}: "${short(row.trim())}" has ${columns.length} of 3 coordinates`, 'a row is symbol, x, y, z: "H 0 0 1.4"');
  const [x, y, z] = columns.map(decimal);
  const bad = [x, y, z].findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new UserError(`${where}: ${"xyz"[bad]} is "${short(columns[bad])}", which is no finite number`);
  if (columns.slice(3).some((column) => column !== "")) notes.push("columns after x, y and z were left out");
  if (/[A-Za-z]\d/.test(name)) notes.push(`"${name}" was read as an atom of ${found.symbol}`);
  return { ...found, position: [x, y, z] };
}
