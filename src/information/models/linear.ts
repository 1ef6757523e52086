/** Linear-Gaussian models x = W z + b + σ ε, whose mutual information is known. */
import { array } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { constant, matmul } from "../../tensor/index.ts";
import type { Joint } from "./joint.ts";
import { likelihoodOf } from "./likelihood.ts";

export interface LinearModel {
  /** [D, d], row-major. */
  readonly weights: { readonly data: ArrayLike<number>; readonly shape: readonly number[] };
  /** [D]; default 0. */
  readonly bias?: ArrayLike<number>;
  /** One, or one a coordinate. */
  readonly variance: ArrayLike<number>;
}

/** The model as a joint. @throws UserError  for shapes that do not fit */
export function linearJoint({ weights, bias, variance }: LinearModel, dtype: "f32" | "f64" = "f32"): Joint {
  const [D, d] = weights.shape;
  if (weights.shape.length !== 2 || !(D > 0 && d > 0))
    throw new UserError(`the weights of a linear model are a matrix [observed, latent], not [${weights.shape.join(", ")}]`);
  if (bias && bias.length !== D) throw new UserError(`the bias has ${bias.length} numbers, and the weights ${D} rows`);
  if (variance.length !== 1 && variance.length !== D)
    throw new UserError(`there are ${variance.length} variances for ${D} observed coordinates`, "give one, or one a coordinate");
  const transposed = Float64Array.from({ length: d * D }, (_, e) => weights.data[(e % D) * d + Math.floor(e / D)]);
  const W = constant(array([...transposed], dtype, [d, D]));
  const b = bias && constant(array(Array.from(bias), dtype, [D]));
  return {
    ...{ name: "the linear-Gaussian model", latent: d, observed: [D], dtype },
    prior: { name: "normal", toLatent: (u) => u },
    likelihood: likelihoodOf("gaussian", "mean", variance, dtype),
    decode: (u) => (b ? matmul(u, W).add(b) : matmul(u, W)),
  };
}

/** The weights W_ij = sin(i j), i ≤ D, j ≤ d, of the reference tables. */
export const sineWeights = (D: number, d: number): LinearModel["weights"] => ({
  data: Float64Array.from({ length: D * d }, (_, e) => Math.sin((Math.floor(e / d) + 1) * ((e % d) + 1))),
  shape: [D, d],
});

/** I(X;Z) = ½ log det(I + Wᵀ Σ⁻¹ W), by Cholesky in f64. */
export function linearInformation({ weights, variance }: Pick<LinearModel, "weights" | "variance">): number {
  const [D, d] = weights.shape;
  const w = (i: number, j: number): number => weights.data[i * d + j];
  const L = Array.from({ length: d }, () => new Float64Array(d));
  let logDeterminant = 0;
  for (let j = 0; j < d; j++)
    for (let k = j; k < d; k++) {
      let sum = j === k ? 1 : 0;
      for (let i = 0; i < D; i++) sum += (w(i, j) * w(i, k)) / (variance.length === 1 ? variance[0] : variance[i]);
      for (let m = 0; m < j; m++) sum -= L[j][m] * L[k][m];
      if (j === k) {
        L[j][j] = Math.sqrt(sum);
        logDeterminant += Math.log(sum);
      } else L[k][j] = sum / L[j][j];
    }
  return logDeterminant / 2;
}
