/** Random parts of pictures. */
import { randomStream } from "../../array/random.ts";
import type { BytePlanes } from "./planes.ts";

/**
 * Parts [count, channels, h, w] of one picture at places that are a function of the seed and the picture's name.
 * @param size  at most that of the picture
 */
export function patchesOf(
  { data, height, width }: BytePlanes,
  [h, w]: readonly number[],
  count: number,
  seed: number | string,
  name: string,
): Uint8Array {
  const stream = randomStream(seed).fold("patches").fold(name);
  const tops = stream.integers(0, height - h + 1, [count]).data;
  const lefts = stream.integers(0, width - w + 1, [count]).data;
  const channels = data.length / (height * width);
  const result = new Uint8Array(count * channels * h * w);
  for (let k = 0, at = 0; k < count; k++)
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < h; y++, at += w) {
        const from = (c * height + tops[k] + y) * width + lefts[k];
        result.set(data.subarray(from, from + w), at);
      }
  return result;
}
