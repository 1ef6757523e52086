/** Pictures that are made already, with words beside their lines and marks on top. */
import * as Plot from "@observablehq/plot";
import { plot } from "./figure.ts";

/** A raster as a data URI, and its size in pixels. */
export interface Raster {
  readonly uri: string;
  readonly width: number;
  readonly height: number;
}

/** Widest that a picture is shown. */
export const widest = 740;

/** A raster as wide as it is, or scaled down to the page, with words to the left of its lines. */
export function framedRaster({ uri, width, height }: Raster, room: number, lines: readonly string[]): string {
  const scale = Math.min(1, (widest - room) / width);
  const [w, h] = [width * scale, height * scale];
  const at = lines.map((text, i) => ({ text, y: (i + 0.5) / lines.length }));
  return plot({
    ...{ width: w + room + 4, height: h + 4, margin: 2, marginLeft: room + 2 },
    x: { axis: null, domain: [0, 1] },
    y: { axis: null, domain: [1, 0] },
    marks: [
      Plot.image([uri], { x: 0.5, y: 0.5, src: (d: string) => d, width: w, height: h, preserveAspectRatio: "none" }),
      Plot.text(at, { x: 0, y: "y", text: "text", textAnchor: "end", dx: -8 }),
    ],
  });
}
