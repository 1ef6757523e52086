/** The variational objective in code space. */
import { type NdArray, ndarray } from "../array/index.ts";
import { broadcastTo, concat, constant, exp, expandDims, logSoftmax, sign, type Tensor, transpose } from "../tensor/index.ts";
import type { Classifier } from "./classifier.ts";
import { type Family, logNormal } from "./families/family.ts";
import { cutThrough, type Prior } from "./prior.ts";

/** p(z) p(y|G(z))^{1/γ} of one class: what a posterior is fitted to. Many are fitted side by side, as one batch. */
export interface Goal {
  /** Number of the class. */
  readonly target: number;
  /** γ ≥ 0: 1 is the posterior of Bayes, towards 0 all mass goes to where the classifier is surest. */
  readonly gamma: number;
}

/** How inputs are made and judged. */
export interface Inversion<P extends object = object> {
  readonly family: Family<P>;
  readonly prior: Prior;
  readonly classifier: Classifier;
  readonly goals: readonly Goal[];
  /**
   * Of style generators: every layer's code is a map of the same noise, as in the authors' program. The codes of an input then lie on a
   * surface: q has no density, and the mean of the layers' divergences stands for KL as a penalty.
   */
  readonly sharedNoise?: boolean;
}

/** Terms of every draw of every goal, [J, n] each. */
export interface Terms {
  /** -log p(y|x) */
  readonly nll: Tensor;
  /** log q(z) - log N(z; 0, I) */
  readonly logRatio: Tensor;
  /** Share of the numbers of the input that were cut to the range of the data. */
  readonly outside: Tensor;
  /** 1 where the classifier takes it for the class, else 0. */
  readonly hit: Tensor;
  /** What the draw counts: the weights of a goal add up to 1. */
  readonly weight: Tensor;
}

/** Codes of one goal and layer, as many as there are posteriors: J·L. */
export const posteriors = ({ goals, prior }: Pick<Inversion, "goals" | "prior">): number => goals.length * fittedLayers(prior).length;

/** Layers whose codes are fitted. */
export const fittedLayers = ({ layers, nuisance = [] }: Prior): number[] =>
  Array.from({ length: layers }, (_, l) => l).filter((l) => !nuisance.includes(l));

/**
 * Inputs of draws of all goals: x = G(z).
 *
 * @param z  codes of the fitted layers, [J·L', n, d]
 * @param free  one code for all other layers of an input, [J, n, d]
 * @returns  rows [J·n, D], cut to the range of the data
 */
export function inputsOf({ prior, goals }: Pick<Inversion, "prior" | "goals">, z: Tensor, free?: Tensor) {
  const [J, fitted] = [goals.length, fittedLayers(prior)];
  const [, n, d] = z.shape;
  const each = z.reshape([J, fitted.length, n, d]);
  const layers = Array.from({ length: prior.layers }, (_, l) => {
    const at = fitted.indexOf(l);
    return at < 0 && free ? expandDims(free, 1) : each.slice([], [at, at + 1]);
  });
  const codes = transpose(layers.length > 1 ? concat(layers, 1) : layers[0], [0, 2, 1, 3]);
  return cutThrough(prior.generate(codes.reshape([J * n, prior.layers, d])), prior.range);
}

/**
 * @param noise  ε [1 or J·L', n, d]: of a mixture first those of the first component, and so on
 * @param weights  of the rows of noise, [n]: those of each component add up to 1
 */
export function termsOf<P extends object>(
  inversion: Inversion<P>,
  params: P,
  noise: Tensor,
  weights: Tensor,
  free?: Tensor,
): Terms & { readonly z: Tensor } {
  const { family, classifier, goals, prior } = inversion;
  const [J, n] = [goals.length, noise.shape[1]];
  const { z, logDensity } = family.draw(params, noise);
  const logRatio = overLayers(inversion, logDensity.sub(logNormal(z)).reshape([J, fittedLayers(prior).length, n]));
  const { x, outside } = inputsOf(inversion, z, free);
  const logits = classifier.logits(x).cast(z.dtype);
  const K = classifier.classes.length;
  const wanted = targets(goals, K, z.dtype === "f64" ? "f64" : "f32");
  const of = (values: Tensor): Tensor => values.reshape([J, n, K]).mul(wanted).sum(-1);
  // the class's logit is the largest
  const hit = sign(of(logits).sub(logits.reshape([J, n, K]).max(-1))).add(1);
  const shares = family.logShares?.(params);
  const all = expandDims(weights, 0);
  const weight = shares ? exp(repeated(shares, n)).mul(all) : broadcastTo(all, [J, n]);
  return { z, nll: of(logSoftmax(logits, -1)).neg(), logRatio, outside: outside.reshape([J, n]).cast(z.dtype), hit, weight };
}

/** Over axis 1: divergences of independent layers add up; of layers with the same noise their mean is a penalty. */
export const overLayers = ({ sharedNoise }: Pick<Inversion, "sharedNoise">, x: Tensor): Tensor => (sharedNoise ? x.mean(1) : x.sum(1));

/** [J, 1, K] indicators. */
function targets(goals: readonly Goal[], K: number, dtype: "f32" | "f64"): Tensor {
  const rows = new Float64Array(goals.length * K);
  goals.forEach(({ target }, j) => {
    rows[j * K + target] = 1;
  });
  return constant(floats(rows, [goals.length, 1, K], dtype));
}

/** [J, C] -> [J, n], each n / C times. */
const repeated = (x: Tensor, n: number): Tensor => {
  const [J, C] = x.shape;
  return broadcastTo(expandDims(x, 2), [J, C, n / C]).reshape([J, n]);
};

/** Numbers as an array of either precision. */
export const floats = (values: ArrayLike<number>, shape: readonly number[], dtype: "f32" | "f64"): NdArray =>
  dtype === "f64" ? ndarray(Float64Array.from(values), shape, "f64") : ndarray(Float32Array.from(values), shape, "f32");

/**
 * L_γ(q) = E_q[-log p(y|G(z))] + γ KL(q | N(0, I)) of every goal, [J]: an upper bound of -γ log E_p[p(y|G(z))^{1/γ}], reached by
 * q ∝ p(z) p(y|G(z))^{1/γ}. KL in closed form where the family has it.
 *
 * @param gamma  [J]
 * @source  Wang et al., NeurIPS 2021, eq. 4 and 6
 */
export function objective<P extends object>(
  inversion: Inversion<P>,
  params: P,
  noise: Tensor,
  weights: Tensor,
  gamma: Tensor,
  free?: Tensor,
): { readonly loss: Tensor; readonly nll: Tensor; readonly kl: Tensor; readonly hit: Tensor } {
  const { nll, logRatio, hit, weight } = termsOf(inversion, params, noise, weights, free);
  const J = inversion.goals.length;
  const mean = (values: Tensor): Tensor => values.mul(weight).sum(-1);
  const each = inversion.family.kl?.(params).reshape([J, posteriors(inversion) / J]);
  const kl = each ? overLayers(inversion, each) : mean(logRatio);
  const expected = mean(nll);
  return { loss: expected.add(kl.mul(gamma)), nll: expected, kl, hit: mean(hit) };
}
