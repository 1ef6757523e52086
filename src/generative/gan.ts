/**
 * Generative adversarial networks: a generator turns z ~ N(0, I) into samples, a discriminator gives the logit of being data. With densities
 * p of the data and q of the generator the best discriminator is D = log p / q, where σ(D) = p / (p + q).
 */
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** Mean of -log σ(D(x)) - log(1 - σ(D(y))) for data x and made y: logits [n, 1] or [n]. Goodfellow et al., NeurIPS 2014, eq. 1. */
export const discriminatorLoss = (ofData: Tensor, ofMade: Tensor): Tensor => t.softplus(ofData.neg()).mean().add(t.softplus(ofMade).mean());

/** The non-saturating loss, mean of -log σ(D(y)): its gradient does not vanish where the discriminator is sure. Ibid., section 3. */
export const generatorLoss = (ofMade: Tensor): Tensor => t.softplus(ofMade.neg()).mean();

/**
 * R₁ = E |∇_x D(x)|² over data: half of it, times a weight, keeps the discriminator from growing without end where it has won.
 *
 * @param judge  x [n, D] -> logits [n, 1]
 * @source  Mescheder, Geiger & Nowozin, ICML 2018, eq. 9
 */
export const gradientPenalty = (judge: (x: Tensor) => Tensor, x: Tensor): Tensor =>
  t
    .grad((x: Tensor) => judge(x).sum())(x)
    .square()
    .sum(-1)
    .mean();

/** Share of data and of made samples that the discriminator puts on the right side: ½ (P(D(x) > 0) + P(D(y) < 0)). */
export const discriminatorAccuracy = (ofData: Tensor, ofMade: Tensor): Tensor =>
  t
    .cast(t.greater(ofData, 0), ofData.dtype)
    .mean()
    .add(t.cast(t.less(ofMade, 0), ofMade.dtype).mean())
    .mul(0.5);
