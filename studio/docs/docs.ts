/** The pages of docs/ and the reference, as the build has made them: a list with all words, and HTML that the build has made sure of. */
import type MiniSearch from "minisearch";
import type { DocIndex, DocPage } from "../../src/studio/api.ts";

/** A page in the list, with all its words. */
export type Listed = DocIndex[number];

let asked: Promise<DocIndex> | undefined;

export function docPages(): Promise<DocIndex> {
  asked ??= fetch("docs/index.json").then((response) => (response.ok ? response.json() : []));
  return asked;
}

/** @throws for a page that there is not */
export async function docPage(path: string): Promise<DocPage> {
  const response = await fetch(`docs/${path.split("/").map(encodeURIComponent).join("/")}.json`);
  if (!response.ok) throw new Error(`there is no page "${path}"`);
  return response.json();
}

let index: Promise<MiniSearch<Listed>> | undefined;

async function makeIndex(): Promise<MiniSearch<Listed>> {
  const [{ default: Search }, pages] = await Promise.all([import("minisearch"), docPages()]);
  const made = new Search<Listed>({
    idField: "path",
    fields: ["title", "text"],
    searchOptions: { boost: { title: 4 }, prefix: true, fuzzy: 0.15, combineWith: "AND" },
  });
  made.addAll(pages);
  return made;
}

/** Pages that have the words, the best first; the index is made at the first question. */
export async function search(words: string): Promise<Listed[]> {
  index ??= makeIndex();
  const [found, pages] = await Promise.all([index, docPages()]);
  return found
    .search(words)
    .slice(0, 20)
    .flatMap(({ id }) => pages.find(({ path }) => path === id) ?? []);
}

/** Some words around the first place where one of those that were looked for stands. */
export function excerpt(text: string, words: string): string {
  const first = words.split(/\s+/).filter(Boolean);
  const lower = text.toLowerCase();
  const places = first.map((word) => lower.indexOf(word.toLowerCase())).filter((at) => at >= 0);
  const at = Math.max(0, Math.min(...places, text.length) - 60);
  return `${at > 0 ? "… " : ""}${text.slice(at, at + 180).trim()} …`;
}

/** Groups of pages, by the folder in which they are. */
const groups = [
  { name: "Guides", has: (path: string) => !path.includes("/") },
  { name: "Reference", has: (path: string) => path.startsWith("api/") },
  { name: "What was measured", has: (path: string) => path.startsWith("measurements/") },
];

/** Pages by their groups; the map of all guides first. */
export const grouped = (pages: DocIndex): { readonly name: string; readonly members: readonly Listed[] }[] =>
  groups.map(({ name, has }) => ({
    name,
    members: pages.filter(({ path }) => has(path)).toSorted((a, b) => Number(b.path === "README") - Number(a.path === "README")),
  }));
