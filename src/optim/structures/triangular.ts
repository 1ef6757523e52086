/** Triangular matrices, packed into rectangles of d (d + 1) / 2 numbers. */

import type { NdArray } from "../../array/index.ts";
import { concat, eye, iota, less, lessEqual, pad, type Tensor, tril, where } from "../../tensor/index.ts";
import { dense, identityLike } from "./dense.ts";
import { type Float, filled, type Structure } from "./structure.ts";

/**
 * Rectangular full packed format of a lower triangular L: its first columns as they are, the triangle of its last columns transposed into
 * the free corner above them. d even: [d + 1, d/2]; d odd: [d, (d + 1)/2].
 *
 * @source  Gustavson et al., ACM TOMS 37 (2010)
 */
export const packed = (d: number) => {
  const odd = d % 2;
  const wide = (d + odd) / 2;
  const k = d - wide;
  const shape = [d + 1 - odd, wide];
  /** Corner positions: row i, column j of the rectangle holds an element of the second triangle. */
  const corner = (): Tensor => {
    const [row, column] = [iota(shape[0]).expandDims(1), iota(wide)];
    return odd ? less(row, column) : lessEqual(row, column);
  };
  return {
    shape,
    pack(l: Tensor): Tensor {
      const first = pad(l.slice(null, [0, wide]), [
        [1 - odd, 0],
        [0, 0],
      ]);
      if (!k) return first;
      const second = pad(l.slice([wide, d], [wide, d]).transpose(), [
        [0, shape[0] - k],
        [odd, 0],
      ]);
      return where(corner(), second, first);
    },
    unpack(r: Tensor): Tensor {
      const first = where(corner(), 0, r).slice([1 - odd, shape[0]], null);
      if (!k) return first;
      const second = tril(r.slice([0, k], [odd, wide]).transpose());
      return concat(
        [
          first,
          pad(second, [
            [wide, 0],
            [0, 0],
          ]),
        ],
        1,
      );
    },
    identity(value: number, dtype: Float): NdArray {
      const a = filled(shape, 0, dtype);
      for (let j = 0; j < d; j++) {
        const [row, column] = j < wide ? [j + 1 - odd, j] : [j - wide, j - wide + odd];
        a.data[row * wide + column] = value;
      }
      return a;
    },
  };
};

/** Below the diagonal 2 M, on it M, above it 0. */
const lowerOf = (m: Tensor): Tensor =>
  tril(m)
    .mul(2)
    .sub(m.mul(identityLike(m)));

/** Lower triangular matrices; with Π, K Kᵀ reaches the dense answer (every inverse has a Cholesky factor) with half the numbers. */
export function lower(size: number): Structure {
  const { shape, pack, unpack, identity } = packed(size);
  const full = dense(size);
  const l = (t: Tensor) => ({ full: unpack(t) });
  return {
    name: "lower",
    size,
    shapes: { packed: shape },
    identity: (value, dtype) => ({ packed: identity(value, dtype) }),
    product: (a, b) => ({ packed: pack(unpack(a.packed).matmul(unpack(b.packed))) }),
    times: (x, k) => x.matmul(unpack(k.packed)),
    timesTransposed: (x, k) => x.matmul(unpack(k.packed).transpose()),
    gram: (x) => ({ packed: pack(lowerOf(x.transpose().matmul(x))) }),
    selfGram: (k) => ({ packed: pack(lowerOf(full.selfGram(l(k.packed)).full)) }),
    addIdentity: (k, value) => ({ packed: k.packed.add(pack(eye(size, k.packed.dtype as Float)).mul(value)) }),
    averageTrace: (k) => full.averageTrace(l(k.packed)),
    squaredNorm: (k) => k.packed.square().sum(),
    toDense: (k) => unpack(k.packed),
    project: (m) => ({ packed: pack(lowerOf(m)) }),
  };
}

/** Upper triangular matrices, kept as their transposes. (K L)ᵀ = Lᵀ Kᵀ. */
export function upper(size: number): Structure {
  const { pack, unpack } = packed(size);
  const base = lower(size);
  return {
    ...base,
    name: "upper",
    product: (a, b) => base.product(b, a),
    times: base.timesTransposed,
    timesTransposed: base.times,
    selfGram(k) {
      const l = unpack(k.packed);
      return { packed: pack(lowerOf(l.matmul(l.transpose()))) };
    },
    toDense: (k) => unpack(k.packed).transpose(),
  };
}
