/** Picture files of a folder, with what their folders say of them. */
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { list } from "../table.ts";
import { pictureName } from "./open.ts";
import { counted } from "./set.ts";

export interface Listed {
  /** Paths below the folder, with slashes, in order: those for training first. */
  readonly names: readonly string[];
  /** Of each file. */
  readonly labels?: readonly string[];
  /** The number of files for training, where a part was set aside. */
  readonly testFrom?: number;
  readonly notes: readonly string[];
}

const partNames = { train: /^(train|training)$/i, test: /^(test|testing|val|valid|validation|held-?out)$/i };

/** Paths of the pictures of a folder and its subfolders, in order, and what is said of other files. Hidden ones are left alone. */
export async function pictureFiles(folder: string): Promise<Pick<Listed, "names" | "notes">> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((name) => !/(^|\/)(\.|__MACOSX\/)/.test(name))
    .sort();
  const others = files.filter((name) => !pictureName.test(name));
  return {
    names: files.filter((name) => pictureName.test(name)),
    notes: others.length > 0 ? [`${counted(others.length, "file")} not named as pictures, left alone: ${list(others, 3)}`] : [],
  };
}

/**
 * Pictures of a folder and its subfolders. If every picture is in a subfolder, of two or more, these are classes; folders "train" and
 * "test" are parts, within which the same holds.
 */
export async function listPictures(folder: string): Promise<Listed> {
  const { names, notes: ofFiles } = await pictureFiles(folder);
  const notes = [...ofFiles];
  return { ...divided(names, notes), notes };
}

/** @param notes  receives what was made of the folders' names */
function divided(found: readonly string[], notes: string[]): Omit<Listed, "notes"> {
  const first = (name: string): string => name.split("/")[0];
  const tops = [...new Set(found.filter((name) => name.includes("/")).map(first))];
  const inParts =
    found.length > 0 && found.every((name) => name.includes("/") && Object.values(partNames).some((p) => p.test(first(name))));
  const part = (key: keyof typeof partNames): string[] => found.filter((name) => partNames[key].test(first(name)));
  if (!inParts || part("train").length === 0 || part("test").length === 0) return { names: found, ...labelled(found, 0, notes) };
  const names = [...part("train"), ...part("test")];
  notes.push(`folders ${list(tops)} are taken as parts: ${part("train").length} pictures for training, ${part("test").length} held out`);
  return { names, ...labelled(names, 1, notes), testFrom: part("train").length };
}

/** @param depth  at which folder of a path classes begin */
function labelled(names: readonly string[], depth: number, notes: string[]): Pick<Listed, "labels"> {
  const labels = names.map((name) => name.split("/").slice(depth, -1)[0]);
  const classes = new Set(labels.filter((label) => label !== undefined));
  const outside = labels.filter((label) => label === undefined).length;
  if (outside === 0 && classes.size > 1) return { labels };
  if (outside > 0 && classes.size > 0) notes.push(`${counted(outside)} beside the subfolders: their names are not taken as classes`);
  return {};
}
