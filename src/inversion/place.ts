/** Where a fit begins: the moments of draws of the prior, weighed as the posterior would. */
import { allocate, choleskyFactor, type NdArray, type Random, toNumbers } from "../array/index.ts";
import { kishSize, normalisedWeights } from "../sampling/index.ts";
import { type Arrays, jit, logSoftmax, type Tensor } from "../tensor/index.ts";
import type { Classifier } from "./classifier.ts";
import type { Placement } from "./families/family.ts";
import { fittedLayers, type Inversion } from "./objective.ts";
import { cutThrough, type Prior } from "./prior.ts";

/** Share of the candidates that the weights must amount to at least. */
const least = 0.01;
/** Most rows that go through the generator at once. */
const rows = 500;
/** Codes from the region that are handed to the family. */
const examples = 64;

/**
 * Moves a family's parameters to where the mass of the posteriors is, as far as draws of the prior show: their mean and covariance under the
 * weights p(y|G(z))^{1/γ'}, γ' ≥ γ large enough for a hundredth of the draws to count. The covariance is mixed with the prior's, for a few
 * codes say little about all directions.
 *
 * @param count  draws of the prior
 */
export async function place<P extends object>(inversion: Inversion<P>, params: Arrays<P>, count: number, rng: Random): Promise<Arrays<P>> {
  const { family, prior, classifier, goals } = inversion;
  const { latent: d } = family;
  const codes = rng.fold("codes").normal([count, prior.layers, d]);
  const scores = await scoresOf(prior, classifier, codes);
  const K = classifier.classes.length;
  const layers = fittedLayers(prior);
  const J = goals.length * layers.length;
  const placement = { mean: allocate("f64", [J, d]), factor: allocate("f64", [J, d, d]), codes: allocate("f64", [J, examples, d]) };
  goals.forEach(({ target, gamma }, j) => {
    const logP = Float64Array.from({ length: count }, (_, i) => scores[i * K + target]);
    const logWeights = tempered(logP, gamma, Math.max(2, least * count));
    const weights = normalisedWeights(logWeights);
    const chosen = toNumbers(rng.fold(j).categorical(weights, [examples]));
    layers.forEach((layer, l) => {
      const code = (i: number, k: number): number => Number(codes.data[(i * prior.layers + layer) * d + k]);
      momentsInto(placement, j * layers.length + l, { weights, size: kishSize(logWeights), chosen }, code);
    });
  });
  return family.place(params, placement);
}

/** log p / γ', γ' ≥ γ the smallest for which the weights amount to so many draws. */
function tempered(logP: Float64Array, gamma: number, size: number): Float64Array {
  const at = (temper: number): Float64Array => logP.map((v) => v / temper);
  if (gamma > 0 && kishSize(at(gamma)) >= size) return at(gamma);
  let [low, high] = [Math.max(gamma, 1e-6), 1e6];
  for (let i = 0; i < 40; i++) {
    const middle = Math.sqrt(low * high);
    if (kishSize(at(middle)) >= size) high = middle;
    else low = middle;
  }
  return at(high);
}

/** log p(y|x) of inputs of codes [n, L, d], row by row. */
async function scoresOf(prior: Prior, classifier: Classifier, codes: NdArray): Promise<Float64Array> {
  const [count, ...rest] = codes.shape;
  const size = rest.reduce((a, b) => a * b, 1);
  const K = classifier.classes.length;
  const program = jit((z: Tensor) => logSoftmax(classifier.logits(cutThrough(prior.generate(z), prior.range).x), -1));
  const scores = new Float64Array(count * K);
  for (let from = 0; from < count; from += rows) {
    const to = Math.min(count, from + rows);
    const some = { ...codes, data: codes.data.slice(from * size, to * size), shape: [to - from, ...rest] } as NdArray;
    scores.set(toNumbers(await program(some)), from * K);
  }
  return scores;
}

interface Weighed {
  readonly weights: Float64Array;
  /** Draws that they amount to. */
  readonly size: number;
  readonly chosen: readonly number[];
}

/** Weighted mean, and the Cholesky factor of the covariance shrunk towards the prior's by d draws' worth. */
function momentsInto(
  into: Record<keyof Placement, NdArray<"f64">>,
  row: number,
  { weights, size, chosen }: Weighed,
  code: (i: number, k: number) => number,
): void {
  const [, m, d] = into.codes.shape;
  const mean = new Float64Array(d);
  const covariance = new Float64Array(d * d);
  weights.forEach((w, i) => {
    for (let k = 0; k < d; k++) mean[k] += w * code(i, k);
  });
  weights.forEach((w, i) => {
    if (w < 1e-9) return;
    for (let a = 0; a < d; a++) for (let b = 0; b <= a; b++) covariance[a * d + b] += w * (code(i, a) - mean[a]) * (code(i, b) - mean[b]);
  });
  const prior = d / (d + size);
  for (let a = 0; a < d; a++)
    for (let b = 0; b <= a; b++) covariance[a * d + b] = (1 - prior) * covariance[a * d + b] + (a === b ? prior : 0);
  const { lower, stride } = choleskyFactor(covariance, d)!; // positive definite: a share of the identity is in it
  into.mean.data.set(mean, row * d);
  for (let a = 0; a < d; a++) for (let b = 0; b <= a; b++) into.factor.data[(row * d + a) * d + b] = lower[a * stride + b];
  chosen.forEach((i, c) => {
    for (let k = 0; k < d; k++) into.codes.data[(row * m + c) * d + k] = code(i, k);
  });
}
