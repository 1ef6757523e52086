/** SVG to PNG, in Node. */
import { createRequire } from "node:module";
import { deflateSync } from "node:zlib";
import { words, writeChunks } from "../png/chunks.ts";

/**
 * PNG of an SVG picture on white, `scale` pixels a unit. Text is set in the Inter that comes along, also where no font is installed;
 * only signs that it lacks (such as the nabla) need one of the system's.
 */
export async function toPng(svg: string, scale = 2): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const resolve = createRequire(import.meta.url).resolve;
  const fontFiles = ["400Regular/Inter_400Regular", "700Bold/Inter_700Bold"].map((f) => resolve(`@expo-google-fonts/inter/${f}.ttf`));
  const image = new Resvg(drawable(svg), {
    background: "white",
    fitTo: { mode: "zoom", value: scale },
    // the system's are read from the disk again for every picture
    font: { fontFiles, loadSystemFonts: foreign.test(svg), defaultFontFamily: "Inter", sansSerifFamily: "Inter" },
  });
  const { width, height, pixels } = image.render();
  return encoded(pixels, width, height);
}

/** A sign that Inter may lack: Latin, Greek, Cyrillic, dashes, quotes, raised and lowered digits, and a few of mathematics are in it. */
export const foreign =
  /&#|[^\n -~\xa0-\xac\xae-\u0148\u0391-\u03a1\u03a3-\u03c9\u0410-\u044f\u2010-\u2027\u2074-\u208e\u2190-\u2199\u2206\u220f\u2211\u2212\u221a\u221e\u222b\u2248\u2260\u2264\u2265]/;

/**
 * Colours of four bytes a pixel as a PNG file. Flat areas and text need no filter, and zlib's third level makes them as small as resvg's own
 * encoder does, in a fifth of its time, which is half of a picture's.
 */
function encoded(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const row = 4 * width;
  const rows = new Uint8Array((row + 1) * height); // each begins with the number of its filter: none
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(row * y, row * (y + 1)), (row + 1) * y + 1);
  return writeChunks([
    { type: "IHDR", data: Uint8Array.of(...words(width, height), 8, 6, 0, 0, 0) }, // eight bits of red, green, blue and alpha
    { type: "IDAT", data: deflateSync(rows, { level: 3 }) },
    { type: "IEND", data: new Uint8Array() },
  ]);
}

/** Farther out than any picture is wide. */
const farthest = 1e5;

/** What resvg can draw: it reads no CSS variables, and numbers without bound are more than it can hold. */
function drawable(svg: string): string {
  // resvg reads no CSS variables, and takes currentColor from the attribute `color`
  const plain = svg.replaceAll("var(--plot-background)", "white").replace("<svg ", '<svg color="#1b1e23" ');
  return plain.replace(/\s(d|points|transform|[cr]?[xy][12]?)="([^"]*)"/g, (_, name: string, value: string) => {
    const near = value.replace(/-?(\d+(\.\d+)?(e[-+]?\d+)?|Infinity)/gi, (n) =>
      Math.abs(Number(n)) > farthest ? String(Math.sign(Number(n)) * farthest) : n,
    );
    return ` ${name}="${near}"`;
  });
}
