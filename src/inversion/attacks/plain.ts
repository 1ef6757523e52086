/** Attacks that know nothing of classes, or nothing of pictures: prior draws, and pixels alone. */
import { ndarray, sizeOf } from "../../array/index.ts";
import { sgd } from "../../optim/index.ts";
import { clamp, type Tensor } from "../../tensor/index.ts";
import { cutThrough } from "../prior.ts";
import type { Attack } from "./attack.ts";
import { descend, inBlocks, inF32, wantedRows } from "./descent.ts";
import { crossEntropy } from "./losses.ts";

/** Draws of the public prior, for every class the same law: what is reached without the target. */
export const priorDraws: Attack = {
  name: "prior",
  title: "draws of the public prior: what is reached without the target",
  steps: 1,
  async run({ prior, classes, n }, rng, watch) {
    const z = rng.normal([classes.length * n, prior.layers, prior.latent]);
    const x = await inBlocks(z, (z) => cutThrough(prior.generate(z), prior.range).x);
    watch();
    return { inputs: ndarray(x.data, [classes.length, n, x.shape[1]], "f32") };
  },
};

/** Weight of the total variation of images: neighbours of a pixel are mostly like it. */
const smoothness = 1e-3;

/** Σ of squared differences of neighbouring pixels over rows of images, [n]. */
export function totalVariation(x: Tensor, [channels, height, width]: readonly number[]): Tensor {
  const pictures = x.reshape([x.shape[0], channels, height, width]);
  const down = pictures.slice(null, null, [1, height]).sub(pictures.slice(null, null, [0, height - 1]));
  const across = pictures.slice(null, null, null, [1, width]).sub(pictures.slice(null, null, null, [0, width - 1]));
  return down
    .square()
    .sum([1, 2, 3])
    .add(across.square().sum([1, 2, 3]));
}

/**
 * Pixels, or features, that are moved until the target is sure: from uniform noise, with a penalty of roughness for images, of |x|² for
 * features.
 *
 * @source  Fredrikson et al., CCS 2015, algorithm 1; steps and rate as Zhang et al., CVPR 2020 use it
 */
export const pixels = (steps: number): Attack => ({
  name: "pixels",
  title: "inputs moved until the target is sure, without a generator (general model inversion)",
  steps,
  async run({ target, classes, n }, rng, watch) {
    const D = sizeOf(target.input);
    const isImage = target.input.length === 3;
    const wanted = wantedRows(classes, n, target.classes.length);
    const rough = (x: Tensor): Tensor => (isImage ? totalVariation(x, target.input) : x.square().sum(-1)).mul(smoothness);
    const start = isImage ? rng.uniform([classes.length * n, D]) : rng.normal([classes.length * n, D]);
    const x = await descend(
      start,
      (x) => crossEntropy(target.logits(x), wanted).add(rough(x)),
      { optimizer: sgd(0.02, { momentum: 0.9 }), steps, project: isImage ? (x) => clamp(x, 0, 1) : undefined },
      rng,
      watch,
    );
    return { inputs: inF32({ ...x, shape: [classes.length, n, D] }) };
  },
});
