/** Mixtures of Gaussians, drawn component by component. */
import type { Random } from "../../array/index.ts";
import { expandDims, logSoftmax, logsumexp, type Tensor, transpose } from "../../tensor/index.ts";
import { filled, freeScale, like } from "./arrays.ts";
import { type Family, logNormal } from "./family.ts";
import { factorOf, type GaussianParams, inverseOf, standardGaussians } from "./gaussian.ts";

/** Logits of the shares [J, C], and Gaussians with the leading axes [J, C]. */
export interface MixtureParams<T = Tensor> {
  readonly logits: T;
  readonly gaussians: GaussianParams<T>;
}

/** How far apart the components begin, in standard deviations of the prior: equal ones would stay equal. */
const apart = 0.5;

/**
 * q = Σ_c π_c N(m_c, L_c L_cᵀ). Every component is drawn equally often and counts π_c: the gradient in the shares is exact, and there is
 * no noise of a choice.
 *
 * @source  Wang et al., NeurIPS 2021, section 3; stratified instead of Gumbel draws
 */
export const mixtureFamily = (latent: number, components: number): Family<MixtureParams> => ({
  ...{ name: "mixture", latent, components, affine: true, rate: 0.03 },
  init(goals, rng: Random, dtype = "f32") {
    const gaussians = standardGaussians([goals, components], latent, dtype);
    const noise = rng.normal([goals, components, latent], "f64").data;
    return {
      logits: filled([goals, components], 0, dtype),
      gaussians: { ...gaussians, mean: like(gaussians.mean, noise, (v) => apart * v) },
    };
  },
  place({ logits, gaussians }, { factor, codes }) {
    const [, m, d] = codes.shape;
    // each at a code of its own, each as wide as all of them together would be in one direction out of C
    const narrower = components ** (-1 / d);
    const mean = like(gaussians.mean, gaussians.mean.data, (_, i) => {
      const [goal, c, k] = [Math.floor(i / (components * d)), Math.floor(i / d) % components, i % d];
      return Number(codes.data[(goal * m + (c % m)) * d + k]);
    });
    const block = d * d;
    const lower = (i: number): number => narrower * Number(factor.data[Math.floor(i / (components * block)) * block + (i % block)]);
    const { scale, below } = gaussians;
    return {
      logits,
      gaussians: {
        mean,
        scale: like(scale, scale.data, (_, i) => freeScale(lower(Math.floor(i / d) * block + (i % d) * (d + 1)))),
        below: like(below, below.data, (_, i) => lower(i)),
      },
    };
  },
  draw({ logits, gaussians }, noise) {
    const [J, n, d] = [logits.shape[0], noise.shape[1], latent];
    const { lower, logDet } = factorOf(gaussians);
    const each = noise.reshape([noise.shape[0], components, n / components, d]);
    const z = each.matmul(transpose(lower)).add(expandDims(gaussians.mean, 2)).reshape([J, 1, n, d]);
    // L_c⁻¹ (z - m_c) for every draw and component
    const whitened = z.sub(expandDims(gaussians.mean, 2)).matmul(transpose(inverseOf(lower)));
    const logEach = logNormal(whitened).sub(expandDims(logDet, 2));
    return { z: z.reshape([J, n, d]), logDensity: logsumexp(logEach.add(expandDims(logSoftmax(logits, -1), 2)), 1) };
  },
  logShares: ({ logits }) => logSoftmax(logits, -1),
});
