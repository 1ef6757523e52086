/** Pictures without a browser: Observable Plot to SVG text. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import * as Plot from "@observablehq/plot";
import { legend } from "./legend.ts";
import type { PlotOptions } from "./options.ts";
import { leftRoom, tickRoom } from "./room.ts";

/** Pictures to be shown one after the other. */
export interface Animation {
  /** SVG of each, of one size. */
  readonly pictures: readonly string[];
  /** Milliseconds between pictures, and how often the last one is repeated, so that it stays for a second. */
  readonly delay: number;
  readonly repeats: number;
}

/** A picture and what it shows. */
export interface Figure {
  /** File name without extension. */
  readonly name: string;
  readonly title: string;
  /** A sentence or two: what is drawn, in which units. */
  readonly caption: string;
  readonly svg: string;
}

const fonts = "Inter, system-ui, sans-serif";

/** That of the page, or outside of pages one of text alone. */
const document: Document =
  globalThis.document ?? (await import("linkedom")).parseHTML("<!doctype html><html><body></body></html>").document;

/** Ten colours that differ also for the colour-blind and on both backgrounds (Observable's own set). */
export const palette = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0"];

/**
 * SVG text of a plot. Lines and text take the colour of their surroundings (`currentColor`). `color: { legend: true }` writes the legend
 * into the picture, with `color.label` as its title. A first drawing tells how much room labels take. `Plot.raster` needs a canvas, which
 * there is not: draw fields with `Plot.contour`.
 */
export function plot(given: PlotOptions): string {
  const options = given as Plot.PlotOptions; // a part of them, in words that need no other types
  const { width = 760, color } = options;
  const draw = (room: Plot.PlotOptions) =>
    Plot.plot({
      width,
      // the label of the horizontal axis stands below its numbers
      ...(options.margin === undefined && { marginBottom: 42, ...room }),
      ...options,
      style: { fontFamily: fonts, fontSize: "12px", background: "none", overflow: "visible", ...(options.style as object) },
      x: { ...room.x, ...options.x },
      color: { range: palette, ...(color?.scheme && { range: undefined }), ...color, legend: false },
      document,
    });
  const draft = draw({});
  const scale = color?.legend === true ? draft.scale("color") : undefined;
  const key = scale && legend(document, scale, color as Plot.ScaleOptions, width - legendLeft - 8);
  const roomy = (x: Plot.ScaleOptions) => draw({ marginTop: 26 + (key?.height ?? 0), marginLeft: leftRoom(draft), x });
  const first = roomy(tickRoom(draft));
  // more ticks than in the draft may have longer names: -0.5 where there was a 0
  const [asked, needed] = [draft, first].map((drawn) => tickRoom(drawn));
  const made = (needed.tickSpacing ?? 0) > (asked.tickSpacing ?? 0) ? roomy(needed) : first;
  made.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  key?.element.setAttribute("transform", `translate(${legendLeft}, 30)`);
  if (key) made.append(key.element);
  // the background is that of the page, which may be dark
  return ownIds(shortNumbers(made.outerHTML.replace("--plot-background: white;", "")));
}

/**
 * Plot numbers its clip paths through all pictures of a process; here a picture's names come from itself, so that the same picture is the
 * same text.
 */
function ownIds(svg: string): string {
  const ids = [...new Set(svg.match(/plot-clip-\d+/g))];
  if (ids.length === 0) return svg;
  const counted = svg.replace(/plot-clip-\d+/g, (id) => `clip-${ids.indexOf(id)}`);
  const own = bytesToHex(sha256(utf8ToBytes(counted))).slice(0, 8);
  return counted.replace(/clip-(?=\d)/g, `clip-${own}-`);
}

const legendLeft = 12;

/** Pictures of one size side by side, `columns` in a line, as one. */
export function panels(pictures: readonly string[], columns: number): string {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(pictures[0])!.map(Number);
  const size = [width * Math.min(columns, pictures.length), height * Math.ceil(pictures.length / columns)];
  const open = pictures[0].slice(0, pictures[0].indexOf(">") + 1);
  const inner = (svg: string): string => svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>"));
  return [
    open
      .replace(/ width="[^"]*"/, ` width="${size[0]}"`)
      .replace(/ height="[^"]*"/, ` height="${size[1]}"`)
      .replace(/viewBox="[^"]*"/, `viewBox="0 0 ${size.join(" ")}"`),
    ...pictures.map((svg, i) => `<g transform="translate(${width * (i % columns)},${height * Math.floor(i / columns)})">${inner(svg)}</g>`),
    "</svg>",
  ].join("");
}

/** Coordinates to a hundredth of a unit: less than half the bytes, no visible change. */
function shortNumbers(svg: string): string {
  return svg.replace(/="[^"]*"/g, (attribute) => attribute.replace(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))));
}
