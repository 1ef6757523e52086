/** Pictures without a browser: Observable Plot to SVG text, SVG to PNG. */
import { createRequire } from "node:module";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { formatNumber } from "./numbers.ts";

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

/** Ten colours that differ also for the colour-blind and on both backgrounds (Observable's own set). */
export const palette = [
  "#4269d0",
  "#efb118",
  "#ff725c",
  "#6cc5b0",
  "#3ca951",
  "#ff8ab7",
  "#a463f2",
  "#97bbf5",
  "#9c6b4e",
  "#9498a0",
];

/**
 * SVG text of a plot. Lines and text take the colour of their surroundings (`currentColor`). `color: { legend: true }` writes the legend
 * into the picture. `Plot.raster` needs a canvas, which there is not: draw fields with `Plot.contour`.
 */
export function plot(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const legend = options.color?.legend === true;
  const made = Plot.plot({
    width: 760,
    marginTop: legend ? 50 : 26,
    ...options,
    style: { fontFamily: fonts, fontSize: "12px", background: "none", overflow: "visible", ...(options.style as object) },
    color: { range: palette, ...(options.color?.scheme && { range: undefined }), ...options.color, legend: false },
    document: document as never,
  });
  made.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const scale = legend && made.scale("color");
  if (scale) made.append(legendOf(document as never, scale));
  return shortNumbers(made.outerHTML);
}

/** Coordinates to a hundredth of a unit: less than half the bytes, no visible change. */
function shortNumbers(svg: string): string {
  return svg.replace(/="[^"]*"/g, (attribute) =>
    attribute.replace(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))),
  );
}

type Drawing = (name: string, attributes: Record<string, string | number>, text?: string) => Element;

/** Dots with the names of categories, or a band with the ends of a range. */
function legendOf(document: Document, scale: Plot.Scale): Element {
  const draw: Drawing = (name, attributes, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.textContent = text;
    return element;
  };
  const group = draw("g", { transform: "translate(46, 28)", "text-anchor": "start", fill: "currentColor" });
  const categories = scale.type === "ordinal" || scale.type === "categorical";
  group.append(...(categories ? dots(draw, scale) : band(draw, scale)));
  return group;
}

/** No font is at hand to measure text; Inter's letters are about 0.58 em wide. */
const textWidth = (text: string): number => 7 * text.length;

function dots(draw: Drawing, scale: Plot.Scale): Element[] {
  let at = 0;
  return [...scale.domain!].flatMap((category) => {
    const [x, name] = [at, String(category)];
    at += 28 + textWidth(name);
    return [
      draw("circle", { cx: x, cy: 0, r: 5, fill: String(scale.apply(category)) }),
      draw("text", { x: x + 9, dy: "0.35em" }, name),
    ];
  });
}

function band(draw: Drawing, scale: Plot.Scale): Element[] {
  const domain = [...scale.domain!].map(Number);
  const [low, high] = [Math.min(...domain), Math.max(...domain)];
  const start = textWidth(formatNumber(low)) + 6;
  const pieces = Array.from({ length: 60 }, (_, i) =>
    draw("rect", {
      x: start + 3 * i,
      y: -5,
      width: 3.2,
      height: 10,
      fill: String(scale.apply(low + ((high - low) * (i + 0.5)) / 60)),
    }),
  );
  const ends = [
    draw("text", { dy: "0.35em" }, formatNumber(low)),
    draw("text", { x: start + 188, dy: "0.35em" }, formatNumber(high)),
  ];
  return [...pieces, ...ends];
}

/**
 * PNG of an SVG picture on white, `scale` pixels a unit. Text is set in the Inter that comes along, also where no font is installed;
 * only signs that it lacks (such as the nabla) need one of the system's.
 */
export async function toPng(svg: string, scale = 2): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const resolve = createRequire(import.meta.url).resolve;
  const fontFiles = ["400Regular/Inter_400Regular", "700Bold/Inter_700Bold"].map((f) =>
    resolve(`@expo-google-fonts/inter/${f}.ttf`),
  );
  // resvg reads no CSS variables, and takes currentColor from the attribute `color`
  const plain = svg.replaceAll("var(--plot-background)", "white").replace("<svg ", '<svg color="#1b1e23" ');
  const image = new Resvg(plain, {
    background: "white",
    fitTo: { mode: "zoom", value: scale },
    font: { fontFiles, defaultFontFamily: "Inter", sansSerifFamily: "Inter" },
  });
  return image.render().asPng();
}
