/** Level lines of a field in the plane, as points joined to lines. */
import { contours } from "d3-contour";
import { type NdArray, ndarray } from "../array/index.ts";

/** A square grid over a part of the plane: `size` points a side, the ends among them. */
export interface Grid {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly size: number;
}

/** Its points [size², 2], x running fastest. */
export function gridPoints({ x, y, size }: Grid): NdArray<"f32"> {
  const at = ([low, high]: readonly [number, number], i: number): number => low + ((high - low) * i) / (size - 1);
  const data = new Float32Array(2 * size * size);
  for (let i = 0; i < size * size; i++) data.set([at(x, i % size), at(y, Math.floor(i / size))], 2 * i);
  return ndarray(data, [size * size, 2], "f32");
}

/**
 * Where a field has some levels: lines one after the other, with a point that is no number between two of them. Lines end at the edge of the
 * grid.
 *
 * @param values  at the points of the grid
 */
export function levelLines({ x, y, size }: Grid, values: ArrayLike<number>, levels: readonly number[]): Float32Array {
  const make = contours().size([size, size]);
  const field = Array.from(values);
  // a value stands in the middle of its cell; beyond the last middle the library closes areas along the edge
  const isEdge = (place: number): boolean => place <= 0 || place >= size;
  const along = ([low, high]: readonly [number, number], place: number): number => low + ((high - low) * (place - 0.5)) / (size - 1);
  const gap = [Number.NaN, Number.NaN];
  const point = ([a, b]: readonly number[]): number[] => (isEdge(a) || isEdge(b) ? gap : [along(x, a), along(y, b)]);
  const rings = levels.flatMap((level) => make.contour(field, level).coordinates.flat());
  return Float32Array.from(rings.flatMap((ring) => [...ring.flatMap(point), ...gap]));
}
