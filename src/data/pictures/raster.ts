/** Decoded pixels as planes of numbers in [0, 1]. */
import type { Sharp } from "sharp";
import { type NdArray, ndarray } from "../../array/ndarray.ts";
import { damaged } from "./open.ts";
import type { PictureFrame } from "./picture.ts";

/** How pixels are to be decoded. */
export interface Decoding {
  readonly grey: boolean;
  readonly depth: 8 | 16;
}

/** Frames that stand one below the other, each of a height. @throws UserError */
export async function decodeFrames(open: Sharp, source: string, { grey, depth }: Decoding, pageHeight?: number): Promise<PictureFrame[]> {
  const { data, info } = await open
    .toColourspace(depth === 8 ? "srgb" : "rgb16") // grey alone would lose its alpha
    .raw({ depth: depth === 8 ? "uchar" : "ushort" })
    .toBuffer({ resolveWithObject: true })
    .catch(damaged(source));
  const numbers = depth === 8 ? data : new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  const height = pageHeight ?? info.height;
  const size = height * info.width * info.channels;
  return Array.from({ length: info.height / height }, (_, k) =>
    frameOf(numbers.subarray(k * size, (k + 1) * size), height, info.width, info.channels, grey, 2 ** depth - 1),
  );
}

/** @param found  numbers a pixel: colours, of which grey is any; or colours and alpha */
function frameOf(
  pixels: Uint8Array | Uint16Array,
  height: number,
  width: number,
  found: number,
  grey: boolean,
  most: number,
): PictureFrame {
  const channels = grey ? 1 : 3;
  const plane = (c: number, target: Float32Array): void => {
    for (let p = 0, at = c; p < target.length; p++, at += found) target[p] = pixels[at] / most;
  };
  const size = height * width;
  const colours = new Float32Array(channels * size);
  for (let c = 0; c < channels; c++) plane(c, colours.subarray(c * size, (c + 1) * size));
  const frame = { colours: ndarray(colours, [channels, height, width], "f32") };
  if (found === 3) return frame;
  const alpha = new Float32Array(size);
  plane(3, alpha);
  return { ...frame, alpha: ndarray(alpha, [height, width], "f32") };
}

/** Without alpha where all frames are opaque. */
export function withoutOpaque(frames: readonly PictureFrame[]): PictureFrame[] {
  const opaque = ({ alpha }: PictureFrame): boolean => alpha?.data.every((a) => a === 1) ?? true;
  if (frames.every(opaque)) return frames.map(({ colours }) => ({ colours }));
  return frames.map((frame) => ({ ...frame, alpha: frame.alpha ?? ones(frame) }));
}

const ones = ({ colours }: PictureFrame): NdArray<"f32"> => {
  const [, height, width] = colours.shape;
  return ndarray(new Float32Array(height * width).fill(1), [height, width], "f32");
};
