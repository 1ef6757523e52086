/** Pictures of one shape: what models of pictures learn from. */
import type { NdArray } from "../../array/ndarray.ts";

export interface PictureSet {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** Bytes [n, channels, height, width]; grey, or red, green and blue. */
  readonly pixels: NdArray<"u8">;
  /** Of the files, of the emoji, or numbers within an array. */
  readonly names: readonly string[];
  /** Class of each picture, where there are classes. */
  readonly labels?: Int32Array<ArrayBuffer>;
  readonly classes?: readonly string[];
  /** The first picture that is not for training; default: whoever learns divides them. */
  readonly testFrom?: number;
  /** Whatever was dropped, guessed, cropped or converted, with counts. */
  readonly warnings: readonly string[];
}

/** How pictures become one shape. */
export interface PictureOptions {
  /** Side of a square, or [height, width]. Default: that of the pictures, at most 64 pixels on the longer side. */
  readonly size?: number | readonly [height: number, width: number];
  /** 1: grey, 3: colours. Default: what most pictures have. */
  readonly channels?: 1 | 3;
  /** So many random crops of `size` from each picture, instead of the whole picture. */
  readonly patches?: number;
  /** Of the places of patches. Default 0. */
  readonly seed?: number | string;
  /** Called while files are read. */
  readonly progress?: (done: number, total: number) => void;
}

/** Height and width that were asked for. */
export const sizeOfOption = (size: number | readonly [number, number]): readonly [height: number, width: number] =>
  typeof size === "number" ? [size, size] : size;

/** "1 picture", "12 pictures". */
export const counted = (n: number, what = "picture"): string => `${n} ${what}${n === 1 ? "" : "s"}`;
