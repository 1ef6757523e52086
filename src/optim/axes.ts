/** Tensors seen along one of their axes. */
import type { Tensor } from "../tensor/index.ts";

/** f of each axis. */
export const perAxis = <T>(shape: readonly number[], f: (size: number, axis: number) => T): Record<number, T> =>
  Object.fromEntries(shape.map((d, n) => [n, f(d, n)]));

/** Rows [size / d, d] of a tensor along an axis. */
export const rowsAlong = (x: Tensor, axis: number): Tensor => {
  const order = [...x.shape.keys()].filter((i) => i !== axis);
  const d = x.shape[axis];
  return (axis === x.rank - 1 ? x : x.transpose([...order, axis])).reshape([x.size / d, d]);
};

/** f applied to the rows along an axis, put back; f keeps their length. */
export function alongAxis(x: Tensor, axis: number, f: (rows: Tensor) => Tensor): Tensor {
  const order = [...x.shape.keys()].filter((i) => i !== axis);
  const shape = [...order.map((i) => x.shape[i]), x.shape[axis]];
  const y = f(rowsAlong(x, axis)).reshape(shape);
  if (axis === x.rank - 1) return y;
  return y.transpose([...x.shape.keys()].map((i) => (i === axis ? x.rank - 1 : order.indexOf(i))));
}
