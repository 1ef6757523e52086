/** Noise models p(x|z) around what a decoder gives. */
import { array, type NdArray, type Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { clamp, constant, less, log, sign, softplus, type Tensor, where } from "../../tensor/index.ts";

export const likelihoodNames = ["gaussian", "bernoulli", "laplace"] as const;
export type LikelihoodName = (typeof likelihoodNames)[number];
/** What a decoder's output is: the mean of x, logits, or probabilities. */
export const outputKinds = ["mean", "logits", "probabilities"] as const;
export type OutputKind = (typeof outputKinds)[number];

/** p(x|output), rows independent, coordinates independent given the output. */
export interface Likelihood {
  readonly name: LikelihoodName;
  readonly output: OutputKind;
  /** log p(x|z) - C, where C does not depend on z: [..., D] and [..., D] -> [...]. */
  readonly logDensity: (output: Tensor, x: Tensor) => Tensor;
  /** C, in nats, for observations of D coordinates. */
  readonly constant: (dimension: number) => number;
  /** x from an output and noise of the same shape. */
  readonly sample: (output: Tensor, noise: Tensor) => Tensor;
  /** Noise for `sample`. */
  readonly noise: (rng: Random, shape: readonly number[], dtype: "f32" | "f64") => NdArray;
  /** Mean of x, for pictures. */
  readonly mean: (output: Tensor) => Tensor;
  /** (x - E x)² / Var x: [..., D], of mean 1 if x was drawn from this output. */
  readonly standardSquares: (output: Tensor, x: Tensor) => Tensor;
  /** Variances of the noise, one or one a coordinate; none for Bernoulli. */
  readonly variance?: Float64Array;
}

/** Probabilities are kept this far from 0 and 1: in f32 a sigmoid reaches them, and log 0 would follow. */
const margin = 1e-6;

/**
 * @param output    what the decoder gives; default: the mean, and for Bernoulli none
 * @param variance  of the noise, one or one a coordinate; for Laplace 2 b²
 * @throws UserError  for combinations that make no density
 */
export function likelihoodOf(name: LikelihoodName, output: OutputKind, variance: ArrayLike<number>, dtype: "f32" | "f64"): Likelihood {
  if (name === "bernoulli") return bernoulli(output);
  if (output !== "mean")
    throw new UserError(`a ${name} likelihood takes the mean, not ${output}`, "leave --output out, or use --likelihood bernoulli");
  checkVariance(variance);
  return name === "gaussian" ? gaussian(variance, dtype) : laplace(variance, dtype);
}

function checkVariance(variance: ArrayLike<number>): void {
  const wrong = Array.from(variance).findIndex((v) => !(v > 0 && Number.isFinite(v)));
  if (wrong >= 0)
    throw new UserError(
      `the variance of the noise is ${variance[wrong]}${variance.length > 1 ? ` in coordinate ${wrong + 1}` : ""}, not above 0`,
      "without noise x determines z, and the information is infinite or undefined: give --variance a positive number, and try several",
    );
}

const row = (values: ArrayLike<number>, dtype: "f32" | "f64"): Tensor => constant(array(Array.from(values), dtype, [values.length]));
/** Σ w y over the last axis; one weight for all is taken out of the sum, which saves a pass over the data. */
const weightedSum = (y: Tensor, weights: ArrayLike<number>, dtype: "f32" | "f64"): Tensor =>
  weights.length === 1 ? y.sum(-1).mul(weights[0]) : y.mul(row(weights, dtype)).sum(-1);
const sumLogs = (values: ArrayLike<number>, dimension: number): number =>
  values.length === 1 ? dimension * Math.log(values[0]) : Array.from(values).reduce((sum, v) => sum + Math.log(v), 0);

/** (x - μ)² over the variance. */
const overVariance =
  (variance: ArrayLike<number>, dtype: "f32" | "f64") =>
  (mean: Tensor, x: Tensor): Tensor =>
    x.sub(mean).square().div(row(variance, dtype));

/** log p = -Σ (x - μ)² / 2σ² + C, C = -½ Σ log 2πσ². */
function gaussian(variance: ArrayLike<number>, dtype: "f32" | "f64"): Likelihood {
  const per = (f: (v: number) => number): Float64Array => Float64Array.from(variance, f);
  return {
    ...{ name: "gaussian", output: "mean", variance: Float64Array.from(variance) },
    logDensity: (mean, x) =>
      weightedSum(
        x.sub(mean).square(),
        per((v) => -0.5 / v),
        dtype,
      ),
    constant: (D) => -0.5 * (D * Math.log(2 * Math.PI) + sumLogs(variance, D)),
    sample: (mean, noise) => mean.add(noise.mul(row(per(Math.sqrt), dtype))),
    noise: (rng, shape, type) => rng.normal(shape, type),
    mean: (mean) => mean,
    standardSquares: overVariance(variance, dtype),
  };
}

/** log p = -Σ |x - μ| / b + C, C = -Σ log 2b, variance 2 b². */
function laplace(variance: ArrayLike<number>, dtype: "f32" | "f64"): Likelihood {
  const scales = Float64Array.from(variance, (v) => Math.sqrt(v / 2));
  return {
    ...{ name: "laplace", output: "mean", variance: Float64Array.from(variance) },
    logDensity: (mean, x) =>
      weightedSum(
        x.sub(mean).abs(),
        scales.map((b) => -1 / b),
        dtype,
      ),
    constant: (D) => -D * Math.LN2 - sumLogs(scales, D),
    // inverse of the distribution function at u ~ U(0, 1)
    sample: (mean, u) =>
      mean.sub(
        sign(u.sub(0.5))
          .mul(log(u.sub(0.5).abs().mul(-2).add(1)))
          .mul(row(scales, dtype)),
      ),
    noise: (rng, shape, type) => rng.uniform(shape, type),
    mean: (mean) => mean,
    standardSquares: overVariance(variance, dtype),
  };
}

/** log p = Σ x a - log(1 + e^a) at logits a; no constant. */
function bernoulli(output: OutputKind): Likelihood {
  if (output === "mean")
    throw new UserError(
      "a bernoulli likelihood takes logits or probabilities",
      "say which the decoder gives: --output logits or --output probabilities",
    );
  const probabilities = (y: Tensor): Tensor => (output === "logits" ? y.sigmoid() : clamp(y, margin, 1 - margin));
  return {
    ...{ name: "bernoulli", output },
    logDensity: (y, x) => {
      if (output === "logits") return x.mul(y).sub(softplus(y)).sum(-1);
      const p = probabilities(y);
      return x
        .mul(log(p))
        .add(
          x
            .mul(-1)
            .add(1)
            .mul(log(p.mul(-1).add(1))),
        )
        .sum(-1);
    },
    constant: () => 0,
    sample: (y, u) => where(less(u, probabilities(y)), 1, 0).cast(y.dtype),
    noise: (rng, shape, type) => rng.uniform(shape, type),
    mean: probabilities,
    // over the mean variance of a row: single pixels whose variance is 1e-6 would decide everything
    standardSquares: (y, x) => {
      const p = probabilities(y);
      return x
        .sub(p)
        .square()
        .div(p.mul(p.mul(-1).add(1)).mean(-1, true));
    },
  };
}
