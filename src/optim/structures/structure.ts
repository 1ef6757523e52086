/**
 * Structured matrices: families closed under sums and products that contain the identity, so that a factor K that starts in one stays in it
 * for ever. A member is a few arrays (its parts); the operations work on the parts and never make the full matrix unless that is faster.
 *
 * The projection Π takes a symmetric matrix to the member m with (m + mᵀ)/2 nearest to it: diagonal positions keep M_ii, positions of which
 * the family has one side only get 2 M_ij, tied entries get their mean. Then K (I - βΠ(M)) changes K Kᵀ, to first order, as the full
 * matrix would as far as the family allows. Π keeps the trace.
 *
 * K is not symmetric after two steps: products with K and with Kᵀ differ.
 *
 * @source  Lin et al., ICML 2024 (arXiv 2312.05705), table 1; least-squares form of Π checked in the tests
 */
import { allocate, type NdArray, type Shape } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";

/** The arrays of a member, by name. */
export type Parts<T = Tensor> = { readonly [part: string]: T };

/** Dtypes of factors. */
export type Float = "f32" | "f64";

/** Square matrices of one size and family. Rows X are [n, d]. */
export interface Structure {
  readonly name: string;
  readonly size: number;
  /** Shapes of the parts. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /** value · I. */
  identity(value: number, dtype: Float): Parts<NdArray>;
  /** K L. */
  product(k: Parts, l: Parts): Parts;
  /** X K. */
  times(x: Tensor, k: Parts): Tensor;
  /** X Kᵀ. */
  timesTransposed(x: Tensor, k: Parts): Tensor;
  /** Π(Xᵀ X). */
  gram(x: Tensor): Parts;
  /** Π(Kᵀ K). */
  selfGram(k: Parts): Parts;
  /** K + value · I. */
  addIdentity(k: Parts, value: Tensor | number): Parts;
  /** tr K / d. */
  averageTrace(k: Parts): Tensor;
  /** Σ K_ij². */
  squaredNorm(k: Parts): Tensor;
  /** K Kᵀ, in families where that takes no product of matrices. */
  square?(k: Parts): Tensor;
  /** The full matrix. */
  toDense(k: Parts): Tensor;
  /** Π(M) of a symmetric matrix. */
  project(m: Tensor): Parts;
}

/** Numbers that a member keeps. */
export const numbersOf = ({ shapes }: Structure): number =>
  Object.values(shapes).reduce((total, shape) => total + shape.reduce((a, b) => a * b, 1), 0);

/** f applied to corresponding parts of members. */
export const mapParts = (f: (...parts: Tensor[]) => Tensor, k: Parts, ...others: readonly Parts[]): Parts =>
  Object.fromEntries(Object.keys(k).map((name) => [name, f(k[name], ...others.map((o) => o[name]))]));

/** value · I as an array. */
export function scaledIdentity(n: number, value: number, dtype: Float): NdArray {
  const a = allocate(dtype, [n, n]);
  for (let i = 0; i < n; i++) a.data[i * (n + 1)] = value;
  return a;
}

/** An array of one number. */
export function filled(shape: Shape, value: number, dtype: Float): NdArray {
  const a = allocate(dtype, shape);
  a.data.fill(value);
  return a;
}

/** X K Kᵀ. */
export const timesSquare = (s: Structure, x: Tensor, k: Parts): Tensor =>
  s.square ? x.matmul(s.square(k)) : s.timesTransposed(s.times(x, k), k);
