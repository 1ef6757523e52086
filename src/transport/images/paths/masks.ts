/** Masks of what is known of a picture: 1 there, 0 where it is missing. */
import { type NdArray, ndarray, type Random } from "../../../array/index.ts";

/**
 * "half": the upper or the lower half is missing; "box": a box of half the sides somewhere; "pixels": three of four pixels; "any": by chance a
 * half, a box of any sides, any share of the pixels, strokes, or all but a box, so that what is learned mends holes of all kinds.
 */
export const maskKinds = ["half", "box", "pixels", "any"] as const;
/** The name of a kind. */
export type MaskKind = (typeof maskKinds)[number];

/** Share of the pixels that "pixels" leaves. */
const left = 0.25;

/** Numbers that place a hole; those of its pixels come after them. */
const placing = 16;

/** Masks [n, 1, height, width]. */
export function drawMasks(kind: MaskKind, rng: Random, n: number, height: number, width: number): NdArray<"f32"> {
  const size = height * width;
  const count = kind === "any" ? placing + size : kind === "pixels" ? size : 2;
  const u = rng.uniform([n, count]).data;
  const data = new Float32Array(n * size).fill(1);
  for (let i = 0; i < n; i++) {
    const isMissing = holeOf(kind, u.subarray(i * count, (i + 1) * count), height, width);
    for (let at = 0; at < size; at++) if (isMissing(Math.floor(at / width), at % width)) data[i * size + at] = 0;
  }
  return ndarray(data, [n, 1, height, width], "f32");
}

/** Whether a pixel is missing. */
type Hole = (row: number, column: number) => boolean;

function holeOf(kind: MaskKind, u: ArrayLike<number>, height: number, width: number): Hole {
  if (kind === "half") return inBox(halfOf(u[0], height, width));
  if (kind === "box") return inBox(boxAt(u[0], u[1], Math.ceil(height / 2), Math.ceil(width / 2), height, width));
  if (kind === "pixels") return (row, column) => u[row * width + column] >= left;
  return holes[Math.floor(u[0] * holes.length)](u, height, width);
}

/** Kinds of "any". Sides and shares are spread evenly; something is left and something missing in each. */
const holes: readonly ((u: ArrayLike<number>, height: number, width: number) => Hole)[] = [
  (u, height, width) => inBox(halfOf(u[1], height, width)),
  (u, height, width) => inBox(anyBox(u, height, width)),
  (u, height, width) => {
    const inside = inBox(anyBox(u, height, width));
    return (row, column) => !inside(row, column);
  },
  // the first pixel is missing and the last is known, however few the others are
  (u, height, width) => (row, column) => {
    const at = row * width + column;
    return at === 0 || (at < height * width - 1 && u[placing + at] < 0.1 + 0.8 * u[1]);
  },
  strokes,
];

interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly first: number;
  readonly last: number;
}

const inBox =
  ({ top, bottom, first, last }: Box): Hole =>
  (row, column) =>
    row >= top && row < bottom && column >= first && column < last;

function halfOf(u: number, height: number, width: number): Box {
  const middle = Math.round(height / 2);
  return u < 0.5 ? { top: 0, bottom: middle, first: 0, last: width } : { top: middle, bottom: height, first: 0, last: width };
}

function boxAt(u: number, v: number, tall: number, wide: number, height: number, width: number): Box {
  const [top, first] = [Math.floor(u * (height - tall + 1)), Math.floor(v * (width - wide + 1))];
  return { top, bottom: top + tall, first, last: first + wide };
}

/** Sides from an eighth to seven eighths of the picture's. */
function anyBox(u: ArrayLike<number>, height: number, width: number): Box {
  const side = (v: number, n: number): number => Math.max(1, Math.min(n - 1, Math.round(n * (0.125 + 0.75 * v))));
  return boxAt(u[1], u[2], side(u[3], height), side(u[4], width), height, width);
}

/** One to three straight strokes between any two places, as thick as a twelfth of the picture at most. */
function strokes(u: ArrayLike<number>, height: number, width: number): Hole {
  const reach = 0.5 + (u[1] * Math.max(height, width)) / 24;
  const ends = Array.from({ length: 1 + Math.floor(3 * u[2]) }, (_, k) => {
    const [a, b, c, d] = [0, 1, 2, 3].map((j) => u[3 + 4 * k + j]);
    return { y: a * (height - 1), x: b * (width - 1), dy: (c - a) * (height - 1), dx: (d - b) * (width - 1) };
  });
  return (row, column) =>
    ends.some(({ y, x, dy, dx }) => {
      const along = Math.min(1, Math.max(0, ((row - y) * dy + (column - x) * dx) / (dy * dy + dx * dx || 1)));
      return Math.hypot(row - y - along * dy, column - x - along * dx) <= reach;
    });
}
