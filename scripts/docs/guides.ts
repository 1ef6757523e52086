/** The pages of docs/ as HTML for the studio: links lead to its own places, pictures stand beside them, HTML in the pages is text. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { Marked, type Tokens } from "marked";
import { escape } from "../../src/lab/report.ts";
import type { DocPage } from "../../studio/docs/docs.ts";

export interface WrittenPage extends DocPage {
  readonly html: string;
}

const map = "docs/README.md";

/** Where a file of the repository is read in the studio: "docs/runs.md" as "runs". */
const pathOf = (file: string): string => (file === map ? "map" : file.replace(/^docs\//, "").replace(/\.md$/, ""));

/** Every guide, in the order and the groups of the map of the docs. */
export function guides(): WrittenPage[] {
  const groups = new Map([["README.md", "Begin"], [map, "Begin"], ...mapped()]);
  const files = [...groups.keys(), ...globSync("docs/**/*.md").filter((file) => !groups.has(file))];
  return files.map((file) => {
    const text = readFileSync(file, "utf8");
    return page(pathOf(file), titleOf(text, file), groups.get(file) ?? "More", toHtml(text, file));
  });
}

/** A page with its words. */
export const page = (path: string, title: string, group: string, html: string): WrittenPage => ({ path, title, group, html, text: wordsOf(html) });

/** Files that the map names, with the heading under which each stands. */
function mapped(): [string, string][] {
  let group = "";
  return readFileSync(map, "utf8")
    .split("\n")
    .flatMap((line): [string, string][] => {
      group = /^## (.*)/.exec(line)?.[1] ?? group;
      const file = /^\| \[[^\]]*\]\(([^)#]*\.md)\)/.exec(line)?.[1];
      return file === undefined ? [] : [[normalize(join("docs", file)), group]];
    });
}

const titleOf = (text: string, file: string): string => (file === map ? "All pages" : (/^# (.*)$/m.exec(text)?.[1] ?? file)).replaceAll("`", "");

const wordsOf = (html: string): string =>
  html
    .replace(/<[^>]*>/g, " ")
    .replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ({ "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" })[entity] ?? entity)
    .replace(/\s+/g, " ")
    .trim();

/** Names of headings as GitHub makes them. */
function slugs(): (heading: string) => string {
  const seen = new Map<string, number>();
  return (heading) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before ? `${slug}-${before}` : slug;
  };
}

/** @param file  whose links it are */
export function toHtml(text: string, file: string): string {
  const slug = slugs();
  const marked = new Marked({
    renderer: {
      html: ({ text: raw }: Tokens.HTML | Tokens.Tag) => escape(raw),
      heading({ tokens, depth, text: raw }) {
        return `<h${depth} id="${escape(slug(raw))}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      image: ({ href, text: words }) => `<img src="docs/${escape(pictureOf(href, file))}" alt="${escape(words)}" loading="lazy">`,
      link({ href, tokens }) {
        const to = linkOf(href, file);
        const words = this.parser.parseInline(tokens);
        if (to === undefined) return words;
        return `<a href="${escape(to)}"${to.startsWith("http") ? ' rel="noreferrer"' : ""}>${words}</a>`;
      },
    },
  });
  return marked.parse(text, { async: false });
}

/** Pictures are copied from docs/images to images beside the pages. */
const pictureOf = (href: string, file: string): string => normalize(join(dirname(file), href)).replace(/^docs\//, "");

/** Where a link leads: to a page of the studio or the web; undefined for files of the repository, which readers of the package lack. */
function linkOf(href: string, file: string): string | undefined {
  if (/^https?:/.test(href)) return href;
  const [target, anchor] = href.split("#");
  const to = target === "" ? file : normalize(join(dirname(file), target));
  if (!to.endsWith(".md")) return undefined;
  return `#/docs/${pathOf(to)}${anchor ? `?at=${encodeURIComponent(anchor)}` : ""}`;
}
