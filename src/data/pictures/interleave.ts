/** Planes of numbers as pixels that encoders take. */
import { UserError } from "../../errors.ts";
import type { Picture, PictureFrame } from "./picture.ts";

/** Pixels of all frames, one below the other. */
export interface Pixels {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  /** Of one frame. */
  readonly height: number;
  /** Grey, grey and alpha, colours, or colours and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Numbers that were beyond [0, 1]. */
  readonly cut: number;
}

/**
 * Rounds to bytes, or to sixteen bits.
 * @throws UserError  for numbers that are none, and frames that differ in shape
 */
export function interleaved({ frames }: Pick<Picture, "frames">, depth: 8 | 16): Pixels {
  const [colours, height, width] = frames[0].colours.shape;
  const size = height * width;
  const opaque = frames.every(({ alpha }) => alpha === undefined);
  const channels = channelsOf(colours, opaque);
  const data = new (depth === 8 ? Uint8Array : Uint16Array)(frames.length * size * channels);
  const most = 2 ** depth - 1;
  let cut = 0;
  const plane = (from: ArrayLike<number> | undefined, at: number): void => {
    for (let p = 0; p < size; p++, at += channels) {
      const value = from ? from[p] : 1;
      if (Number.isNaN(value)) throw new UserError("a picture with numbers that are none (NaN)", "what made it did not converge");
      if (value < 0 || value > 1) cut++;
      data[at] = Math.round(most * Math.min(1, Math.max(0, value)));
    }
  };
  for (const [k, frame] of frames.entries()) {
    checkShape(frame, frames[0]);
    for (let c = 0; c < colours; c++) plane(frame.colours.data.subarray(c * size, (c + 1) * size), k * size * channels + c);
    if (!opaque) plane(frame.alpha?.data, k * size * channels + colours);
  }
  return { data, width, height, channels, cut };
}

function channelsOf(colours: number, opaque: boolean): 1 | 2 | 3 | 4 {
  if (colours === 1) return opaque ? 1 : 2;
  if (colours === 3) return opaque ? 3 : 4;
  throw new UserError(`a picture of ${colours} channels`, "grey has one, colours have three; alpha is apart");
}

function checkShape({ colours, alpha }: PictureFrame, first: PictureFrame): void {
  const shape = first.colours.shape;
  if (colours.shape.some((length, k) => length !== shape[k]) || alpha?.shape.some((length, k) => length !== shape[k + 1]))
    throw new UserError(`frames of different shapes: [${colours.shape.join(", ")}] after [${shape.join(", ")}]`);
}

/** Colours as they look on white. */
export const onWhite = ({ colours, alpha }: PictureFrame): PictureFrame =>
  alpha ? { colours: { ...colours, data: colours.data.map((v, i) => 1 + alpha.data[i % alpha.data.length] * (v - 1)) } } : { colours };
