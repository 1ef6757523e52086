/** Pictures of which all is known: values are independent, x ~ N(mean, deviation²), and x_t = a(t) x + b(t) z with z ~ N(0, 1). */
import { mapTree, type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import type { Dense, Unet } from "../../../src/nn/index.ts";
import { jvp, sqrt, type Tensor } from "../../../src/tensor/index.ts";
import { type ImageLearnOptions, type ImageModel, imageLearner } from "../../../src/transport/images/learning/learner.ts";
import { type ImageNet, initImageNet, type NetForm } from "../../../src/transport/images/learning/network.ts";
import { type Mix, type ScheduleName, schedules } from "../../../src/transport/images/paths/schedules.ts";
import { type ImageTaskName, imageTaskOf } from "../../../src/transport/images/paths/tasks.ts";
import type { ImageProblem } from "../../../src/transport/images/problem.ts";
import type { ImageShape } from "../../../src/transport/images/shape.ts";
import type { VectorField } from "../../../src/transport/index.ts";

export interface Normal {
  readonly mean: number;
  readonly deviation: number;
}

/** Bytes drawn from N(128, 32²), cut at 4 standard deviations. */
export function normalBytes(n: number, shape: ImageShape, seed: number): NdArray<"u8"> {
  const { data } = randomStream(seed).normal([n, ...shape]);
  return ndarray(
    Uint8Array.from(data, (z) => Math.max(0, Math.min(255, Math.round(128 + 32 * z)))),
    [n, ...shape],
    "u8",
  );
}

/** What these bytes are as values in [-1, 1], with jitter: rounding and jitter add 1/12 each to the variance, in bytes. */
export const ofBytes: Normal = { mean: 0.5 / 128, deviation: Math.sqrt(32 ** 2 + 1 / 6) / 128 };

export type MixedName = "flow" | "vp" | "sub-vp" | "simple" | "dimple";

interface ProblemOptions {
  readonly shape?: ImageShape;
  readonly task?: ImageTaskName;
  readonly pixels?: NdArray<"u8">;
  readonly others?: NdArray<"u8">;
  readonly coupling?: "ot";
}

export function problemOf(
  path: ScheduleName,
  { shape = [1, 2, 2], task = "generate", pixels, others, coupling }: ProblemOptions = {},
): ImageProblem {
  const all = pixels ?? normalBytes(64, shape, 1);
  const part = { pixels: all, ...(others && { others }) };
  return {
    ...{ shape, train: part, heldOut: part, task: imageTaskOf(task), schedule: schedules[path] },
    ...{ masks: "half", coupling: coupling ?? "independent" },
  };
}

/** A model whose motion or score is given, not learned. */
export const modelOf = (
  problem: ImageProblem,
  given: Pick<ImageModel, "dynamics" | "score">,
  options: ImageLearnOptions = {},
): ImageModel => {
  const { setting, init, step, average, evaluate } = imageLearner(problem, randomStream(0), { net: { channels: [2] }, ...options });
  return { setting, init, step, average, evaluate, problem, ...given };
};

/** Parameters for models that ask for none. */
export const anyNet = (problem: ImageProblem): ImageNet<NdArray> =>
  initImageNet(randomStream(0), modelOf(problem, {}).setting.form, "seen");

/** Mean and standard deviation of x_t as programs of times [B, 1]. */
export const marginal =
  ({ a, b }: Mix, { mean, deviation }: Normal) =>
  (t: Tensor): [Tensor, Tensor] => [
    a(t).mul(mean),
    sqrt(
      a(t)
        .square()
        .mul(deviation ** 2)
        .add(b(t).square()),
    ),
  ];

/** m' + (r'/r) (x - m), and less σ² / 2 (x - m) / r² with noise, in the direction of `sign`. */
export const velocityOf =
  (mix: Mix, normal: Normal): VectorField =>
  (t, x) => {
    const [[m, r], [dm, dr]] = jvp(marginal(mix, normal), [t], [t.mul(0).add(1)]);
    return x.sub(m).mul(dr.div(r)).add(dm);
  };

/** -(x - m) / r². */
export const scoreOf =
  (mix: Mix, normal: Normal): VectorField =>
  (t, x) => {
    const [m, r] = marginal(mix, normal)(t);
    return x.sub(m).div(r.square()).neg();
  };

/** The same in numbers: m, r and their derivatives. */
export function momentsAt(name: MixedName, { mean, deviation }: Normal, t: number): { m: number; r: number; dm: number; dr: number } {
  const { a, b, da, db } = coefficients[name](t);
  const r = Math.hypot(a * deviation, b);
  return { m: a * mean, r, dm: da * mean, dr: (a * da * deviation ** 2 + b * db) / r };
}

const alpha = (t: number): number => Math.exp(-0.05 * t - (19.9 / 4) * t * t);
const beta = (t: number): number => 0.1 + 19.9 * t;
/** 1 - α². */
const lost = (t: number): number => -Math.expm1(-0.1 * t - (19.9 / 2) * t * t);

/** The paths in numbers, a(t) x + b(t) z, with derivatives found by hand. */
export const coefficients: Record<MixedName, (t: number) => { a: number; b: number; da: number; db: number }> = {
  flow: (t) => ({ a: t, b: 1 - t, da: 1, db: -1 }),
  vp: (t) => ({
    ...{ a: alpha(t), b: Math.sqrt(lost(t)) },
    ...{ da: (-beta(t) / 2) * alpha(t), db: ((beta(t) / 2) * alpha(t) ** 2) / Math.sqrt(lost(t)) },
  }),
  "sub-vp": (t) => ({ a: alpha(t) ** 2, b: lost(t), da: -beta(t) * alpha(t) ** 2, db: beta(t) * alpha(t) ** 2 }),
  simple: (t) => ({ a: Math.sqrt(1 - t), b: Math.sqrt(t), da: -0.5 / Math.sqrt(1 - t), db: 0.5 / Math.sqrt(t) }),
  dimple: (t) => ({ a: 1 - t, b: t, da: -1, db: 1 }),
};

/** Their weights; flow's is that of generation. */
export const weights: Record<MixedName, (t: number) => number> = {
  flow: (t) => 1 - t,
  vp: (t) => lost(t) ** 2.5,
  "sub-vp": (t) => lost(t) ** 3,
  simple: (t) => t ** 2.5 * (1 - t),
  dimple: (t) => t ** 3,
};

/**
 * A network with noise in its parameters: U-Nets begin at zero.
 * @param slow  whether the U-Net stays without the time, in which its features change a thousandfold, and the skip alone has it
 */
export function noisyNet(form: NetForm, gives: "seen" | "field" | "one", seed: number, spread = 0.2, slow = false): ImageNet<NdArray> {
  const rng = randomStream(seed);
  const noisy = (p: NdArray): NdArray => {
    const noise = rng.normal(p.shape).data;
    return ndarray(
      Float32Array.from(noise, (z, i) => Number(p.data[i]) + spread * z),
      p.shape,
      "f32",
    );
  };
  const { net, skip } = initImageNet(rng, form, gives);
  const isKernel = ({ shape }: NdArray): boolean => shape.length === 4;
  return {
    net: mapTree<Unet<NdArray>>((p: NdArray) => (!slow || isKernel(p) ? noisy(p) : p), net),
    skip: mapTree<Dense<NdArray>>(noisy, skip),
  };
}

/** The same parameters as f64. */
export const doubled = (net: ImageNet<NdArray>): ImageNet<NdArray> =>
  mapTree<ImageNet<NdArray>>((p: NdArray) => ndarray(Float64Array.from(p.data, Number), p.shape, "f64"), net);
