/** Kronecker factors seen in bases of their own: what SOAP and KL-Shampoo share. */
import type { Tensor } from "../tensor/index.ts";
import { alongAxis } from "./axes.ts";

/** Matrices, or diagonals, by axis. */
export type ByAxis = Readonly<Record<number, Tensor>>;

/** f of some axes. */
export const onAxes = <T>(axes: readonly number[], f: (axis: number) => T): Record<number, T> =>
  Object.fromEntries(axes.map((n) => [n, f(n)]));

/** The axes that have an entry. */
export const axesOf = (x: ByAxis): number[] => Object.keys(x).map(Number);

/** G ×_n Q_nᵀ for all axes with a basis. */
export const rotate = (g: Tensor, q: ByAxis): Tensor => axesOf(q).reduce((x, n) => alongAxis(x, n, (rows) => rows.matmul(q[n])), g);

/** G ×_n Q_n: the inverse. */
export const rotateBack = (g: Tensor, q: ByAxis): Tensor =>
  axesOf(q).reduce((x, n) => alongAxis(x, n, (rows) => rows.matmul(q[n].transpose())), g);

/** G ×_n diag(r_n) for all axes but one. */
export const scaledAlong = (g: Tensor, r: ByAxis, but?: number): Tensor =>
  axesOf(r).reduce((x, n) => (n === but ? x : alongAxis(x, n, (rows) => rows.mul(r[n]))), g);
