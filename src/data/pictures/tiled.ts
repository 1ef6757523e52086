/** A program for tiles on a picture of any size. */
import { allocate, type NdArray, ndarray } from "../../array/ndarray.ts";
import { UserError } from "../../errors.ts";

/** Where the first pixel of a tile is in the picture. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface TileOptions {
  /** Side of a tile. */
  readonly tile: number;
  /** Pixels that neighbouring tiles have in common, at least; at most half a tile. */
  readonly overlap: number;
  /** Pixels of the result for one of the picture. Default 1. */
  readonly scale?: number;
  /**
   * Pixels along the inner edges of a tile that are not used, for the program sees too little of what is around them: of a convolution,
   * how far it reaches. At most half the overlap. Default a quarter of it.
   */
  readonly support?: number;
  /** Tiles at a time. Default 8. */
  readonly batch?: number;
}

/** [tiles, channels, tile, tile] at their places -> [tiles, channels', scale · tile, scale · tile]. */
export type ApplyToTiles = (tiles: NdArray<"f32">, places: readonly Place[]) => Promise<NdArray<"f32">>;

/**
 * Applies a program to overlapping tiles and fades them into one another. With a program that reaches no farther than `support`, the result
 * is what the program would make of the whole picture. Pictures smaller than a tile are continued by their mirror image.
 *
 * @param picture  [channels, height, width]
 * @returns  [channels', scale · height, scale · width]
 * @throws UserError  for sizes that do not go together
 */
export async function tiled(apply: ApplyToTiles, picture: NdArray<"f32">, options: TileOptions): Promise<NdArray<"f32">> {
  const { tile, overlap, scale = 1, support = Math.floor(overlap / 4), batch = 8 } = options;
  checkSizes({ tile, overlap, scale, support, batch });
  const [, height, width] = picture.shape;
  const [rows, columns] = [height, width].map((length) => starts(length, tile, overlap));
  const [down, across] = [
    windows(rows, Math.max(height, tile), { tile, overlap, scale, support }),
    windows(columns, Math.max(width, tile), { tile, overlap, scale, support }),
  ];
  const all = rows.flatMap((y, i) => columns.map((x, j) => ({ x, y, vertical: down[i], horizontal: across[j] })));
  let result: NdArray<"f32"> | undefined;
  for (let at = 0; at < all.length; at += batch) {
    const now = all.slice(at, at + batch);
    // a last batch is filled up with its first tile, so that programs meet one shape
    const full = Array.from({ length: Math.min(batch, all.length) }, (_, k) => now[k] ?? now[0]);
    const made = await apply(cutTiles(picture, full, tile), full);
    const channels = made.shape[1];
    if (made.shape.join() !== [full.length, channels, scale * tile, scale * tile].join())
      throw new UserError(
        `tiles of ${tile} pixels became [${made.shape.join(", ")}], not ${scale} times as large`,
        "tell the scale of the program",
      );
    result ??= allocate("f32", [channels, scale * height, scale * width]);
    for (const [k, place] of now.entries()) fade(result, made, k, place, scale);
  }
  if (!result) throw new UserError(`a picture of [${picture.shape.join(", ")}] pixels`, "there is nothing to apply a program to");
  return result;
}

function checkSizes({ tile, overlap, scale, support, batch }: Required<TileOptions>): void {
  const whole =
    [tile, scale, batch].every((n) => Number.isInteger(n) && n > 0) && [overlap, support].every((n) => Number.isInteger(n) && n >= 0);
  if (!whole)
    throw new UserError(`tiles of ${tile} pixels, overlap ${overlap}, support ${support}, scale ${scale}: whole numbers are wanted`);
  if (2 * overlap > tile) throw new UserError(`tiles of ${tile} pixels that overlap by ${overlap}`, "at most half a tile");
  if (2 * support > overlap)
    throw new UserError(`an overlap of ${overlap} pixels for a program that reaches ${support} far`, "twice as much at least");
}

/** First pixels of tiles that cover a line, evenly spread, with at least the overlap. */
export function starts(length: number, tile: number, overlap: number): number[] {
  if (length === 0) return [];
  if (length <= tile) return [0];
  const count = Math.ceil((length - overlap) / (tile - overlap));
  return Array.from({ length: count }, (_, k) => Math.round((k * (length - tile)) / (count - 1)));
}

/**
 * Weights [scale · tile] of each tile along a line: they rise from nothing, `support` pixels within the tile, over what the overlap leaves,
 * and those of all tiles sum to one at every pixel. The ends of the line are no inner edges.
 */
export function windows(
  firsts: readonly number[],
  length: number,
  { tile, overlap, scale, support }: Required<Pick<TileOptions, "tile" | "overlap" | "scale" | "support">>,
): Float64Array[] {
  const rise = Math.max(1, overlap - 2 * support);
  const total = new Float64Array(scale * length);
  const inside = (distance: number): number => Math.min(1, Math.max(0, (distance - support) / rise));
  const raw = firsts.map((first) =>
    Float64Array.from({ length: scale * tile }, (_, p) => {
      const at = (p + 0.5) / scale;
      const weight = Math.min(first === 0 ? 1 : inside(at), first + tile === length ? 1 : inside(tile - at));
      total[scale * first + p] += weight;
      return weight;
    }),
  );
  return raw.map((weights, k) => weights.map((weight, p) => weight / total[scale * firsts[k] + p]));
}

/** Tiles of a picture; beyond its ends it is mirrored about its last pixel. */
function cutTiles({ data, shape }: NdArray<"f32">, places: readonly Place[], tile: number): NdArray<"f32"> {
  const [channels, height, width] = shape;
  const result = new Float32Array(places.length * channels * tile * tile);
  for (const [k, { x, y }] of places.entries())
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < tile; i++) {
        const row = (c * height + mirrored(y + i, height)) * width;
        const to = ((k * channels + c) * tile + i) * tile;
        for (let j = 0; j < tile; j++) result[to + j] = data[row + mirrored(x + j, width)];
      }
  return ndarray(result, [places.length, channels, tile, tile], "f32");
}

/** 0 1 2 1 0 1 2 … */
function mirrored(i: number, length: number): number {
  if (i < length) return i;
  const period = Math.max(1, 2 * (length - 1));
  const within = i % period;
  return within < length ? within : period - within;
}

interface Faded extends Place {
  readonly vertical: Float64Array;
  readonly horizontal: Float64Array;
}

/** Adds tile k with its weights; what lies beyond the picture is left out. */
function fade(result: NdArray<"f32">, made: NdArray<"f32">, k: number, { x, y, vertical, horizontal }: Faded, scale: number): void {
  const [channels, height, width] = result.shape;
  const side = vertical.length;
  const [down, across] = [Math.min(side, height - scale * y), Math.min(side, width - scale * x)];
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < down; i++) {
      const from = ((k * channels + c) * side + i) * side;
      const to = (c * height + scale * y + i) * width + scale * x;
      for (let j = 0; j < across; j++) result.data[to + j] += vertical[i] * horizontal[j] * made.data[from + j];
    }
}
