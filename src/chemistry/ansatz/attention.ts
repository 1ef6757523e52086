/** Layers of transformers whose tokens are electrons: [feature, electron, walker]. */
import { reciprocal, stopGradient, type Tensor, tanh } from "../../tensor/index.ts";
import { asColumns, asRows, type WaveNetwork } from "./ansatz.ts";

/** So many electrons and fewer: attention by multiplying and adding, walkers innermost; beyond, as products of matrices, walkers outermost. */
const mostByAdding = 6;

/** Attention of electrons to all, themselves included: q, k, v [d, N, walkers] -> [d, N, walkers]. */
export function attention(q: Tensor, k: Tensor, v: Tensor, heads: number): Tensor {
  const [d, n, walkers] = q.shape;
  const size = d / heads;
  const scale = 1 / Math.sqrt(size);
  if (n <= mostByAdding) {
    const [a, b, c] = [q.mul(scale), k, v].map((t) => t.reshape([heads, size, n, walkers]));
    const scores = a.expandDims(3).mul(b.expandDims(2)).sum(1);
    return softmax(scores, 2).expandDims(1).mul(c.expandDims(2)).sum(3).reshape([d, n, walkers]);
  }
  // [walker, head, feature, electron]: one axis moves, in a quarter of the time that two would take (`npm run bench -- lowerings --only moves`),
  // and products transpose by the way
  const columns = (t: Tensor): Tensor => t.reshape([heads, size, n, walkers]).transpose([3, 0, 1, 2]);
  const e = exponentials(columns(q).mul(scale).transpose([0, 1, 3, 2]).matmul(columns(k)), 3);
  const values = columns(v).matmul(e.transpose([0, 1, 3, 2]));
  return attentionOfSums(e.sum(3).transpose([1, 2, 0]), values.transpose([1, 2, 3, 0]));
}

/**
 * The first attention, of electrons that have not met: pairs e^{s_ij - m_i} and e^{s_ij - m_i} v_j with s_ij = q_i · k_j and m_i their largest;
 * the result is the quotient of their sums over j.
 *
 * @param q  with 1/√(d/heads) in it
 */
export function attentionPairs(rows: readonly Tensor[], columns: readonly Tensor[], all: readonly Tensor[], heads: number): Tensor[] {
  const split = (t: Tensor): Tensor => t.reshape([heads, t.shape[0] / heads, ...t.shape.slice(1)]);
  const scores = (q: Tensor, k: Tensor): Tensor => split(q).mul(split(k)).sum(1);
  const largest = stopGradient(scores(asRows(all[0]), asColumns(all[1])).max(-2, true));
  const e = scores(rows[0], columns[1]).sub(largest).exp();
  return [e, e.expandDims(1).mul(split(columns[2]))];
}

/** Σ_j e_ij v_j / Σ_j e_ij from the sums of `attentionPairs`: [d, N, walkers]. */
export const attentionOfSums = (weights: Tensor, values: Tensor): Tensor => {
  const [heads, size, ...rest] = values.shape;
  return values.mul(reciprocal(weights).expandDims(1)).reshape([heads * size, ...rest]);
};

/** exp(scores) over that of their maximum along an axis, which is a constant to derivatives. */
const exponentials = (scores: Tensor, axis: number): Tensor => scores.sub(stopGradient(scores.max(axis, true))).exp();

function softmax(scores: Tensor, axis: number): Tensor {
  const e = exponentials(scores, axis);
  return e.mul(reciprocal(e.sum(axis, true)));
}

/** h + tanh(W₂ tanh(W₁ h + b₁) + b₂), the maps `${layer}.mlp1` and `${layer}.mlp2`. */
export const perceptron = (layer: string, h: Tensor, network: WaveNetwork): Tensor =>
  h.add(tanh(network.linear(`${layer}.mlp2`, tanh(network.linear(`${layer}.mlp1`, h)))));
