/** Gradients of single examples, each bounded: what differential privacy needs of a step. */
import { flatten, mapTree, unflatten } from "../../array/index.ts";
import { maximum, minimum, sqrt, Tensor, valueAndGrad, vmap } from "../../tensor/index.ts";

/** Sums over the examples of a batch. */
export interface ClippedSum<P> {
  /** Of clipped gradients, a tree like the parameters. */
  readonly gradient: P;
  /** Of losses. */
  readonly loss: Tensor;
}

/**
 * Σ_i m_i g_i min(1, C / |g_i|) over examples, |·| over all parameters: one example more or less moves the sum by at most C.
 *
 * @param loss   of one example (params, x [D], y scalar)
 * @param mask   m [n], 1 for an example and 0 for a row that only fills the batch up
 * @source   Abadi et al., CCS 2016, algorithm 1
 */
export function clippedSum<P>(
  loss: (params: P, x: Tensor, y: Tensor) => Tensor,
  clip: number,
  params: P,
  { x, y, mask }: { readonly x: Tensor; readonly y: Tensor; readonly mask: Tensor },
): ClippedSum<P> {
  const [losses, each] = vmap(valueAndGrad(loss), [null, 0, 0])(params, x, y);
  const n = x.shape[0];
  const { leaves, structure } = flatten(each, (g: unknown): g is Tensor => g instanceof Tensor);
  const rows = leaves.map((g) => g.reshape([n, g.size / n]));
  const norms = sqrt(rows.map((g) => g.square().sum(1)).reduce((a, b) => a.add(b)));
  const own = mask.cast(norms.dtype);
  // an example without a gradient adds none
  const factors = minimum(maximum(norms, 1e-30).pow(-1).mul(clip), 1).mul(own).expandDims(0);
  const summed = leaves.map((g, i) => factors.matmul(rows[i]).reshape(g.shape.slice(1)));
  return { gradient: unflatten<P>(structure, summed), loss: losses.mul(own).sum() };
}

/** (s + σ C ξ) / B: the mean gradient of a private step, ξ ~ N(0, I). B is the expected number of examples, which is no secret. */
export const noisyMean = <P>(sum: P, noise: P, { clip, sigma, expected }: { clip: number; sigma: number; expected: number }): P =>
  mapTree<P>((s: Tensor, xi: Tensor) => s.add(xi.mul(sigma * clip)).div(expected), sum, noise);
