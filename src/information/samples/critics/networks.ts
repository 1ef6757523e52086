/** Critics T(x, z), and conditional densities q(z | x), as networks. */
import type { NdArray, Random } from "../../../array/index.ts";
import { type Mlp, mlp } from "../../../nn/index.ts";
import { clamp, concat, exp, log, type Tensor } from "../../../tensor/index.ts";

/** Two networks whose product is the score. */
export type Critic<T = Tensor> = { readonly x: Mlp<T>; readonly z: Mlp<T> };

/** Widths of the networks; the last layer of each gives as many features, and one number more. */
export interface Sizes {
  readonly x: number;
  readonly z: number;
  readonly width: number;
}

/** Width of the features that are multiplied. */
const inner = 32;

/**
 * T(x, z) = f(x) · g(z) / √m + a(x) + b(z): n networks' rows for n² scores. The terms of one side alone matter to all bounds but InfoNCE.
 */
export const critic = {
  init(rng: Random, { x, z, width }: Sizes): Critic<NdArray> {
    const [left, right] = rng.split(2);
    return { x: mlp.init(left, [x, width, width, inner + 1]), z: mlp.init(right, [z, width, width, inner + 1]) };
  },
  /** [n, x], [m, z] -> scores [n, m] */
  apply(params: Critic, x: Tensor, z: Tensor): Tensor {
    const [f, g] = [mlp.apply(params.x, x, "relu"), mlp.apply(params.z, z, "relu")];
    const part = (h: Tensor, from: number, to: number): Tensor => h.slice(null, [from, to]);
    return part(f, 0, inner)
      .div(Math.sqrt(inner))
      .matmul(part(g, 0, inner).transpose())
      .add(part(f, inner, inner + 1))
      .add(part(g, inner, inner + 1).transpose());
  },
};

/** A number u(x, z) of each pair. */
export const pairNetwork = {
  init: (rng: Random, { x, z, width }: Sizes): Mlp<NdArray> => mlp.init(rng, [x + z, width, width, 1]),
  /** [n, x], [n, z] -> [n] */
  apply: (params: Mlp, x: Tensor, z: Tensor): Tensor => mlp.apply(params, concat([x, z], -1), "relu").squeeze(-1),
};

/** q(z | x): independent normals whose means and log variances are functions of x. */
export const conditional = {
  init: (rng: Random, { x, z, width }: Sizes): Mlp<NdArray> => mlp.init(rng, [x, width, width, 2 * z]),
  /** log q(z_j | x_i) in row i, column j: [n, x], [m, z] -> [n, m] */
  apply(params: Mlp, x: Tensor, z: Tensor): Tensor {
    const d = z.shape[1];
    const out = mlp.apply(params, x, "relu");
    const mean = out.slice(null, [0, d]);
    const logVariance = clamp(out.slice(null, [d, 2 * d]), -12, 12);
    const precision = exp(logVariance.neg());
    // Σ_d (z - μ)² / v, multiplied out: three products of matrices
    const square = z
      .square()
      .matmul(precision.transpose())
      .transpose()
      .sub(mean.mul(precision).matmul(z.transpose()).mul(2))
      .add(mean.square().mul(precision).sum(-1, true));
    const constant = log(2 * Math.PI).mul(d);
    return square.add(logVariance.sum(-1, true)).add(constant).mul(-0.5);
  },
};
