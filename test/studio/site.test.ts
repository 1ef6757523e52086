/** The page as a site of files: what is in it, and what is not touched. Guides and reference: what they say, and where links lead. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pageOf } from "../../scripts/docs.ts";
import { declarations } from "../../scripts/reference.ts";
import { run } from "../../src/cli/program.ts";
import { openRun } from "../../src/lab/index.ts";
import { openBrowser } from "../../src/studio/browser.ts";
import { exportSite } from "../../src/studio/export.ts";
import { studioCommand } from "../../src/studio/index.ts";
import { folders, until } from "./visit.ts";

let place: ReturnType<typeof folders>;
let site: string;
beforeEach(() => {
  place = folders();
  site = join(place.base, "site");
});
afterEach(() => place.remove());

const written = () => readdirSync(site, { recursive: true }).map(String).sort();

test("a site holds the page, told that it has no server, and the chosen reports; it takes the place of an earlier one alone", async () => {
  const one = await openRun(join(place.root, "group", "one"), { seed: 1 });
  await one.write(
    "report.html",
    '<!doctype html><html><head></head><body><h1>One &amp; only</h1><p class="summary">It went well.</p></body></html>',
  );
  await one.close();
  const options = { page: () => place.page, folder: site, root: place.root };
  const unbuilt = (): string => {
    throw new Error("the page was built");
  };
  expect(await exportSite({ ...options, reports: ["group/one"] })).toEqual({ files: 4 });
  expect(written()).toEqual([
    ".pushforward-site.json",
    "assets",
    "assets/a-1234.js",
    "index.html",
    "reports",
    "reports/group-one.html",
    "reports/index.json",
  ]);
  expect(readFileSync(join(site, "index.html"), "utf8")).toContain('<meta name="pushforward-studio" content="static">');
  expect(JSON.parse(readFileSync(join(site, "reports", "index.json"), "utf8"))).toEqual([
    { name: "group/one", title: "One & only", summary: "It went well.", path: "reports/group-one.html" },
  ]);
  expect(readFileSync(join(site, "reports", "group-one.html"), "utf8")).toContain("default-src 'none'");
  writeFileSync(join(site, "CNAME"), "example.org");
  await exportSite({ ...options, reports: [] });
  expect([existsSync(join(site, "reports", "group-one.html")), existsSync(join(site, "CNAME"))]).toEqual([false, true]);
  await expect(exportSite({ ...options, page: unbuilt, reports: ["two"] })).rejects.toThrow(/there is no run "two"/);
  mkdirSync(join(place.base, "full"));
  writeFileSync(join(place.base, "full", "mine.txt"), "mine");
  await expect(exportSite({ ...options, page: unbuilt, folder: join(place.base, "full"), reports: [] })).rejects.toThrow(/not empty/);
  expect(readdirSync(join(place.base, "full"))).toEqual(["mine.txt"]);
});

test("the command refuses what cannot be served, in words", async () => {
  let error = "";
  const output = { out: () => undefined, error: (text: string) => void (error += text) };
  const commands = [{ name: "studio", summary: "", load: async () => studioCommand([]) }];
  expect(await run(["studio", "--data", join(place.base, "nothing")], commands, output)).toBe(1);
  expect(error).toMatch(/^error: --data: .* is no folder/);
  error = "";
  writeFileSync(join(place.base, "file"), "");
  expect(await run(["studio", "--root", join(place.base, "file")], commands, output)).toBe(1);
  expect(error).toMatch(/^error: --root: .* is no folder\n {2}hint: /);
});

test.runIf(process.platform === "linux")(
  "the browser is given the address by a file that only its owner can read, not by words that all can see",
  async () => {
    const [bin, given] = [join(place.base, "bin"), join(place.base, "given")];
    mkdirSync(join(place.root, ".studio"), { recursive: true });
    mkdirSync(bin);
    writeFileSync(
      join(bin, "xdg-open"),
      `#!/bin/sh\nstat -c %a "$1" > ${given}.part; cat "$1" >> ${given}.part; mv ${given}.part ${given}\n`,
      { mode: 0o755 },
    );
    const { PATH, DISPLAY, WAYLAND_DISPLAY } = process.env;
    const told: string[] = [];
    const tell = (message: string): void => void told.push(message);
    try {
      Object.assign(process.env, { PATH: `${bin}:${PATH}`, DISPLAY: ":0" });
      openBrowser("http://127.0.0.1:1/?token=x", place.root, tell);
      await until(() => existsSync(given));
      expect(readFileSync(given, "utf8")).toMatch(/^600\n.*url=http:\/\/127\.0\.0\.1:1\/\?token=x"/);
      expect(told).toEqual([]);
      rmSync(join(bin, "xdg-open"));
      process.env.PATH = bin;
      openBrowser("http://127.0.0.1:1/?token=x", place.root, tell);
      await until(() => told.length === 1);
      delete process.env.DISPLAY;
      delete process.env.WAYLAND_DISPLAY;
      openBrowser("http://127.0.0.1:1/?token=x", place.root, tell);
      expect(told[1]).toBe(told[0]);
    } finally {
      Object.assign(process.env, { PATH, ...(DISPLAY && { DISPLAY }), ...(WAYLAND_DISPLAY && { WAYLAND_DISPLAY }) });
    }
  },
);

test("guides become pages: HTML in them is text, links lead to other pages, pictures to their copies", () => {
  const markdown = [
    "# A *guide* & more",
    "See [runs](runs.md), [tables](measurements/runs.md#all-of-it), [here](#twice), [code](../x.ts), [web](https://example.org/a?b=1&c).",
    "<script>alert(1)</script> and [bad](javascript:alert(1))",
    "## Twice",
    "## Twice",
    "![a picture](images/a.png) ![another](../../x.png)",
    "| a | b |\n|---|---|\n| 1 | <i>2</i> |",
  ].join("\n\n");
  const { title, headings, html } = pageOf("guide", markdown, new Set(["runs", "measurements/runs"]));
  expect(title).toBe("A guide & more");
  expect(headings.map(({ id, depth }) => [id, depth])).toEqual([
    ["a-guide--more", 1],
    ["twice", 2],
    ["twice-1", 2],
  ]);
  for (const link of [
    '<a href="#/docs/runs">runs</a>',
    '<a href="#/docs/measurements/runs#all-of-it">tables</a>',
    '<a href="#/docs/guide#twice">here</a>',
  ])
    expect(html).toContain(link);
  expect(html).toContain('<a href="https://example.org/a?b=1&amp;c" rel="noreferrer" target="_blank">web</a>');
  expect(html).not.toMatch(/<script|<i>|href="javascript:|x\.ts|x\.png/);
  expect(html).toContain('<img src="docs/images/a.png" alt="a picture" loading="lazy">');
  const { html: inner } = pageOf("measurements/runs", "[up](../runs.md)", new Set(["runs"]));
  expect(inner).toContain('href="#/docs/runs"');
});

test("declarations are read with what is said of them, overloads together", () => {
  const found = declarations(`/** About the file. */
import type { A } from "./a.ts";
/**
 * Adds; "quotes}" and {braces} mean nothing here.
 *
 *   c = a + b
 *
 * @param a  first; \`{\` too
 * @returns  the sum
 */
export declare function add(a: number, b: A<"}">): (x: number) => number;
export declare function add(a: string): string;
/** A thing. */
export interface Thing<T extends object = {}> {
    /** Inside { */
    readonly value: T;
}
export type Pair = readonly [number, {
    a: 1;
}];
export declare const one: 1, two: number;
declare const hidden: string;
`);
  expect(found.map(({ name }) => name)).toEqual(["add", "Thing", "Pair", "one"]);
  expect(found[0].declaration).toBe('function add(a: number, b: A<"}">): (x: number) => number;\nfunction add(a: string): string;');
  expect(found[0].doc).toContain("- **`a`** first");
  expect(found[1].declaration).toMatch(/^interface Thing<[\s\S]*\}$/);
  expect(found[1].doc).toBe("A thing.");
});
