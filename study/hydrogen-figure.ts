/** The picture of the hydrogen study: projections of true and learned clouds at some times. */
import * as Plot from "@observablehq/plot";
import sharp from "sharp";
import type { NdArray } from "../src/array/index.ts";
import { toPng } from "../src/lab/png.ts";
import { palette, plot } from "../src/plots/figure.ts";

/** Points of a cloud seen along z (x and y) or along y (x and z). */
const side = (cloud: NdArray<"f32">, column: string, row: string) =>
  Array.from({ length: cloud.shape[0] }, (_, i) => ({
    x: cloud.data[3 * i],
    y: cloud.data[3 * i + (row.startsWith("x, z") ? 2 : 1)],
    column,
    row,
  }));

/** PNG of clouds at the times: rows are the projection and the origin, columns are times. */
export async function cloudsFigure(
  times: readonly number[],
  clouds: Readonly<Record<"truth" | "learned", readonly NdArray<"f32">[]>>,
): Promise<Uint8Array> {
  const columns = times.map((t) => `t = ${Math.round(t)}`);
  const rows = ["x, y: fresh samples", "x, y: learned", "x, z: fresh samples", "x, z: learned"];
  const points = rows.flatMap((row) =>
    columns.flatMap((column, k) => side(clouds[row.endsWith("learned") ? "learned" : "truth"][k], column, row)),
  );
  const svg = plot({
    width: 880,
    height: 900,
    marginRight: 130,
    marginBottom: 30,
    grid: true,
    x: { domain: [-250, 250], label: null, ticks: 3 },
    y: { domain: [-250, 250], label: null, ticks: 3 },
    fx: { domain: columns, label: null, padding: 0.05 },
    fy: { domain: rows, label: null, padding: 0.05 },
    marks: [
      Plot.frame({ stroke: "currentColor", strokeOpacity: 0.2 }),
      Plot.dot(points, {
        x: "x",
        y: "y",
        fx: "column",
        fy: "row",
        r: 1,
        fill: (p: { row: string }) => (p.row.endsWith("learned") ? palette[2] : palette[0]),
        fillOpacity: 0.35,
        clip: true,
      }),
    ],
  });
  // a palette of the few colours there are: a quarter of the bytes
  return sharp(await toPng(svg))
    .png({ palette: true, colours: 64, compressionLevel: 9 })
    .toBuffer();
}
