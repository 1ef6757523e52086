/**
 * Estimators of the gradients of flows, projected on a family of wave functions. With q = ψ², O = ∇_θ log q:
 *
 *   Fisher-Rao   g = E_q[(E_loc - E) O]                       the gradient of the energy
 *   Wasserstein  g = E_q[∇_θ (u · ∇_x log q)],  u = ∇c*(∇E_loc) held fixed
 *
 * θ moves along -F⁻¹ (w_W g_W + w_FR g_FR), F = Cov_q(O).
 *
 * @source  Neklyudov et al., NeurIPS 2023, arXiv 2307.07050
 */
import { jvp, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import { type Ansatz, type Linear, type Parameters, waveOf } from "../ansatz/ansatz.ts";
import { plainNetwork } from "../ansatz/network.ts";
import type { Passages } from "../solvers/passages.ts";

/**
 * g_W = mean_b m_b ∇_θ (u_b · ∇_x log q(x_b - h u_b)). The derivative along u is forward, that by parameters reverse.
 *
 * With h = 0 this is the flow's direction now. The change of log q along the way of a finite step is the mean of the same over h from 0 to its end, since
 * E[O(x)] - E[O(x - h u)] = ∫_0^h E[u · ∇_x O(x - s u)] ds: a look-ahead of half the step is exact to the second order.
 *
 * @param u      [dimension, N, walkers]
 * @param masks  m, of mean 1: [walkers]
 * @param ahead  h, in units of the flow's time
 */
export function wassersteinGradient(
  ansatz: Ansatz,
  parameters: Parameters<Tensor>,
  x: Tensor,
  u: Tensor,
  masks: Tensor,
  ahead = 0,
): Parameters<Tensor> {
  const place = ahead === 0 ? x : x.sub(u.mul(ahead));
  const loss = (p: Parameters<Tensor>): Tensor => {
    const [, along] = jvp((y: Tensor) => waveOf(ansatz, y, plainNetwork(p)).logAbs, [place], [u]);
    return masks.mul(along).mean().mul(2);
  };
  return valueAndGrad(loss)(parameters)[1];
}

/**
 * g_FR = mean_b e_b O_b, from what passed through the linear maps: no backward pass of its own.
 *
 * @param energies  e, clipped and of mean 0: [walkers]
 */
export function fisherRaoGradient({ linear, other }: Passages, { linear: maps }: Parameters<Tensor>, energies: Tensor): Parameters<Tensor> {
  const walkers = energies.size;
  const weights = energies.div(walkers);
  const layer = (name: string): Linear<Tensor> => {
    const { x, delta } = linear[name];
    const driven = delta.mul(weights);
    const flat = (t: Tensor): Tensor => t.reshape([t.shape[0], t.size / t.shape[0]]);
    const weight = flat(x).matmul(flat(driven).transpose());
    return maps[name].bias ? { weight, bias: flat(driven).sum(1) } : { weight };
  };
  return {
    linear: Object.fromEntries(Object.keys(maps).map((name) => [name, layer(name)])),
    other: Object.fromEntries(Object.entries(other).map(([name, o]) => [name, o.mul(weights).sum(-1, true)])),
  };
}
