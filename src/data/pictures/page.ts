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
