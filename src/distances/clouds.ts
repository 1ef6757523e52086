/** Weighted point clouds: the input of every distance here. */
import { type NdArray, ndarray } from "../array/ndarray.ts";

/** Points [n, d]. */
export type Points = NdArray<"f32"> | NdArray<"f64">;

/** Masses of the points of both clouds, not negative; each cloud is normalised to mass one. Left out: all equal. */
export interface Weights {
  x?: ArrayLike<number>;
  y?: ArrayLike<number>;
}

/** A cloud with weights (absent: equal). */
export interface Weighted {
  readonly x: NdArray<"f32">;
  readonly weights?: ArrayLike<number>;
}

/** The sizes of two clouds of the same dimension. */
export function sizes(x: Points, y: Points): { n: number; m: number; d: number } {
  const [n, d] = x.shape;
  const [m, e] = y.shape;
  if (x.shape.length !== 2 || y.shape.length !== 2 || d !== e || n === 0 || m === 0)
    throw new RangeError(`distance between clouds: need [n, d] and [m, d] points, got [${x.shape.join(", ")}] and [${y.shape.join(", ")}]`);
  for (const { data } of [x, y])
    for (let i = 0; i < data.length; i++)
      if (!Number.isFinite(data[i]))
        throw new RangeError(`distance between clouds: point ${Math.floor(i / d)} has the coordinate ${data[i]}`);
  return { n, m, d };
}

/** Weights of sum one. */
export function normalise(weights: ArrayLike<number> | undefined, n: number): Float64Array {
  if (!weights) return new Float64Array(n).fill(1 / n);
  if (weights.length !== n) throw new RangeError(`distance between clouds: ${weights.length} weights for ${n} points`);
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (!(weights[i] >= 0)) throw new RangeError(`distance between clouds: weight ${i} is ${weights[i]}`);
    total += weights[i];
  }
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) throw new RangeError(`distance between clouds: the weights add up to ${total}`);
  return Float64Array.from(weights, (w) => w / total);
}

/** Some rows of a cloud, in the order given. */
export function rowsOf({ data, shape: [, d] }: NdArray<"f32">, rows: ArrayLike<number>): NdArray<"f32"> {
  const kept = new Float32Array(rows.length * d);
  for (let i = 0; i < rows.length; i++) kept.set(data.subarray(rows[i] * d, (rows[i] + 1) * d), i * d);
  return ndarray(kept, [rows.length, d], "f32");
}
