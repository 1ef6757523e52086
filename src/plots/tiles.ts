/** Pictures that are made already: images of one shape in lines, with words beside the lines and marks on top. */
import * as Plot from "@observablehq/plot";
import { plot } from "./figure.ts";

/** A raster as a data URI, and its size in pixels. */
export interface Raster {
  readonly uri: string;
  readonly width: number;
  readonly height: number;
}

/** Widest that a picture is shown. */
const widest = 740;

/** A raster as wide as it is, or scaled down to the page, with words to the left of its lines. */
function framedRaster({ uri, width, height }: Raster, room: number, lines: readonly string[]): string {
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

/**
 * Lines of images as one raster, each pixel `zoom` pixels wide, with `gap` white pixels between images.
 *
 * @param images  values in [0, 1] (others are cut off), [channels, height, width] one after another
 */
export async function tiles(
  images: ArrayLike<number>,
  shape: readonly number[],
  columns: number,
  { zoom = 2, gap = 2 } = {},
): Promise<Raster> {
  const { default: sharp } = await import("sharp");
  const [channels, height, width] = shape;
  const size = channels * height * width;
  const rows = Math.ceil(images.length / size / columns);
  const [stepX, stepY] = [width * zoom + gap, height * zoom + gap];
  const [across, down] = [columns * stepX - gap, rows * stepY - gap];
  const data = new Uint8Array(across * down * 3).fill(255);
  for (let i = 0; i < images.length / size; i++)
    for (let y = 0; y < height * zoom; y++)
      for (let x = 0; x < width * zoom; x++) {
        const at = ((Math.floor(i / columns) * stepY + y) * across + (i % columns) * stepX + x) * 3;
        const from = i * size + Math.floor(y / zoom) * width + Math.floor(x / zoom);
        for (let c = 0; c < 3; c++)
          data[at + c] = Math.round(255 * Math.min(1, Math.max(0, images[from + Math.min(c, channels - 1) * height * width])));
      }
  const png = await sharp(data, { raw: { width: across, height: down, channels: 3 } })
    .png()
    .toBuffer();
  return { uri: `data:image/png;base64,${png.toString("base64")}`, width: across, height: down };
}

/** How a sheet looks. */
export interface SheetOptions {
  /** Words to the left of the lines. */
  readonly lines?: readonly string[];
  /** White pixels between images; default 2. */
  readonly gap?: number;
  /** Largest width of a pixel; default 4. */
  readonly zoom?: number;
}

/** A sheet of images as wide as a page, each pixel a whole number of pixels wide. Images as for `tiles`. */
export async function sheet(
  images: ArrayLike<number>,
  shape: readonly number[],
  columns: number,
  { lines = [], gap = 2, zoom = 4 }: SheetOptions = {},
): Promise<string> {
  const room = lines.length > 0 ? 20 + 7 * Math.max(...lines.map((line) => line.length)) : 0;
  const fitting = Math.max(1, Math.min(zoom, Math.floor((widest - room) / columns / shape[2])));
  return framedRaster(await tiles(images, shape, columns, { zoom: fitting, gap }), room, lines);
}
