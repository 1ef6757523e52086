/** Attacks that move codes of the public generator: generative model inversion, its MAP form, and plug-and-play. */
import { type NdArray, ndarray, type Random, toNumbers } from "../../array/index.ts";
import { adam, cosine } from "../../optim/index.ts";
import { constant, logSoftmax, type Tensor } from "../../tensor/index.ts";
import { cutThrough, type Prior } from "../prior.ts";
import type { Attack, Attacked } from "./attack.ts";
import { type Crop, cropped, randomCrop } from "./augment.ts";
import { descend, inBlocks, wantedRows } from "./descent.ts";
import { crossEntropy, poincare } from "./losses.ts";

const constantCrop = ({ rows, columns }: Crop): Crop<Tensor> => ({ rows: constant(rows), columns: constant(columns) });

/** Inputs of codes [n, L, d]. */
const inputsOf = ({ prior }: { readonly prior: Prior }, z: Tensor): Tensor => cutThrough(prior.generate(z), prior.range).x;

const asAttempt = (x: NdArray<"f32">, { classes, n }: Attacked) => ({
  inputs: ndarray(x.data, [classes.length, n, x.shape[1]], "f32"),
});

/** Candidates for each code that begins. */
const candidatesEach = 10;

/** For every class the draws of the prior of which the target is surest, best first. @returns  codes [J·count, L, d] */
async function bestDraws(attacked: Attacked, count: number, candidates: number, rng: Random): Promise<NdArray<"f32">> {
  const { prior, target, classes } = attacked;
  const size = prior.layers * prior.latent;
  const z = rng.normal([candidates, prior.layers, prior.latent]);
  const K = target.classes.length;
  const scores = toNumbers(await inBlocks(z, (z) => logSoftmax(target.logits(inputsOf(attacked, z)))));
  const chosen = new Float32Array(classes.length * count * size);
  classes.forEach((c, j) => {
    const order = Array.from({ length: candidates }, (_, i) => i).sort((a, b) => scores[b * K + c] - scores[a * K + c]);
    for (let i = 0; i < count; i++) chosen.set(z.data.subarray(order[i] * size, (order[i] + 1) * size), (j * count + i) * size);
  });
  return ndarray(chosen, [classes.length * count, prior.layers, prior.latent], "f32");
}

/**
 * Codes that descend -log p(y|G(z)) + λ |z|² / 2, from draws of the prior; with a discriminator D of public data also -D(G(z)) / 100. λ = 0
 * is generative model inversion, λ > 0 its MAP form: single best codes, which collapse as λ rises.
 *
 * @source  Zhang et al., CVPR 2020, eq. 4; the Gaussian prior instead of clipped codes
 */
export const generative = (lambda: number, steps: number): Attack => ({
  name: lambda > 0 ? `map:${lambda}` : "generative",
  title:
    lambda > 0
      ? `codes of the generator at the maximum of log p(y|x) + ${lambda} log p(z) (generative model inversion, MAP)`
      : "codes of the generator moved until the target is sure (generative model inversion)",
  steps,
  async run(attacked, rng, watch) {
    const { target, classes, n, prior, realism } = attacked;
    const wanted = wantedRows(classes, n, target.classes.length);
    const loss = (z: Tensor): Tensor => {
      const x = inputsOf(attacked, z);
      const far = crossEntropy(target.logits(x), wanted).add(
        z
          .square()
          .sum([1, 2])
          .mul(lambda / 2),
      );
      return realism ? far.sub(realism(x).mul(0.01)) : far;
    };
    const start = rng.normal([classes.length * n, prior.layers, prior.latent]);
    const z = await descend(start, loss, { optimizer: adam(cosine(0.05, steps)), steps }, rng, watch);
    return asAttempt(await inBlocks(z, (z) => inputsOf(attacked, z)), attacked);
  },
});

/** Codes that begin for each that is kept, crops by which they are chosen, and the smallest side of a crop while they move and then. */
const [begunEach, choosingCrops, gentle, strong] = [2, 20, 0.9, 0.7];

/**
 * Plug-and-play: the best of many draws descend the Poincaré loss on random crops; kept are those that the target takes for the class under
 * the most and strongest crops. For features, which have no crops, without.
 *
 * @source  Struppek et al., ICML 2022, section 3; without mirror images, for a mirrored digit is another sign
 */
export const plugAndPlay = (steps: number): Attack => ({
  name: "ppa",
  title: "the best of many codes, moved under random crops and chosen by robustness (plug-and-play)",
  steps: steps + choosingCrops,
  async run(attacked, rng, watch) {
    const { target, classes, n } = attacked;
    const isImage = target.input.length === 3;
    const begun = begunEach * n;
    const wanted = wantedRows(classes, begun, target.classes.length);
    const start = await bestDraws(attacked, begun, candidatesEach * begun, rng.fold("candidates"));
    const seen = (z: Tensor, crop?: Crop<Tensor>): Tensor => {
      const x = inputsOf(attacked, z);
      return target.logits(crop ? cropped(x, target.input, crop) : x);
    };
    const crop = (least: number, stream: Random): Crop | undefined => (isImage ? randomCrop(target.input, least, stream) : undefined);
    const z = await descend<{ crop?: Crop<Tensor> }>(
      start,
      (z, { crop }) => poincare(seen(z, crop), wanted),
      { optimizer: adam(0.005, { beta1: 0.1, beta2: 0.1 }), steps, noise: (stream) => (isImage ? { crop: crop(gentle, stream) } : {}) },
      rng.fold("steps"),
      watch,
    );
    const scores = new Float64Array(classes.length * begun);
    const choosing = rng.fold("choosing");
    for (let c = 0; c < choosingCrops; c++) {
      const found = crop(strong, choosing);
      const p = await inBlocks(z, (z) => logSoftmax(seen(z, found && constantCrop(found))).exp());
      const K = target.classes.length;
      for (let row = 0; row < scores.length; row++) scores[row] += p.data[row * K + classes[Math.floor(row / begun)]];
      watch();
    }
    return asAttempt(await inBlocks(kept(z, scores, classes.length, n), (z) => inputsOf(attacked, z)), attacked);
  },
});

/** The n rows of every class with the highest scores. */
function kept(z: NdArray, scores: Float64Array, J: number, n: number): NdArray<"f32"> {
  const [rows, ...rest] = z.shape;
  const size = rest.reduce((a, b) => a * b, 1);
  const each = rows / J;
  const chosen = new Float32Array(J * n * size);
  for (let j = 0; j < J; j++) {
    const order = Array.from({ length: each }, (_, i) => j * each + i).sort((a, b) => scores[b] - scores[a]);
    for (let i = 0; i < n; i++) for (let k = 0; k < size; k++) chosen[(j * n + i) * size + k] = Number(z.data[order[i] * size + k]);
  }
  return ndarray(chosen, [J * n, ...rest], "f32");
}
