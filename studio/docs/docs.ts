/** The pages of docs/ and the reference, as the build has made them: a list with all words, and HTML that the build has made sure of. */
import type MiniSearch from "minisearch";

export interface DocPage {
  /** "runs", "measurements/runs", "reference/tensor": also the file's name, with .html. */
  readonly path: string;
  readonly title: string;
  readonly group: string;
  /** All its words, to be searched. */
  readonly text: string;
}

let asked: Promise<readonly DocPage[]> | undefined;

export function docPages(): Promise<readonly DocPage[]> {
  asked ??= fetch("docs/index.json").then((response) => (response.ok ? response.json() : []));
  return asked;
}

/** @throws for a page that there is not */
export async function docHtml(path: string): Promise<string> {
  const response = await fetch(`docs/${path.split("/").map(encodeURIComponent).join("/")}.html`);
  if (!response.ok) throw new Error(`there is no page "${path}"`);
  return response.text();
}

let index: Promise<MiniSearch<DocPage>> | undefined;

async function makeIndex(): Promise<MiniSearch<DocPage>> {
  const [{ default: Search }, pages] = await Promise.all([import("minisearch"), docPages()]);
  const made = new Search<DocPage>({
    idField: "path",
    fields: ["title", "text"],
    searchOptions: { boost: { title: 4 }, prefix: true, fuzzy: 0.15, combineWith: "AND" },
  });
  made.addAll(pages);
  return made;
}

/** Pages that have the words, the best first; the index is made at the first question. */
export async function search(words: string): Promise<DocPage[]> {
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

/** Pages by their groups, in the order in which they come. */
export function grouped(pages: readonly DocPage[]): [string, DocPage[]][] {
  const groups = new Map<string, DocPage[]>();
  for (const page of pages) groups.set(page.group, [...(groups.get(page.group) ?? []), page]);
  return [...groups];
}
