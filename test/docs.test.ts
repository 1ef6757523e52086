/** The pages: what they link to is there, and their paragraphs are short enough to be read in a hurry. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const pages = ["README.md", ...globSync("docs/**/*.md")].sort();
const text = (page: string) => readFileSync(page, "utf8");
/** Without what stands in fences. */
const prose = (page: string) => text(page).replace(/^```[\s\S]*?^```$/gm, "");

/** Names of a page's headings as GitHub makes them: small letters, signs left out, blanks as hyphens, numbers where one comes again. */
function anchors(page: string): string[] {
  const seen = new Map<string, number>();
  return [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    const slug = heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before ? `${slug}-${before}` : slug;
  });
}

/** Every link of a page to a file of the repository: [page, file, anchor]. */
const links = pages.flatMap((page) =>
  [
    ...prose(page)
      .replace(/`[^`\n]*`/g, "")
      .matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]*))?\)/g),
  ].map(([, file, anchor]) => [page, file ? normalize(join(dirname(page), file)) : page, anchor] as const),
);

test("every link of README and docs leads to a file, every anchor to a heading", () => {
  const lost = links.filter(([, file, anchor]) => !existsSync(file) || (anchor !== undefined && !anchors(file).includes(anchor)));
  expect(lost).toEqual([]);
  // the rules above read what they should: the map names every page
  const mapped = new Set(links.filter(([page]) => page === "docs/README.md").map(([, file]) => file));
  expect(pages.filter((page) => page !== "README.md" && page !== "docs/README.md" && !mapped.has(page))).toEqual([]);
});

test("anchors are GitHub's", () => {
  const trajectories = anchors("docs/trajectories.md");
  expect(trajectories).toContain("λ-the-price-of-growth-too-small-too-great");
  expect(anchors("docs/information.md")).toContain("both-sides-bounds");
});

test("a paragraph, or an item of a list, has at most five lines of 140 letters; the format of files, for programs, is the exception", () => {
  const blocks = (page: string) =>
    prose(page)
      .split(/\n{2,}|\n(?=\s*(?:[-*]|\d+\.) )|\n(?=\|)|\n(?=#)/)
      .filter((block) => !/^\||^ {4}/.test(block));
  const long = pages
    .filter((page) => page !== "docs/graph-format.md")
    .flatMap((page) => blocks(page).map((block) => [page, block.trim()] as const))
    .filter(([, block]) => block.length > 5 * 140)
    .map(([page, block]) => [page, block.length, block.slice(0, 60)]);
  expect(long).toEqual([]);
});
