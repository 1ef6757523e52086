/** Pixels as pictures for pages: PNG in data URIs. Needs Node. */

/** Planes of bytes of one image [channels, height, width]. */
export interface Planes {
  readonly pixels: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** One image, `side` pixels wide. */
export async function imageUri({ pixels, shape }: Planes, side: number): Promise<string> {
  const { default: sharp } = await import("sharp");
  const [channels, height, width] = shape;
  const interleaved = Uint8Array.from(
    { length: pixels.length },
    (_, p) => pixels[(p % channels) * height * width + Math.floor(p / channels)],
  );
  const png = await sharp(interleaved, { raw: { width, height, channels: channels as 1 | 3 } })
    .resize(side, side, { kernel: "nearest" })
    .png()
    .toBuffer();
  return `data:image/png;base64,${png.toString("base64")}`;
}

/** Images of one shape side by side, as one picture. */
export interface Tiles {
  readonly uri: string;
  /** Of the picture, in its pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * Rows of images as one picture, each pixel `zoom` pixels wide, with `gap` white pixels between images.
 *
 * @param images  values in [0, 1] (others are cut off), [channels, height, width] one after another
 */
export async function tiles(
  images: ArrayLike<number>,
  shape: readonly number[],
  columns: number,
  { zoom = 2, gap = 2 } = {},
): Promise<Tiles> {
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
