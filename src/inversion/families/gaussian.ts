/** Gaussian families: N(m, diag s²) and N(m, L Lᵀ). */
import { type NdArray, ndarray } from "../../array/index.ts";
import { constant, diagonal, div, expandDims, eye, log, softplus, stopGradient, type Tensor, transpose, tril } from "../../tensor/index.ts";
import { filled, freeScale, like } from "./arrays.ts";
import { type Family, logNormal, type Placement } from "./family.ts";

/** m [J, d], and the scales before softplus [J, d]. */
export interface DiagonalParams<T = Tensor> {
  readonly mean: T;
  readonly scale: T;
}

/** Standard deviations that a placement has along each axis: lengths of the rows of L. */
function spreads({ factor: { data, shape } }: Placement): Float64Array {
  const d = shape[shape.length - 1];
  return Float64Array.from({ length: data.length / d }, (_, row) => {
    let square = 0;
    for (let k = 0; k < d; k++) square += Number(data[row * d + k]) ** 2;
    return Math.sqrt(square);
  });
}

/**
 * q = N(m, diag s²), z = m + s ε. KL = ½ Σ (s² + m² - 1 - 2 log s).
 *
 * @source  Wang et al., NeurIPS 2021, section 3 (code space)
 */
export const diagonalFamily = (latent: number): Family<DiagonalParams> => ({
  ...{ name: "diagonal", latent, components: 1, affine: true, rate: 0.03 },
  init: (goals, _, dtype = "f32") => ({
    mean: filled([goals, latent], 0, dtype),
    scale: filled([goals, latent], freeScale(1), dtype),
  }),
  place: ({ mean, scale }, at) => ({ mean: like(mean, at.mean.data), scale: like(scale, spreads(at), freeScale) }),
  draw({ mean, scale }, noise) {
    const s = softplus(scale);
    const z = noise.mul(expandDims(s, 1)).add(expandDims(mean, 1));
    return { z, logDensity: logNormal(noise).sub(expandDims(log(s).sum(-1), 1)) };
  },
  kl({ mean, scale }) {
    const s = softplus(scale);
    return s.square().add(mean.square()).sub(1).sub(log(s).mul(2)).sum(-1).mul(0.5);
  },
});

/** m [..., d]; of L the diagonal before softplus [..., d], and what lies below it [..., d, d] (the rest has no effect). */
export interface GaussianParams<T = Tensor> {
  readonly mean: T;
  readonly scale: T;
  readonly below: T;
}

/** N(0, I). */
export const standardGaussians = (shape: readonly number[], latent: number, dtype: "f32" | "f64"): GaussianParams<NdArray> => ({
  mean: filled([...shape, latent], 0, dtype),
  scale: filled([...shape, latent], freeScale(1), dtype),
  below: filled([...shape, latent, latent], 0, dtype),
});

/** L, and log |det L|: [..., d, d] and [...]. A positive diagonal cannot cross singularity, as a free square L can. */
export function factorOf({ scale, below }: GaussianParams): { readonly lower: Tensor; readonly logDet: Tensor } {
  const s = softplus(scale);
  const onDiagonal = eye(s.shape[s.rank - 1], s.dtype === "f64" ? "f64" : "f32").mul(expandDims(s, -1));
  return { lower: tril(below, -1).add(onDiagonal), logDet: log(s).sum(-1) };
}

/**
 * L⁻¹ of lower triangular L [..., d, d] in 2 log₂ d products: of diagonal blocks of 1, 2, 4, … rows, the inverse of [[A, 0], [B, C]] being
 * [[A⁻¹, 0], [-C⁻¹ B A⁻¹, C⁻¹]]. Its derivative, -L⁻¹ dL L⁻¹, is that of 2 M - M L M at M = L⁻¹, Newton's step, which moves rounding alone.
 */
export function inverseOf(lower: Tensor): Tensor {
  const d = lower.shape[lower.rank - 1];
  const fixed = stopGradient(lower);
  let inverse = div(eye(d, lower.dtype === "f64" ? "f64" : "f32"), expandDims(diagonal(fixed), -1));
  for (let b = 1; b < d; b *= 2) inverse = inverse.sub(inverse.matmul(fixed.mul(blocksBelow(d, b).cast(lower.dtype))).matmul(inverse));
  return inverse.mul(2).sub(inverse.matmul(lower).matmul(inverse));
}

/** Indicators [d, d] of the blocks B of all [[A, 0], [B, C]] of 2b rows on the diagonal. */
function blocksBelow(d: number, b: number): Tensor {
  const inside = (i: number, j: number): boolean => Math.floor(i / b) % 2 === 1 && Math.floor(j / b) === Math.floor(i / b) - 1;
  return constant(
    ndarray(
      Float32Array.from({ length: d * d }, (_, e) => (inside(Math.floor(e / d), e % d) ? 1 : 0)),
      [d, d],
      "f32",
    ),
  );
}

/** Parameters of N(m, L Lᵀ) for the m and L of a placement. */
export function placed({ mean, scale, below }: GaussianParams<NdArray>, at: Pick<Placement, "mean" | "factor">): GaussianParams<NdArray> {
  const d = mean.shape[mean.shape.length - 1];
  const { data } = at.factor;
  return {
    mean: like(mean, at.mean.data),
    scale: like(scale, scale.data, (_, i) => freeScale(Number(data[i * d + (i % d)]))),
    below: like(below, data),
  };
}

/**
 * q = N(m, L Lᵀ), z = m + L ε. KL = ½ (|L|² + |m|² - d) - log |det L|.
 *
 * @source  Wang et al., NeurIPS 2021, section 3; L is lower triangular here
 */
export const gaussianFamily = (latent: number): Family<GaussianParams> => ({
  ...{ name: "gaussian", latent, components: 1, affine: true, rate: 0.03 },
  init: (goals, _, dtype = "f32") => standardGaussians([goals], latent, dtype),
  place: placed,
  draw(params, noise) {
    const { lower, logDet } = factorOf(params);
    const z = noise.matmul(transpose(lower)).add(expandDims(params.mean, 1));
    return { z, logDensity: logNormal(noise).sub(expandDims(logDet, 1)) };
  },
  kl(params) {
    const { lower, logDet } = factorOf(params);
    return lower.square().sum([-1, -2]).add(params.mean.square().sum(-1)).sub(latent).mul(0.5).sub(logDet);
  },
});
