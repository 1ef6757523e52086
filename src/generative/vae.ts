/**
 * Variational autoencoders: p(z) = N(0, I), a decoder p(x|z), an encoder q(z|x) = N(m(x), diag exp v(x)), and the bounds on log p(x).
 * Everything is in nats, one number a row.
 */
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** Encoder and decoder as functions of parameters P. */
export interface Vae<P> {
  /** x [n, D] -> mean and log-variance side by side [n, 2 d]. */
  encode(params: P, x: Tensor): Tensor;
  /** z [n, d] -> what the likelihood takes: means or logits [n, D]. */
  decode(params: P, z: Tensor): Tensor;
  /** log p(x|z) [...] from x [..., D] and the decoder's output [..., D]. */
  logLikelihood(params: P, x: Tensor, output: Tensor): Tensor;
}

/** A diagonal Gaussian, [..., d]. */
export interface DiagonalGaussian {
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/** Mean and log-variance that stand side by side. */
export function gaussianOf(both: Tensor): DiagonalGaussian {
  const [mean, logVariance] = t.split(both, 2, -1);
  return { mean, logVariance };
}

/** m + exp(v / 2) ε. */
export const reparameterised = ({ mean, logVariance }: DiagonalGaussian, noise: Tensor): Tensor =>
  mean.add(logVariance.mul(0.5).exp().mul(noise));

/** KL(N(m, exp v) ‖ N(0, I)) = ½ Σ (m² + e^v - 1 - v). */
export const gaussianKl = ({ mean, logVariance }: DiagonalGaussian): Tensor =>
  mean.square().add(t.expm1(logVariance)).sub(logVariance).sum(-1).mul(0.5);

/** log N(x; m, exp v), summed over the last axis; v may be a scalar. */
export function gaussianLogDensity(x: Tensor, mean: Tensor | number, logVariance: Tensor | number): Tensor {
  const v = typeof logVariance === "number" ? t.scalar(logVariance, x.dtype) : logVariance;
  const d = x.shape[x.rank - 1];
  const logScale = v.rank === 0 ? v.mul(d) : v.sum(-1);
  return x
    .sub(mean)
    .square()
    .mul(v.neg().exp())
    .sum(-1)
    .add(logScale)
    .add(d * Math.log(2 * Math.PI))
    .mul(-0.5);
}

/** log p(x) of independent bits with logits a: Σ x a - softplus(a). */
export const bernoulliLogDensity = (x: Tensor, logits: Tensor): Tensor => x.mul(logits).sub(t.softplus(logits)).sum(-1);

/** What the evidence lower bound is made of: reconstruction - KL. */
export interface ElboParts {
  /** E_q log p(x|z), by one draw of z, [n]. */
  readonly reconstruction: Tensor;
  /** KL(q(z|x) ‖ p(z)), in closed form, [n]. */
  readonly kl: Tensor;
}

/**
 * The evidence lower bound of each row,
 *
 *   log p(x) ≥ E_{q(z|x)} log p(x|z) - KL(q(z|x) ‖ p(z)),   z = m(x) + exp(v(x) / 2) ε
 *
 * @param noise  ε ~ N(0, I), [n, d]
 * @source  Kingma & Welling, ICLR 2014, eq. 10
 */
export function elboParts<P>(vae: Vae<P>, params: P, x: Tensor, noise: Tensor): ElboParts {
  const q = gaussianOf(vae.encode(params, x));
  const output = vae.decode(params, reparameterised(q, noise));
  return { reconstruction: vae.logLikelihood(params, x, output), kl: gaussianKl(q) };
}

/**
 * Importance-weighted bound of each row, log (1/K) Σ_k p(x, z_k) / q(z_k|x) with z_k ~ q: below log p(x) in expectation, and
 * rising with K.
 *
 * @param noise  ε ~ N(0, I), [K, n, d]
 * @source  Burda, Grosse & Salakhutdinov, ICLR 2016, eq. 8
 */
export function importanceBound<P>(vae: Vae<P>, params: P, x: Tensor, noise: Tensor): Tensor {
  const [k, n, d] = noise.shape;
  const q = gaussianOf(vae.encode(params, x));
  const z = reparameterised(q, noise);
  const output = vae.decode(params, z.reshape([k * n, d])).reshape([k, n, x.shape[1]]);
  const logWeight = vae
    .logLikelihood(params, x, output)
    .add(gaussianLogDensity(z, 0, 0))
    .sub(gaussianLogDensity(z, q.mean, q.logVariance));
  return t.logsumexp(logWeight, 0).sub(Math.log(k));
}
