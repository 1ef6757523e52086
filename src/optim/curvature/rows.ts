/**
 * Rows of a layer's Kronecker factors, with B examples and R positions that share the weight:
 *
 *            inputs A                                     gradients Ĝ
 *   expand   all B R rows / √(B R)                        all B R rows · √n
 *   reduce   mean over positions / √B                     sum over positions · √n
 *
 * so that the curvature of the weight is ĜᵀĜ ⊗ AᵀA. n counts the terms of the loss's mean: with a mean loss each row of gradients is
 * ∂ℓ / n, and Σ (√n g)(√n g)ᵀ = (1/n) Σ ∂ℓ ∂ℓᵀ.
 *
 * @source  Eschenhagen et al., NeurIPS 2023 (arXiv 2311.00636)
 */
import { UserError } from "../../data/errors.ts";
import { broadcastTo, concat, patches, scalar, scatterAdd, type Tensor } from "../../tensor/index.ts";
import type { Layer, Seen } from "./layers.ts";

export const approximations = ["expand", "reduce"] as const;
export const averages = ["batch", "batch+sequence", "none"] as const;

const filledLike = (value: number, x: Tensor, shape: readonly number[]): Tensor => broadcastTo(scalar(value, x.dtype), shape);

/** Inputs of a use as [B, R, d]. */
function inputsOf(layer: Layer, { x, geometry }: Seen, batch: number): Tensor {
  if (!geometry) return positions(layer, x.reshape([x.size / layer.inputs, layer.inputs]), batch);
  const { groups } = geometry;
  const [n, c, ...space] = x.shape;
  // Groups of channels share a factor: their mean stands for them.
  const mean = groups === 1 ? x : x.reshape([n, groups, c / groups, ...space]).mean(1);
  const p = patches(mean, geometry);
  return positions(layer, p.transpose([0, 3, 1, 2]).reshape([n * p.shape[3], layer.inputs]), batch);
}

/** Gradients of a use as [B, R, d]. */
function outputsOf(layer: Layer, g: Tensor, batch: number): Tensor {
  if (layer.kind !== "conv") return positions(layer, g.reshape([g.size / layer.outputs, layer.outputs]), batch);
  const [n, o] = g.shape;
  const rows = g.reshape([n, o, g.size / (n * o)]).transpose([0, 2, 1]);
  return positions(layer, rows.reshape([g.size / o, o]), batch);
}

function positions(layer: Layer, rows: Tensor, batch: number): Tensor {
  const [n, d] = rows.shape;
  if (n % batch)
    throw new UserError(
      `the layer of ${layer.weight} saw ${n} rows, which is no multiple of the ${batch} examples of the batch`,
      "give the batch size that the loss averages over, with examples along the first axis",
    );
  return rows.reshape([batch, n / batch, d]);
}

const together = (pieces: readonly Tensor[], axis: number): Tensor => (pieces.length === 1 ? pieces[0] : concat(pieces, axis));
const flat = (x: Tensor): Tensor => x.reshape([x.shape[0] * x.shape[1], x.shape[2]]);

/** A [N, d_i], with a last column for the bias. Not for embeddings, see `frequencies`. */
export function inputRows(layer: Layer, seen: readonly Seen[], batch: number, approximation: string): Tensor {
  const all = together(
    seen.map((use) => inputsOf(layer, use, batch)),
    1,
  );
  const rows = approximation === "reduce" ? all.mean(1) : flat(all);
  const scale = 1 / Math.sqrt(rows.shape[0]);
  const scaled = rows.mul(scale);
  return layer.bias === undefined ? scaled : concat([scaled, filledLike(scale, rows, [rows.shape[0], 1])], 1);
}

/** Σ over rows of one-hot inputs / N: how often each symbol occurs, the diagonal of AᵀA. [symbols] */
export function frequencies(layer: Layer, seen: readonly Seen[]): Tensor {
  const [{ gradients }] = seen;
  const total = seen.reduce((s, { x }) => s + x.size, 0);
  const zero = filledLike(0, gradients[0], [layer.inputs, 1]);
  const counts = seen.reduce(
    (sum, { x }) => scatterAdd(sum, x.reshape([x.size]), filledLike(1 / total, gradients[0], [x.size, 1])),
    zero,
  );
  return counts.reshape([layer.inputs]);
}

/** Positions of each example that share the weight, over all uses. */
export function positionsOf(layer: Layer, seen: readonly Seen[], batch: number): number {
  return seen.reduce((s, { gradients }) => s + gradients[0].size / (layer.outputs * batch), 0);
}

/** Ĝ [N, d_o]; several scalars (see `withCurvature`) are stacked. */
export function gradientRows(layer: Layer, seen: readonly Seen[], batch: number, approximation: string, average: string): Tensor {
  const n = average === "none" ? 1 : average === "batch" ? batch : batch * positionsOf(layer, seen, batch);
  const scalars = seen[0].gradients.map((_, i) => {
    const all = together(
      seen.map(({ gradients }) => outputsOf(layer, gradients[i], batch)),
      1,
    );
    return approximation === "reduce" ? all.sum(1) : flat(all);
  });
  return together(scalars, 0).mul(Math.sqrt(n));
}
