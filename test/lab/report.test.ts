import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { foreign, toPng } from "../../src/lab/png.ts";
import { type Report, renderReport } from "../../src/lab/report.ts";
import { plot } from "../../src/plots/figure.ts";
import { hasBrowser, inWindow } from "../page.ts";

const points = [0, 1, 2, 3].map((x) => ({ x, y: x * x, group: x < 2 ? "low" : "high" }));
const dots = () => plot({ color: { legend: true }, x: { label: "time" }, marks: [Plot.dot(points, { x: "x", y: "y", fill: "group" })] });

/** Counts pixels of the PNG of a picture, which resvg decodes when it is put into another picture. */
async function pixels(svg: string): Promise<{ width: number; height: number; dark: number; coloured: number }> {
  const { Resvg } = await import("@resvg/resvg-js");
  const png = Buffer.from(await toPng(svg, 1)).toString("base64");
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
  const image = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image width="${width}" height="${height}" href="data:image/png;base64,${png}"/></svg>`;
  const rendered = new Resvg(image).render();
  const raw = rendered.pixels;
  let [dark, coloured] = [0, 0];
  for (let i = 0; i < raw.length; i += 4) {
    const [r, g, b] = raw.subarray(i, i + 3);
    if (Math.max(r, g, b) < 128) dark++;
    if (Math.max(r, g, b) - Math.min(r, g, b) > 60) coloured++;
  }
  return { width: rendered.width, height: rendered.height, dark, coloured };
}

describe("figures", () => {
  test("are one SVG with axes, data and legend, in the ink of their surroundings", () => {
    const svg = dots();
    const { document } = parseHTML(svg);
    const root = document.querySelector("svg")!;
    expect(svg.startsWith("<svg ")).toBe(true);
    expect(root.getAttribute("xmlns")).toBe("http://www.w3.org/2000/svg");
    expect(root.querySelectorAll('[aria-label="dot"] circle').length).toBe(4);
    const legend = Array.from(root.querySelectorAll("text"), (t) => t.textContent).filter((t) => t === "low" || t === "high");
    expect(legend).toEqual(["high", "low"]); // Plot sorts categories
    expect(svg).toContain("time");
    expect(svg).not.toMatch(/="[^"]*\d\.\d{3}/);
  });

  test("a continuous scale gets a band with its ends", () => {
    const svg = plot({ color: { legend: true, scheme: "viridis" }, marks: [Plot.dot(points, { x: "x", y: "y", fill: "y" })] });
    const { document } = parseHTML(svg);
    const texts = Array.from(document.querySelectorAll("text"), (t) => t.textContent);
    expect(texts).toContain("9");
    expect(document.querySelectorAll("rect").length).toBe(60);
  });

  test("become PNGs in which text and data are drawn", async () => {
    const { width, height, dark, coloured } = await pixels(dots());
    expect(`0 0 ${width} ${height}`).toBe(/viewBox="([^"]*)"/.exec(dots())?.[1]);
    // text alone: the same picture without letters has far fewer dark pixels
    const bare = await pixels(dots().replace(/<text[^>]*>[^<]*<\/text>/g, ""));
    expect(dark - bare.dark).toBeGreaterThan(150);
    // four dots of radius 3 and two of 5 in the legend: about 113 + 157 pixels
    expect(coloured).toBeGreaterThan(150);
    const png = await toPng(dots(), 2);
    expect([...png.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
    expect(new DataView(png.buffer, png.byteOffset).getUint32(16)).toBe(2 * 760);
  });
});

/** Signs that a font draws: the ranges of its character map in the 32-bit format (OpenType 1.9.1, `cmap` format 12). */
function signsOf(file: string): Set<number> {
  const bytes = readFileSync(file);
  const tables = Array.from({ length: bytes.readUInt16BE(4) }, (_, i) => bytes.subarray(12 + 16 * i));
  const cmap = bytes.subarray(tables.find((t) => t.toString("latin1", 0, 4) === "cmap")!.readUInt32BE(8));
  const maps = Array.from({ length: cmap.readUInt16BE(2) }, (_, i) => cmap.subarray(cmap.readUInt32BE(8 + 8 * i)));
  const map = maps.find((m) => m.readUInt16BE(0) === 12)!;
  const ranges = Array.from({ length: map.readUInt32BE(12) }, (_, i) => [0, 4].map((at) => map.readUInt32BE(16 + 12 * i + at)));
  return new Set(ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i)));
}

test("the signs for which no font of the system is asked are in the Inter that comes along", () => {
  const { resolve } = createRequire(import.meta.url);
  const own = Array.from({ length: 0xffff }, (_, i) => i).filter((i) => i !== 10 && !foreign.test(String.fromCharCode(i)));
  expect(own.length).toBeGreaterThan(400);
  for (const font of ["400Regular/Inter_400Regular", "700Bold/Inter_700Bold"]) {
    const signs = signsOf(resolve(`@expo-google-fonts/inter/${font}.ttf`));
    expect(own.filter((i) => !signs.has(i))).toEqual([]);
  }
  for (const sign of ["∇", "&#8711;"]) expect(foreign.test(`<text>${sign}</text>`)).toBe(true);
});

describe("the report", () => {
  const report: Report = {
    title: "A <script>alert(1)</script> & title",
    summary: "What came out.",
    numbers: [
      { name: "W1", value: 0.8234, error: 0.0123, note: "exact" },
      { name: "K", value: 2.2323009 },
      { name: "device", value: "cpu" },
    ],
    tables: [{ title: "Folds", columns: ["time", "W1"], rows: [["1", 0.84567]], caption: "leave one out" }],
    figures: [{ name: "loss", title: "Loss", caption: "per step", svg: dots() }],
    warnings: ["fewer than 10 particles"],
    config: { seed: 1, net: [64, 64], label: "<b>", unset: undefined },
    command: "npx pushforward trajectories --data gapminder --seed 1",
    provenance: { pushforward: "0.1.0", time: "12 s" },
    record: {
      format: 2,
      id: "x",
      created: 0,
      code: "0.1.0+abcdef01",
      invocation: null,
      inputs: [{ path: "cells <1>.csv", bytes: 12, sha256: "0a".repeat(32) }],
      config: {},
    },
  };
  const page = renderReport(report);
  const { document } = parseHTML(page);

  test("holds numbers with uncertainties, tables, pictures, configuration and the command", () => {
    const rows = Array.from(document.querySelectorAll("tr"), (r) => Array.from(r.children, (c) => c.textContent));
    expect(rows).toContainEqual(["W1", "0.823 ± 0.012", "exact"]);
    expect(rows).toContainEqual(["K", "2.232", ""]);
    expect(rows).toContainEqual(["1", "0.8457"]);
    expect(rows).toContainEqual(["net", "[64,64]"]);
    expect(rows.map(([name]) => name)).not.toContain("unset");
    expect(rows).toContainEqual(["input cells <1>.csv", `12 bytes, SHA-256 ${"0a".repeat(32)}`]);
    expect(document.querySelector("footer")?.textContent).toBe(
      "pushforward 0.1.0 · time 12 s · code 0.1.0+abcdef01 · begun 1970-01-01T00:00:00.000Z",
    );
    expect(document.querySelector("pre")?.textContent).toBe(report.command);
    expect(document.querySelectorAll("figure svg").length).toBe(1);
    expect(document.querySelector(".warning")?.textContent).toBe("fewer than 10 particles");
  });

  test("lets no text become markup", () => {
    expect(document.querySelectorAll("script, b").length).toBe(0);
    expect(document.querySelector("h1")?.textContent).toBe(report.title);
  });

  test("asks the network for nothing", () => {
    const elsewhere = page.replaceAll("http://www.w3.org/2000/svg", "").match(/(https?:)?\/\/[\w.]+|<link|<script|@import|url\(/g);
    expect(elsewhere).toBeNull();
  });

  test("begins with the verdict and its picture; numbers follow, tables and what was run are folded", () => {
    const order = Array.from(document.body.children, (e) => e.tagName.toLowerCase());
    expect(order.filter((tag) => tag !== "h2")).toEqual(["h1", "p", "figure", "p", "table", "details", "details", "footer"]);
    const folds = [...document.querySelectorAll("details")];
    expect(folds.map((fold) => fold.querySelector("summary")?.textContent)).toEqual(["Folds 1 row", "What was run"]);
    expect(folds.every((fold) => !fold.hasAttribute("open"))).toBe(true);
    // a page of a table alone shows it
    expect(renderReport({ ...report, numbers: [] })).toContain("<details open>");
  });

  test.skipIf(!hasBrowser)("fits a window of 400 pixels, whatever is in it, folded or not; prints unfolded", async () => {
    const long = "a".repeat(300);
    const cells = Array.from({ length: 20 }, (_, i) => `column${i}`);
    const wide = renderReport({
      ...report,
      title: `Title ${long}`,
      summary: long,
      numbers: [...report.numbers, { name: long, value: 1, error: 0.1, note: long }, { name: "text", value: long }],
      tables: [{ title: long, columns: cells, rows: [cells, cells] }],
      warnings: [long],
      config: { [long]: 1, list: cells },
      command: `pushforward ${long}`,
    });
    await inWindow(wide, 400, async (tab) => {
      const width = () => tab.evaluate(() => globalThis.document.documentElement.scrollWidth);
      const shown = (selector: string) => tab.locator(selector).first().isVisible();
      expect(await width()).toBeLessThanOrEqual(400);
      expect(await shown("pre")).toBe(false);
      // the picture is seen without scrolling, of a title that is no longer than titles are
      await tab.evaluate(() => {
        for (const text of globalThis.document.querySelectorAll("h1, .summary"))
          text.textContent = "A sentence of the usual length, with a number.";
      });
      const { y = 0, height = 0 } = (await tab.locator("figure svg").first().boundingBox()) ?? {};
      expect(y + height).toBeLessThan(500);
      await tab.locator("figure").first().focus();
      expect(await width()).toBeLessThanOrEqual(400);
      await tab.evaluate(() => {
        for (const fold of globalThis.document.querySelectorAll("details")) fold.open = true;
      });
      expect(await width()).toBeLessThanOrEqual(400);
      expect(await shown("pre")).toBe(true);
      await tab.evaluate(() => {
        for (const fold of globalThis.document.querySelectorAll("details")) fold.open = false;
      });
      await tab.emulateMedia({ media: "print" });
      const { height: printed = 0 } = (await tab.locator("pre").boundingBox()) ?? {};
      expect(printed).toBeGreaterThan(20);
    });
  });
});
