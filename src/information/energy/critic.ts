/** Networks that say how well z fits x: a proposal q(z|x), and an energy T(x, z) above it. */
import { array, type NdArray, type Random } from "../../array/index.ts";
import { type Dense, dense, initializers, type Mlp, mlp } from "../../nn/index.ts";
import { clamp, concat, constant, softplus, type Tensor } from "../../tensor/index.ts";

export interface CriticSizes {
  /** D and d. */
  readonly observed: number;
  readonly latent: number;
  readonly width: number;
  readonly features: number;
}

/**
 * T(x, z) = a(x)·z - ½ b(x)·z² + h(x, z) with b ≥ 0, all of features φ(x) that are computed once a data point. The first two terms are the
 * energy of an exponential family (exact for Gaussian pairs); h is a tanh network, which grows like |z| at most, so that q e^T can be
 * normalised.
 */
export interface Critic<T = Tensor> {
  readonly features: Mlp<T>;
  readonly linear: Dense<T>;
  readonly quadratic: Dense<T>;
  readonly rest: Mlp<T>;
}

/** b starts at log(1 + e^-3) = 0.05 and may have to reach 1 / (1 - ρ²): with Adam's rate of 1e-3 that is 700 steps with this gain, and 7,000 without. */
const curvatureGain = 10;

export const critic = {
  init(rng: Random, { observed, latent, width, features }: CriticSizes): Critic<NdArray> {
    return {
      features: mlp.init(rng.fold("features"), [observed, width, features]),
      linear: dense.init(rng.fold("linear"), features, latent),
      quadratic: dense.init(rng.fold("quadratic"), features, latent, { initializer: initializers.zeros }),
      // evaluated K times a data point: half as wide
      rest: mlp.init(rng.fold("rest"), [features + latent, Math.ceil(width / 2), Math.ceil(width / 2), 1]),
    };
  },
  /** φ(x): [B, D] -> [B, F]. */
  features: ({ features }: Critic, x: Tensor): Tensor => mlp.apply(features, x, "silu"),
  /** T of n latents a data point: φ [B, F], z [n, B, d] -> [n, B]. */
  apply({ linear, quadratic, rest }: Critic, phi: Tensor, z: Tensor): Tensor {
    const [n, B, d] = z.shape;
    const a = dense.apply(linear, phi).expandDims(0);
    const b = softplus(dense.apply(quadratic, phi).mul(curvatureGain).sub(3)).expandDims(0);
    const F = phi.shape[1];
    const both = concat([phi.expandDims(0).broadcastTo([n, B, F]), z], 2).reshape([n * B, F + d]);
    const h = mlp.apply(rest, both, "tanh").reshape([n, B]);
    return a.mul(z).sub(b.mul(z.square()).mul(0.5)).sum(2).add(h);
  },
};

/** q(z|x) = N(m(x), diag e^{v(x)}); `undefined` stands for the prior N(0, I). */
export type Posterior<T = Tensor> = Mlp<T> | undefined;

/** Log variances are kept between these. */
const [narrowest, widest] = [-12, 5];

export const posterior = {
  init: (rng: Random, { observed, latent, width }: CriticSizes): Mlp<NdArray> => mlp.init(rng, [observed, width, width, 2 * latent]),
  /** Mean and log variance: [B, d] each. */
  apply(net: Posterior, x: Tensor, latent: number): { readonly mean: Tensor; readonly logVariance: Tensor } {
    if (!net) {
      const zeros = constant(array(new Array<number>(latent).fill(0), "f32", [1, latent])).broadcastTo([x.shape[0], latent]);
      return { mean: zeros, logVariance: zeros };
    }
    const y = mlp.apply(net, x, "silu");
    return { mean: y.slice([], [0, latent]), logVariance: clamp(y.slice([], [latent, 2 * latent]), narrowest, widest) };
  },
};
