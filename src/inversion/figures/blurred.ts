/** Pictures in which no person can be recognised. */
import type { Shape } from "../../array/index.ts";

/**
 * Images with a third of their detail: means over squares of a third of the side, so that a person cannot be recognised.
 * @param images  [channels, height, width] one after another
 */
export function blurred(images: ArrayLike<number>, [, height, width]: Shape): Float32Array {
  const side = Math.max(2, Math.round(Math.min(height, width) / 5));
  const made = new Float32Array(images.length);
  for (let plane = 0; plane < images.length; plane += height * width)
    for (let y0 = 0; y0 < height; y0 += side)
      for (let x0 = 0; x0 < width; x0 += side) {
        const [y1, x1] = [Math.min(height, y0 + side), Math.min(width, x0 + side)];
        const mean = meanOf(images, plane, [y0, y1], [x0, x1], width);
        for (let y = y0; y < y1; y++) made.fill(mean, plane + y * width + x0, plane + y * width + x1);
      }
  return made;
}

function meanOf(
  images: ArrayLike<number>,
  plane: number,
  [y0, y1]: readonly [number, number],
  [x0, x1]: readonly [number, number],
  width: number,
): number {
  let sum = 0;
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += images[plane + y * width + x];
  return sum / ((y1 - y0) * (x1 - x0));
}
