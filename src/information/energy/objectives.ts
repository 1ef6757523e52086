/** What critics are trained on: losses whose negatives are bounds, and a contrastive divergence whose value is none. */
import type { Target } from "../../sampling/index.ts";
import { exp, logAddExp, logsumexp, minimum, stopGradient, type Tensor } from "../../tensor/index.ts";
import { logProposal } from "../models/encoder.ts";

/** T of n latents a data point: z [n, B, d] -> [n, B]. */
export type Energy = (z: Tensor) => Tensor;

/** q at B data points: [B, d] each. */
export interface Proposal {
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/** log (1/n) Σ e^a over all elements. */
const logMeanExp = (a: Tensor): Tensor => logsumexp(a.reshape([a.size]), 0).sub(Math.log(a.size));

/** z_k = m + e^{v/2} ε_k: ε [K, B, d] -> [K, B, d]. */
export const drawn = ({ mean, logVariance }: Proposal, noise: Tensor): Tensor =>
  noise.mul(logVariance.mul(0.5).exp().expandDims(0)).add(mean.expandDims(0));

/**
 * What T adds to Barber-Agakov in GIWAE, E[T(x, z_1) - lme_k T(x, z_k)] ≤ log K: z_1 exact, z_2 … z_K of q. With q the prior it is InfoNCE.
 *
 * @param z       exact latents [B, d]
 * @param others  [K - 1, B, d]
 * @source  Brekelmans et al., ICLR 2022, section 3.2; van den Oord, Li & Vinyals (2018)
 */
export function contrastive(energy: Energy, z: Tensor, others: Tensor): Tensor {
  const first = energy(z.expandDims(0)).squeeze(0);
  const all = logAddExp(first, logsumexp(energy(others), 0)).sub(Math.log(others.shape[0] + 1));
  return first.sub(all).mean();
}

/** What a Donsker-Varadhan step gives. */
export interface Varadhan {
  /** A scalar whose gradient is that of the bound, with the remembered mean in the denominator. */
  readonly objective: Tensor;
  /** The bound on this batch, E T - log E_q e^T. */
  readonly value: Tensor;
  /** log of the moving mean of E_q e^T. */
  readonly memory: Tensor;
}

/** AnnealedWeights e^{T - log m} above this are cut in the gradient: one of them would be the whole step. */
const heaviest = 20;

/**
 * Donsker-Varadhan with MINE's gradient: E ∇T - E_q[e^T ∇T] / m, m a moving mean of E_q e^T, without which the gradient of the log of a
 * batch mean is biased.
 *
 * @param memory  log m of the step before
 * @source  Belghazi et al., ICML 2018, section 3.2
 */
export function varadhan(energy: Energy, z: Tensor, others: Tensor, memory: Tensor): Varadhan {
  const [first, rest] = [energy(z.expandDims(0)).mean(), energy(others)];
  const now = logMeanExp(rest);
  const next = stopGradient(logAddExp(memory.add(Math.log(0.9)), now.add(Math.log(0.1))));
  const objective = first.sub(exp(minimum(rest.sub(next), heaviest)).mean());
  return { objective, value: first.sub(now), memory: next };
}

/** E T - E_q e^{T - 1}: MINE-F, NWJ. AnnealedWeights are cut as above. @source  Nguyen, Wainwright & Jordan, IEEE Trans. Inf. Theory 56 (2010) */
export const fenchel = (energy: Energy, z: Tensor, others: Tensor): Tensor =>
  energy(z.expandDims(0))
    .mean()
    .sub(exp(minimum(energy(others).sub(1), heaviest)).mean());

/** What chains of an energy see: features of x, and q. */
export interface EnergyData {
  /** φ(x): [B, F]. */
  readonly x: Tensor;
  readonly proposal?: Proposal;
}

/** π_β ∝ q(z|x) e^{β T(x, z)} as a target: terms log q and T, λ = (1, β); rows n · B + b. */
export function energyTarget(energy: (phi: Tensor, z: Tensor) => Tensor): Target<EnergyData> {
  const perPoint = (rows: Tensor, points: number): Tensor => rows.reshape([-1, points, ...rows.shape.slice(1)]);
  return [
    (z, { x, proposal }) => {
      const { mean, logVariance } = proposal!; // whoever has energies has q
      const each = { mean: mean.expandDims(0), logVariance: logVariance.expandDims(0) };
      return logProposal(perPoint(z, x.shape[0]), each).reshape([z.shape[0]]);
    },
    (z, { x }) => energy(x, perPoint(z, x.shape[0])).reshape([z.shape[0]]),
  ];
}
