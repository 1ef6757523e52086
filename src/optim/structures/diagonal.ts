/** Diagonal matrices: one number a row. */
import { diagonal as diagonalOf } from "../../tensor/index.ts";
import { identityLike } from "./dense.ts";
import { filled, type Structure } from "./structure.ts";

/** Diagonal matrices of a size. */
export const diagonal = (size: number): Structure => ({
  name: "diagonal",
  size,
  shapes: { d: [size] },
  identity: (value, dtype) => ({ d: filled([size], value, dtype) }),
  product: (k, l) => ({ d: k.d.mul(l.d) }),
  times: (x, k) => x.mul(k.d),
  timesTransposed: (x, k) => x.mul(k.d),
  gram: (x) => ({ d: x.square().sum(0) }),
  selfGram: (k) => ({ d: k.d.square() }),
  addIdentity: (k, value) => ({ d: k.d.add(value) }),
  averageTrace: (k) => k.d.mean(),
  squaredNorm: (k) => k.d.square().sum(),
  toDense: (k) => identityLike(k.d).mul(k.d),
  project: (m) => ({ d: diagonalOf(m) }),
});
