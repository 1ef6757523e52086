/** Noise that belongs to the places of a picture. */
import { type NdArray, ndarray, type Shape } from "../../array/ndarray.ts";
import { randomStream } from "../../array/random.ts";
import type { Place } from "./tiled.ts";

/** Side of the squares that are drawn at once. */
const block = 64;

/**
 * Standard normal noise on the whole plane of pixels: what it is at a place depends on the seed, the channel and the place alone, so that
 * windows agree where they overlap, whatever the size of the picture or of a tile.
 *
 * @param shape  of a window: [channels, height, width]
 * @returns  windows [places, channels, height, width] of the field
 */
export function noiseField(seed: number | string, [channels, height, width]: Shape): (places: readonly Place[]) => NdArray<"f32"> {
  const stream = randomStream(seed).fold("noise field");
  const drawn = (row: number, column: number): Float32Array => stream.fold(row).fold(column).normal([channels, block, block]).data;
  return (places) => {
    const blocks = new Map<string, Float32Array>();
    const at = (row: number, column: number): Float32Array => {
      const key = `${row} ${column}`;
      const found = blocks.get(key) ?? drawn(row, column);
      blocks.set(key, found);
      return found;
    };
    const data = new Float32Array(places.length * channels * height * width);
    for (const [k, { x, y }] of places.entries())
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; ) {
          const [row, column] = [Math.floor((y + i) / block), Math.floor((x + j) / block)];
          const [down, across] = [y + i - row * block, x + j - column * block];
          const run = Math.min(block - across, width - j); // pixels of this row within one square
          const square = at(row, column);
          for (let c = 0; c < channels; c++) {
            const from = (c * block + down) * block + across;
            data.set(square.subarray(from, from + run), ((k * channels + c) * height + i) * width + j);
          }
          j += run;
        }
    return ndarray(data, [places.length, channels, height, width], "f32");
  };
}
