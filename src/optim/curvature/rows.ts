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

import { array, sizeOf } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import {
  broadcastTo,
  type ConvGeometry,
  concat,
  constant,
  iota,
  outSizes,
  patches,
  scalar,
  scatterAdd,
  type Tensor,
} from "../../tensor/index.ts";
import { choice } from "../hyper.ts";
import type { Layer, Seen } from "./layers.ts";

/** How positions that share a weight are treated. "reduce" is for networks that average positions before the loss. */
export const approximation = choice("how positions that share a weight are treated: each on its own, or averaged first", [
  "expand",
  "reduce",
]);
/** n. Language models average over positions too. */
export const lossAverage = choice("what the loss is a mean over: examples, examples and positions, or nothing (a sum)", [
  "batch",
  "batch+sequence",
  "none",
]);
type Approximation = (typeof approximation)["default"];
type LossAverage = (typeof lossAverage)["default"];

const filledLike = (value: number, x: Tensor, shape: readonly number[]): Tensor => broadcastTo(scalar(value, x.dtype), shape);

/** Images of which a convolution takes patches. Groups of channels share a factor: their mean stands for them. */
function imagesOf({ x }: Seen, { groups }: ConvGeometry): Tensor {
  const [n, c, ...space] = x.shape;
  return groups === 1 ? x : x.reshape([n, groups, c / groups, ...space]).mean(1);
}

/** Inputs of a use as [B, R, d]. */
function inputsOf(layer: Layer, use: Seen, batchSize: number): Tensor {
  const { x, geometry } = use;
  if (!geometry) return positions(layer, x.reshape([x.size / layer.inputs, layer.inputs]), batchSize);
  const [n] = x.shape;
  const p = patches(imagesOf(use, geometry), geometry);
  return positions(layer, p.transpose([0, 3, 1, 2]).reshape([n * p.shape[3], layer.inputs]), batchSize);
}

/**
 * Share of the output positions at which kernel position k sees input position i, for all axes at once: [inputs, kernel positions].
 * Mean patches are a product with it, and no patch is made.
 */
function meanPatchMatrix({ space, kernel, strides, low, dilation, ...g }: ConvGeometry, dtype: "f32" | "f64"): Tensor {
  const outs = outSizes({ space, kernel, strides, low, dilation, ...g });
  const axes = space.map((n, a) =>
    Array.from({ length: n }, (_, i) =>
      Array.from({ length: kernel[a] }, (_, k) => {
        const o = (i + low[a] - k * dilation[a]) / strides[a];
        return Number.isInteger(o) && o >= 0 && o < outs[a] ? 1 / outs[a] : 0;
      }),
    ),
  );
  // Kronecker product of the axes, last one fastest on both sides.
  const rows = axes.reduce((all, axis) => all.flatMap((row) => axis.map((other) => row.flatMap((v) => other.map((w) => v * w)))));
  return constant(array(rows, dtype));
}

/** Mean over positions of a use: [B, d]. */
function meanInputs(layer: Layer, use: Seen, batchSize: number): Tensor {
  const { x, geometry } = use;
  if (!geometry || x.shape[0] !== batchSize) return inputsOf(layer, use, batchSize).mean(1);
  const images = imagesOf(use, geometry);
  const [n, c, ...space] = images.shape;
  const product = images.reshape([n * c, sizeOf(space)]).matmul(meanPatchMatrix(geometry, x.dtype as "f32"));
  return product.reshape([n, layer.inputs]);
}

/** Gradients of a use as [B, R, d]. */
function outputsOf(layer: Layer, g: Tensor, batchSize: number): Tensor {
  if (layer.kind !== "conv") return positions(layer, g.reshape([g.size / layer.outputs, layer.outputs]), batchSize);
  const [n, o] = g.shape;
  const rows = g.reshape([n, o, g.size / (n * o)]).transpose([0, 2, 1]);
  return positions(layer, rows.reshape([g.size / o, o]), batchSize);
}

function positions(layer: Layer, rows: Tensor, batchSize: number): Tensor {
  const [n, d] = rows.shape;
  if (n % batchSize)
    throw new UserError(
      `the layer of ${layer.weight} saw ${n} rows, which is no multiple of the ${batchSize} examples of the batch`,
      "give the batch size that the loss averages over, with examples along the first axis",
    );
  return rows.reshape([batchSize, n / batchSize, d]);
}

const together = (pieces: readonly Tensor[], axis: number): Tensor => (pieces.length === 1 ? pieces[0] : concat(pieces, axis));
const flat = (x: Tensor): Tensor => x.reshape([x.shape[0] * x.shape[1], x.shape[2]]);

const allRows = (layer: Layer, seen: readonly Seen[], batchSize: number): Tensor =>
  flat(
    together(
      seen.map((use) => inputsOf(layer, use, batchSize)),
      1,
    ),
  );

/** Means over the positions of all uses. */
function allMeans(layer: Layer, seen: readonly Seen[], batchSize: number): Tensor {
  const total = positionsOf(layer, seen, batchSize);
  const shares = seen.map((use) => meanInputs(layer, use, batchSize).mul(positionsOf(layer, [use], batchSize) / total));
  return shares.reduce((a, b) => a.add(b));
}

/** A [N, d_i], with a last column for the bias. Not for embeddings, see `frequencies`. */
export function inputRows(layer: Layer, seen: readonly Seen[], batchSize: number, approximation: Approximation): Tensor {
  const rows = approximation === "reduce" ? allMeans(layer, seen, batchSize) : allRows(layer, seen, batchSize);
  const scale = 1 / Math.sqrt(rows.shape[0]);
  const scaled = rows.mul(scale);
  return layer.bias === undefined ? scaled : concat([scaled, filledLike(scale, rows, [rows.shape[0], 1])], 1);
}

/**
 * Diagonal of AᵀA where rows are one-hot: how often each symbol occurs; with "reduce" the mean square, over the examples, of how often it
 * occurs in one. [symbols]
 */
export function frequencies(layer: Layer, seen: readonly Seen[], batchSize: number, approximation: Approximation): Tensor {
  const [{ gradients }] = seen;
  const total = seen.reduce((s, { x }) => s + x.size, 0);
  const count = (bins: number, symbols: (x: Tensor) => Tensor, each: number): Tensor =>
    seen
      .reduce(
        (sum, { x }) => scatterAdd(sum, symbols(x), filledLike(each, gradients[0], [x.size, 1])),
        filledLike(0, gradients[0], [bins, 1]),
      )
      .reshape([bins]);
  if (approximation === "expand") return count(layer.inputs, (x) => x.reshape([x.size]), 1 / total);
  // one bin for each symbol of each example
  const own = (x: Tensor): Tensor =>
    positions(layer, x.reshape([x.size, 1]), batchSize)
      .reshape([batchSize, x.size / batchSize])
      .add(iota(batchSize).mul(layer.inputs).expandDims(1))
      .reshape([x.size]);
  const shares = count(batchSize * layer.inputs, own, batchSize / total).reshape([batchSize, layer.inputs]);
  return shares.square().mean(0);
}

/** Positions of each example that share the weight, over all uses. */
function positionsOf(layer: Layer, seen: readonly Seen[], batchSize: number): number {
  return seen.reduce((s, { gradients }) => s + gradients[0].size / (layer.outputs * batchSize), 0);
}

/** Ĝ [N, d_o]; several scalars (see `withCurvature`) are stacked. */
export function gradientRows(
  layer: Layer,
  seen: readonly Seen[],
  batchSize: number,
  approximation: Approximation,
  average: LossAverage,
): Tensor {
  const n = average === "none" ? 1 : average === "batch" ? batchSize : batchSize * positionsOf(layer, seen, batchSize);
  const scalars = seen[0].gradients.map((_, i) => {
    const all = together(
      seen.map(({ gradients }) => outputsOf(layer, gradients[i], batchSize)),
      1,
    );
    return approximation === "reduce" ? all.sum(1) : flat(all);
  });
  return together(scalars, 0).mul(Math.sqrt(n));
}
