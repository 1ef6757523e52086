/**
 * The guides and the reference as files that the page of the studio loads: docs/index.json (titles, headings and plain text, to search in)
 * and a file of HTML for each page. HTML in the sources is shown as it is written, not obeyed; links lead to other pages of the studio.
 */
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { Marked } from "marked";
import type { DocHeading, DocIndex, DocPage } from "../src/studio/api.ts";
import { type Item, type Room, reference } from "./reference.ts";

/**
 * @param out    folder of the built page; its docs/ is written
 * @param types  folder of declarations (.d.ts) of all rooms
 */
export function writeDocs(out: string, types: string): void {
  const sources = globSync("docs/**/*.md").map((file) => file.replaceAll("\\", "/"));
  const paths = new Set(sources.map(pathOf));
  const guides = sources.sort().map((file) => pageOf(pathOf(file), readFileSync(file, "utf8"), paths));
  const pages = [...guides, ...reference(types).map((room) => pageOf(`api/${room.name}`, markdownOf(room), paths))];
  for (const page of pages) write(join(out, "docs", `${page.path}.json`), JSON.stringify(page));
  const index: DocIndex = pages.map(({ path, title, headings, html }) => ({ path, title, headings, text: plainText(html) }));
  write(join(out, "docs", "index.json"), JSON.stringify(index));
  for (const image of globSync("docs/images/*")) {
    mkdirSync(join(out, "docs", "images"), { recursive: true });
    copyFileSync(image, join(out, "docs", "images", basename(image)));
  }
}

/** "measurements/graph" of docs/measurements/graph.md. */
const pathOf = (file: string): string => file.replace(/^docs\//, "").replace(/\.md$/, "");

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** @param paths  of all pages, to which links may lead */
export function pageOf(path: string, markdown: string, paths: ReadonlySet<string>): DocPage {
  const headings: DocHeading[] = [];
  const seen = new Map<string, number>();
  const marked = new Marked();
  marked.use({
    renderer: {
      html: ({ text }) => escape(text),
      heading({ tokens, depth }) {
        const html = this.parser.parseInline(tokens);
        const text = plainText(html);
        const slug = slugOf(text);
        const before = seen.get(slug) ?? 0;
        seen.set(slug, before + 1);
        const id = before > 0 ? `${slug}-${before}` : slug;
        headings.push({ id, text, depth });
        return `<h${depth} id="${escape(id)}">${html}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        const target = targetOf(path, href, paths);
        if (target === undefined) return inner;
        return `<a href="${escape(target)}"${target.startsWith("#") ? "" : ' rel="noreferrer" target="_blank"'}>${inner}</a>`;
      },
      image({ href, text }) {
        const file = normalize(join("docs", dirname(path), href)).replaceAll("\\", "/");
        return file.startsWith("docs/images/") ? `<img src="${escape(file)}" alt="${escape(text)}" loading="lazy">` : escape(text);
      },
    },
  });
  const html = marked.parse(markdown, { async: false });
  return { path, title: headings[0]?.text ?? path, headings, html };
}

/** Where a link leads in the studio: another page, a heading, the web; nothing, if it is a file of the repository. */
function targetOf(path: string, href: string, paths: ReadonlySet<string>): string | undefined {
  if (/^https?:\/\//.test(href)) return href;
  const [file, anchor] = href.split("#");
  const page = file === "" ? path : pathOf(normalize(join("docs", dirname(path), file)).replaceAll("\\", "/"));
  if (!paths.has(page) && page !== path) return undefined;
  return `#/docs/${page}${anchor ? `#${anchor}` : ""}`;
}

/** GitHub's names of headings. */
const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, "")
    .replaceAll(" ", "-");

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign]);
const signs = Object.fromEntries(Object.entries(entities).map(([sign, entity]) => [entity, sign]));

function plainText(html: string): string {
  const bare = html.replace(/<[^>]*>/g, " ").replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => signs[entity]);
  return bare.replace(/\s+/g, " ").trim();
}

/** A room of the library as a page: what it is for, and each thing with its declaration and what is said of it. */
function markdownOf({ name, about, items }: Room): string {
  const one = ({ name, declaration, doc }: Item): string => `## ${name}\n\n\`\`\`ts\n${declaration}\n\`\`\`\n\n${doc}\n`;
  return `# pushforward/${name}\n\n${about}\n\n${items.map(one).join("\n")}`;
}
