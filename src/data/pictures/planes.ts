/** Picture files as planes of bytes of one shape. */
import type { OutputInfo } from "sharp";
import { brightness } from "./brightness.ts";
import { damaged, opened, toSrgb } from "./open.ts";

/** Bytes of one picture, channel after channel. */
export interface BytePlanes {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  /** Something shone through, and became white. */
  readonly transparent: boolean;
}

/** The first frame in a size, cropped in its middle; without a size as it is. @throws UserError */
export async function readPlanes(bytes: Uint8Array, source: string, channels: number, size?: readonly number[]): Promise<BytePlanes> {
  const { sharp, metadata } = await opened(bytes, source);
  const whole = size ? sharp().resize({ height: size[0], width: size[1], fit: "cover" }) : sharp();
  const { data, info } = await toSrgb(whole, metadata)
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch(damaged(source));
  return planesOnWhite(data, info, channels);
}

/** Pixels of one, two (with alpha), three or four (with alpha) bytes as planes of one or three channels, on white. */
function planesOnWhite(pixels: Uint8Array, { width, height, channels: found }: OutputInfo, channels: number): BytePlanes {
  const size = width * height;
  const colours = found < 3 ? 1 : 3;
  const data = new Uint8Array(channels * size);
  let transparent = false;
  for (let p = 0; p < size; p++) {
    const alpha = found > colours ? pixels[p * found + colours] / 255 : 1;
    transparent ||= alpha < 1;
    const colour = (c: number): number => 255 + alpha * (pixels[p * found + Math.min(c, colours - 1)] - 255);
    if (channels === 3) for (let c = 0; c < 3; c++) data[c * size + p] = Math.round(colour(c));
    else data[p] = Math.round(brightness[0] * colour(0) + brightness[1] * colour(1) + brightness[2] * colour(2));
  }
  return { data, height, width, transparent };
}
