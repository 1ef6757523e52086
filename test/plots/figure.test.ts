import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { palette, panels, plot } from "../../src/plots/figure.ts";
import type { ScaleOptions } from "../../src/plots/index.ts";
import { overlaps, textBoxes } from "./boxes.ts";

const texts = (svg: string, selector: string): string[] =>
  Array.from(parseHTML(svg).document.querySelectorAll(`${selector} text`), (t) => t.textContent ?? "");

const line = (from: number, to: number) => [from, to].map((x, i) => ({ x, y: 1e5 * i }));

describe("room for labels", () => {
  test.each([
    ["numbers of one digit", 0, 6, 760],
    ["days since 1970", 18290, 18294, 250],
    ["half days since 1970", 18290, 18292, 250],
    ["seconds since 1970", 1577836800, 1577836860, 250],
    ["small numbers", 0, 1e-4, 200],
  ])("%s do not touch each other, nor the label of the axis", (_, from, to, width) => {
    const svg = plot({
      width,
      height: 200,
      x: { label: "a long name of an axis", tickFormat: "~r" },
      marks: [Plot.line(line(from, to), { x: "x", y: "y" })],
    });
    const ticks = texts(svg, '[aria-label="x-axis tick label"]').map(Number);
    expect(ticks.length).toBeGreaterThan(1);
    expect(new Set(ticks).size).toBe(ticks.length);
    expect(overlaps(textBoxes(svg))).toEqual([]);
  });

  test("names and numbers of the vertical axis stay inside the picture", () => {
    for (const name of ["a", "a name that is rather long, longer than numbers"]) {
      const svg = plot({ y: { label: null }, marks: [Plot.barX([{ name, value: 1 }], { x: "value", y: "name" })] });
      expect(Math.min(...textBoxes(svg).map((b) => b.left))).toBeGreaterThanOrEqual(0);
    }
  });
});

describe("legends", () => {
  const field = (color: ScaleOptions) =>
    plot({
      color: { legend: true, ...color },
      x: { label: "a" },
      y: { label: "b" },
      marks: [Plot.dot(line(0, 1), { x: "x", y: "y", fill: "x" })],
    });

  test.each([
    ["growth rate", { type: "diverging", scheme: "RdBu", domain: [-0.05135, 0.05135] }],
    ["time", { type: "linear", scheme: "viridis", domain: [18262, 18322], tickFormat: "~r" }],
    ["probability", { type: "linear", scheme: "blues", domain: [0, 1] }],
  ] as const)("of %s has its title and round numbers inside its range", (label, options) => {
    const svg = field({ label, ...options });
    const [title, ...numbers] = texts(svg, '[aria-label="legend"]');
    expect(title).toBe(label);
    expect(numbers.length).toBeGreaterThan(1);
    for (const number of numbers.map((n) => Number(n.replace("−", "-")))) {
      expect(number).toBeGreaterThanOrEqual(options.domain[0]);
      expect(number).toBeLessThanOrEqual(options.domain[1]);
    }
    expect(overlaps(textBoxes(svg))).toEqual([]);
  });

  test("of many categories take the lines that they need", () => {
    const names = Array.from({ length: 30 }, (_, i) => `a category, number ${i}`);
    const svg = plot({
      color: { legend: true, domain: names, range: palette },
      y: { label: "b" },
      marks: [
        Plot.dot(
          names.map((name, i) => ({ name, i })),
          { x: "i", y: "i", fill: "name" },
        ),
      ],
    });
    const boxes = textBoxes(svg);
    expect(Math.max(...boxes.map((b) => b.right))).toBeLessThanOrEqual(760);
    expect(overlaps(boxes)).toEqual([]);
  });
});

test("panels stand in a grid and keep their text", () => {
  const one = (name: string) => plot({ width: 250, height: 100, y: { label: name }, marks: [Plot.dot(line(0, 1), { x: "x", y: "y" })] });
  const svg = panels(["a", "b", "c"].map(one), 2);
  expect(/viewBox="([^"]*)"/.exec(svg)?.[1]).toBe("0 0 500 200");
  const places = textBoxes(svg).flatMap((b) =>
    /[abc]$/.test(b.text) ? [[b.text.slice(-1), Math.floor(b.left / 250), Math.floor(b.bottom / 100)]] : [],
  );
  expect(places).toEqual([
    ["a", 0, 0],
    ["b", 1, 0],
    ["c", 0, 1],
  ]);
  expect(overlaps(textBoxes(svg))).toEqual([]);
});

test("the same picture is the same text, and its clip paths have names that no other picture has", () => {
  const picture = (to: number): string => plot({ marks: [Plot.line(line(0, to), { x: "x", y: "y", clip: "frame" })] });
  const [a, b, c] = [picture(2), picture(2), picture(3)];
  expect(a).toBe(b);
  const ids = (svg: string): string[] => [...svg.matchAll(/<clipPath id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids(a)).toHaveLength(1);
  expect(a).toContain(`url(#${ids(a)[0]})`);
  expect(ids(a)[0]).not.toBe(ids(c)[0]);
});
