/** Masks of what is known of a picture: 1 there, 0 where it is missing. */
import { type NdArray, ndarray, type Random } from "../../../array/index.ts";

/** "half": the upper or the lower half is missing; "box": a box of half the sides somewhere; "pixels": three of four pixels. */
export const maskKinds = ["half", "box", "pixels"] as const;
/** The name of a kind. */
export type MaskKind = (typeof maskKinds)[number];

/** Share of the pixels that "pixels" leaves. */
const left = 0.25;

/** Masks [n, 1, height, width]. */
export function drawMasks(kind: MaskKind, rng: Random, n: number, height: number, width: number): NdArray<"f32"> {
  const size = height * width;
  const data = new Float32Array(n * size).fill(1);
  const u = rng.uniform([n, kind === "pixels" ? size : 2]).data;
  if (kind === "pixels") data.forEach((_, i) => void (data[i] = u[i] < left ? 1 : 0));
  else
    for (let i = 0; i < n; i++) {
      const { top, bottom, first, last } = kind === "half" ? halfOf(u[2 * i], height, width) : boxAt(u[2 * i], u[2 * i + 1], height, width);
      for (let row = top; row < bottom; row++) data.fill(0, i * size + row * width + first, i * size + row * width + last);
    }
  return ndarray(data, [n, 1, height, width], "f32");
}

interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly first: number;
  readonly last: number;
}

function halfOf(u: number, height: number, width: number): Box {
  const middle = Math.round(height / 2);
  return u < 0.5 ? { top: 0, bottom: middle, first: 0, last: width } : { top: middle, bottom: height, first: 0, last: width };
}

function boxAt(u: number, v: number, height: number, width: number): Box {
  const [tall, wide] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const [top, first] = [Math.floor(u * (height - tall + 1)), Math.floor(v * (width - wide + 1))];
  return { top, bottom: top + tall, first, last: first + wide };
}
