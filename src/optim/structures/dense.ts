/** Full matrices: one part. */
import { diagonal, eye, type Tensor } from "../../tensor/index.ts";
import { type Float, type Structure, scaledIdentity } from "./structure.ts";

/** The identity of the size and dtype of a matrix. */
export const identityLike = (m: Tensor): Tensor => eye(m.shape[m.rank - 1], m.dtype as Float);

/** All matrices of a size. */
export const dense = (size: number): Structure => ({
  name: "dense",
  size,
  shapes: { full: [size, size] },
  identity: (value, dtype) => ({ full: scaledIdentity(size, value, dtype) }),
  product: (k, l) => ({ full: k.full.matmul(l.full) }),
  times: (x, k) => x.matmul(k.full),
  timesTransposed: (x, k) => x.matmul(k.full.transpose()),
  gram: (x) => ({ full: x.transpose().matmul(x) }),
  selfGram: (k) => ({ full: k.full.transpose().matmul(k.full) }),
  addIdentity: (k, value) => ({ full: k.full.add(identityLike(k.full).mul(value)) }),
  averageTrace: (k) => diagonal(k.full).mean(),
  squaredNorm: (k) => k.full.square().sum(),
  toDense: (k) => k.full,
  project: (m) => ({ full: m }),
});
