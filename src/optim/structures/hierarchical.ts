/** Hierarchical matrices [[A, B₁, B₂], [0, c, 0], [0, D, E]] with small dense A, E and a diagonal c; rank-k triangular ones among them. */

import type { Shape } from "../../array/index.ts";
import { concat, diagonal, pad, type Tensor } from "../../tensor/index.ts";
import { dense, identityLike } from "./dense.ts";
import { filled, mapParts, type Parts, type Structure, scaledIdentity } from "./structure.ts";

/**
 * @param size  d
 * @param k1    size of A; d ≤ k1: only A
 * @param k2    size of E; k2 = 0 makes it [[A, B], [0, diag]], rank-k1 triangular. k1 < d ≤ k1 + k2: no diagonal part
 */
export function hierarchical(size: number, k1: number, k2: number): Structure {
  const name = k2 ? `hierarchical(${k1},${k2})` : `rank(${k1})`;
  if (size <= k1) return { ...dense(size), name };
  const low = Math.min(k2, size - k1);
  const middle = size - k1 - low;
  const cut: readonly [number, number, number] = [k1, k1 + middle, size];
  // Parts of no numbers are left out.
  const shapes: Record<string, Shape> = {
    a: [k1, k1],
    ...(middle ? { b1: [k1, middle], c: [middle] } : {}),
    ...(low ? { b2: [k1, low], e: [low, low] } : {}),
    ...(middle && low ? { d: [low, middle] } : {}),
  };
  const parts = (make: Record<string, () => Tensor>): Parts => Object.fromEntries(Object.keys(shapes).map((part) => [part, make[part]()]));
  const rows = (x: Tensor): [Tensor, Tensor, Tensor] => [
    x.slice(null, [0, cut[0]]),
    x.slice(null, [cut[0], cut[1]]),
    x.slice(null, [cut[1], size]),
  ];
  const sum = (...terms: (Tensor | false)[]): Tensor => terms.filter((t) => t !== false).reduce((s, t) => s.add(t));
  const join = (...pieces: (Tensor | false)[]): Tensor =>
    concat(
      pieces.filter((p) => p !== false),
      1,
    );
  const both = middle > 0 && low > 0;
  const t = (x: Tensor): Tensor => x.transpose();
  return {
    name,
    size,
    shapes,
    identity: (value, dtype) =>
      Object.fromEntries(
        Object.entries(shapes).map(([part, shape]) => [
          part,
          part === "a" || part === "e" ? scaledIdentity(shape[0], value, dtype) : filled(shape, part === "c" ? value : 0, dtype),
        ]),
      ),
    product: (k, l) =>
      parts({
        a: () => k.a.matmul(l.a),
        b1: () => sum(k.a.matmul(l.b1), k.b1.mul(l.c), both && k.b2.matmul(l.d)),
        b2: () => k.a.matmul(l.b2).add(k.b2.matmul(l.e)),
        c: () => k.c.mul(l.c),
        d: () => k.d.mul(l.c).add(k.e.matmul(l.d)),
        e: () => k.e.matmul(l.e),
      }),
    times(x, k) {
      const [top, mid, bottom] = rows(x);
      return join(
        top.matmul(k.a),
        middle > 0 && sum(top.matmul(k.b1), mid.mul(k.c), both && bottom.matmul(k.d)),
        low > 0 && top.matmul(k.b2).add(bottom.matmul(k.e)),
      );
    },
    timesTransposed(x, k) {
      const [top, mid, bottom] = rows(x);
      return join(
        sum(top.matmul(t(k.a)), middle > 0 && mid.matmul(t(k.b1)), low > 0 && bottom.matmul(t(k.b2))),
        middle > 0 && mid.mul(k.c),
        low > 0 && sum(both && mid.matmul(t(k.d)), bottom.matmul(t(k.e))),
      );
    },
    gram(x) {
      const [top, mid, bottom] = rows(x);
      return parts({
        a: () => t(top).matmul(top),
        b1: () => t(top).matmul(mid).mul(2),
        b2: () => t(top).matmul(bottom).mul(2),
        c: () => mid.square().sum(0),
        d: () => t(bottom).matmul(mid).mul(2),
        e: () => t(bottom).matmul(bottom),
      });
    },
    selfGram: (k) =>
      parts({
        a: () => t(k.a).matmul(k.a),
        b1: () => t(k.a).matmul(k.b1).mul(2),
        b2: () => t(k.a).matmul(k.b2).mul(2),
        c: () => sum(k.c.square(), k.b1.square().sum(0), both && k.d.square().sum(0)),
        d: () => t(k.b2).matmul(k.b1).add(t(k.e).matmul(k.d)).mul(2),
        e: () => t(k.e).matmul(k.e).add(t(k.b2).matmul(k.b2)),
      }),
    addIdentity: (k, value) => ({
      ...k,
      a: k.a.add(identityLike(k.a).mul(value)),
      ...(middle ? { c: k.c.add(value) } : {}),
      ...(low ? { e: k.e.add(identityLike(k.e).mul(value)) } : {}),
    }),
    averageTrace: (k) => sum(diagonal(k.a).sum(), middle > 0 && k.c.sum(), low > 0 && diagonal(k.e).sum()).div(size),
    squaredNorm: (k) => Object.values(mapParts((p) => p.square().sum(), k)).reduce((s, x) => s.add(x)),
    toDense(k) {
      const top = join(k.a, middle > 0 && k.b1, low > 0 && k.b2);
      const mid =
        middle > 0 &&
        pad(identityLike(k.c).mul(k.c), [
          [0, 0],
          [k1, low],
        ]);
      const bottom =
        low > 0 &&
        pad(join(both && k.d, k.e), [
          [0, 0],
          [k1, 0],
        ]);
      return concat(
        [top, mid, bottom].filter((p) => p !== false),
        0,
      );
    },
    project(m) {
      const at = [
        [0, cut[0]],
        [cut[0], cut[1]],
        [cut[1], size],
      ] as const;
      const piece = (i: number, j: number): Tensor => m.slice(at[i], at[j]);
      return parts({
        a: () => piece(0, 0),
        b1: () => piece(0, 1).mul(2),
        b2: () => piece(0, 2).mul(2),
        c: () => diagonal(piece(1, 1)),
        d: () => piece(2, 1).mul(2),
        e: () => piece(2, 2),
      });
    },
  };
}

/** The transposes of a family: lower instead of upper. Part by part the family's own, so that (K L)ᵀ = Lᵀ Kᵀ. */
export function transposed(name: string, base: Structure, selfGramOfTransposed: (k: Parts) => Parts): Structure {
  return {
    ...base,
    name,
    product: (a, b) => base.product(b, a),
    times: base.timesTransposed,
    timesTransposed: base.times,
    selfGram: selfGramOfTransposed,
    toDense: (k) => base.toDense(k).transpose(),
  };
}

/** Rank-k lower triangular: [[A, 0], [B, diag]], A k × k. */
export function rankLower(size: number, k: number): Structure {
  const base = hierarchical(size, k, 0);
  const name = `rank-lower(${k})`;
  if (size <= k) return { ...base, name };
  // With K = [[A, 0], [Bᵀ, c]]: KᵀK = [[AᵀA + B Bᵀ, B c], [·, c²]], written with the parts of Kᵀ.
  return transposed(name, base, ({ a, b1, c }) => ({
    a: a.matmul(a.transpose()).add(b1.matmul(b1.transpose())),
    b1: b1.mul(c).mul(2),
    c: c.square(),
  }));
}
