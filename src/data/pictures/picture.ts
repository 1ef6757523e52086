/** One picture in memory: plain numbers. */
import type { NdArray } from "../../array/ndarray.ts";

/** One of the pictures that an animation shows. */
export interface PictureFrame {
  /** Grey, or red, green and blue [channels, height, width] in [0, 1], as they are coded (sRGB); not multiplied by alpha. */
  readonly colours: NdArray<"f32">;
  /** [height, width], 0 where nothing is to be seen; absent where all is opaque. */
  readonly alpha?: NdArray<"f32">;
}

export interface Picture {
  /** One, or those of an animation: all of one shape, and all with alpha or none. */
  readonly frames: readonly PictureFrame[];
  /** Milliseconds that each frame of an animation is shown. */
  readonly delays?: readonly number[];
  /** How often an animation is shown; 0: for ever. */
  readonly loops?: number;
  /** Bits of a number in the file. */
  readonly depth: 8 | 16;
  /** An ICC profile that says what the numbers mean, if it is not sRGB. */
  readonly profile?: Uint8Array;
}

/** A picture, where it comes from, and what was done to it. */
export interface ReadPicture extends Picture {
  readonly source: string;
  /** "png", "jpeg", "webp", "gif", "tiff", "avif", or "apng". */
  readonly format: string;
  readonly notes: readonly string[];
}
