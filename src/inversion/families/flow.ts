/** Normalising flows after Glow, in R^d. */
import type { NdArray, Random } from "../../array/index.ts";
import { type Arrays, concat, exp, expandDims, type Tensor, transpose, triangularSolve } from "../../tensor/index.ts";
import { filled } from "./arrays.ts";
import { type CouplingKind, couplingStep, type StepParams } from "./coupling.ts";
import { type Family, logNormal } from "./family.ts";
import { factorOf, type GaussianParams, placed, standardGaussians } from "./gaussian.ts";

/** Steps of every level, first that next to the codes; maps that predict what a level splits off; an affine map next to the codes. */
export interface FlowParams<T = Tensor> {
  readonly affine: GaussianParams<T>;
  readonly levels: readonly { readonly steps: readonly StepParams<T>[]; readonly split?: SplitParams<T> }[];
}

/** Mean and logarithm of the deviation of the half that leaves, as an affine function of the half that stays: w [J, stay, 2 leave]. */
interface SplitParams<T = Tensor> {
  readonly w: T;
  readonly b: T;
}

export interface FlowOptions {
  /** K steps a level. Default 4. */
  readonly steps?: number;
  readonly coupling?: CouplingKind;
  /** Levels, after each of which half of the numbers is taken as noise. Default 1. */
  readonly levels?: number;
  /** Default "shuffle": an order drawn once; or the numbers reversed. */
  readonly permutation?: "shuffle" | "reverse";
}

/** A family whose density can be had at any code. */
export interface FlowFamily extends Family<FlowParams> {
  /** Codes to noise: ε and log q(z). */
  encode(params: FlowParams, z: Tensor): { readonly noise: Tensor; readonly logDensity: Tensor };
}

/**
 * Glow in R^d: levels of [ActNorm, permutation, coupling] x K, between noise and codes. q is computed along the sampling pass. Next to the
 * codes stands an affine map z = m + L h, so that the flow begins as any Gaussian and is never worse than one.
 *
 * @param rng  of the permutations
 * @source  Kingma & Dhariwal, NeurIPS 2018; Wang et al., NeurIPS 2021, section 4
 */
export function flowFamily(latent: number, rng: Random, options: FlowOptions = {}): FlowFamily {
  const { steps = 4, coupling = "affine", levels = 1, permutation = "shuffle" } = options;
  const sizes = levelSizes(latent, levels);
  const orderOf = (size: number, stream: Random): Int32Array<ArrayBuffer> =>
    permutation === "shuffle" ? Int32Array.from(stream.permutation(size).data) : Int32Array.from({ length: size }, (_, i) => size - 1 - i);
  const made = sizes.map((size, level) =>
    Array.from({ length: steps }, (_, k) => couplingStep(size, coupling, orderOf(size, rng.fold(level).fold(k)))),
  );
  /** What a level splits off: mean and deviation given what stays. */
  const conditional = ({ w, b }: SplitParams, stay: Tensor, leave: number) => {
    const y = stay.matmul(w).add(expandDims(b, 1));
    return { mean: y.slice([], [], [0, leave]), logDeviation: y.slice([], [], [leave, 2 * leave]) };
  };
  return {
    ...{ name: "flow", latent, components: 1, affine: false, rate: 3e-3 },
    init(goals, stream, dtype = "f32") {
      const split = (size: number, next: number): SplitParams<NdArray> => ({
        w: filled([goals, next, 2 * (size - next)], 0, dtype),
        b: filled([goals, 2 * (size - next)], 0, dtype),
      });
      const level = (size: number, i: number): Arrays<FlowParams["levels"][number]> => ({
        steps: made[i].map((step, k) => step.init(goals, stream.fold(i).fold(k), dtype)),
        ...(i + 1 < sizes.length && { split: split(size, sizes[i + 1]) }),
      });
      return { affine: standardGaussians([goals], latent, dtype), levels: sizes.map(level) };
    },
    place: ({ affine, levels }, at) => ({ affine: placed(affine as GaussianParams<NdArray>, at), levels }),
    draw({ affine, levels }, noise) {
      let h = noise.slice([], [], [0, sizes[sizes.length - 1]]);
      let logDet: Tensor | undefined;
      let used = sizes[sizes.length - 1];
      for (let i = sizes.length - 1; i >= 0; i--) {
        const { steps, split } = levels[i];
        if (split) {
          const leave = sizes[i] - sizes[i + 1];
          const { mean, logDeviation } = conditional(split, h, leave);
          const left = noise
            .slice([], [], [used, used + leave])
            .mul(exp(logDeviation))
            .add(mean);
          logDet = plus(logDet, logDeviation.sum(-1).neg());
          h = concat([h, left], 2);
          used += leave;
        }
        for (let k = steps.length - 1; k >= 0; k--) {
          const { z, logDet: volume } = made[i][k].inverse(steps[k], h);
          h = z;
          logDet = plus(logDet, volume);
        }
      }
      const { lower, logDet: ofAffine } = factorOf(affine);
      const z = h.matmul(transpose(lower)).add(expandDims(affine.mean, 1));
      return {
        z,
        logDensity: logNormal(noise)
          .add(logDet ?? 0)
          .sub(expandDims(ofAffine, 1)),
      };
    },
    encode({ affine, levels }, z) {
      const { lower, logDet: ofAffine } = factorOf(affine);
      let h = transpose(triangularSolve(lower, transpose(z.sub(expandDims(affine.mean, 1)))));
      let logDet = expandDims(ofAffine.neg(), 1);
      const left: Tensor[] = [];
      for (const [i, { steps, split }] of levels.entries()) {
        for (const [k, params] of steps.entries()) {
          const { h: next, logDet: volume } = made[i][k].forward(params, h);
          h = next;
          logDet = logDet.add(volume);
        }
        if (!split) continue;
        const [size, stays] = [sizes[i], sizes[i + 1]];
        const stay = h.slice([], [], [0, stays]);
        const { mean, logDeviation } = conditional(split, stay, size - stays);
        left.unshift(h.slice([], [], [stays, size]).sub(mean).mul(exp(logDeviation.neg())));
        logDet = logDet.sub(logDeviation.sum(-1));
        h = stay;
      }
      const noise = concat([h, ...left], 2);
      return { noise, logDensity: logNormal(noise).add(logDet) };
    },
  };
}

const plus = (a: Tensor | undefined, b: Tensor): Tensor => (a ? a.add(b) : b);

/** d, ⌈d/2⌉, …: what is left at every level; a level needs two numbers. */
function levelSizes(latent: number, levels: number): number[] {
  const sizes = [latent];
  while (sizes.length < levels && sizes[sizes.length - 1] >= 4) sizes.push(Math.ceil(sizes[sizes.length - 1] / 2));
  return sizes;
}
