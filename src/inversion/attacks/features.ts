/** Attacks by what the target's last layer sees: logits with a regulariser of features, and statistics of a batch. */
import { type NdArray, ndarray, type Random, sizeOf } from "../../array/index.ts";
import { batchRows } from "../../data/batches.ts";
import { rowsOf } from "../../distances/index.ts";
import { adam, cosine, training } from "../../optim/index.ts";
import { clamp, constant, jit, logSoftmax, softmax, type Tensor } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";
import { classifierNetwork, frozen, type NetworkParams } from "../defences/network.ts";
import { cutThrough } from "../prior.ts";
import type { Attack, Attacked } from "./attack.ts";
import { descend, inBlocks, inF32, wantedRows } from "./descent.ts";
import { crossEntropy, logitLoss } from "./losses.ts";
import { totalVariation } from "./plain.ts";

/** Mean and variance of each feature over public rows. */
interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** What is looked at: what goes into the last layer, or the logits where the file does not show that. */
const featuresOf = (target: Classifier): ((x: Tensor) => Tensor) => target.features ?? target.logits;

async function publicMoments({ target, publicRows }: Attacked): Promise<Moments> {
  const found = await inBlocks(publicRows, featuresOf(target));
  const { mean, variance } = await jit((f: Tensor) => {
    const mean = f.mean(0, true);
    return { mean, variance: f.sub(mean).square().mean(0, true) };
  })(found);
  return { mean: constant(mean), variance: constant(variance) };
}

/** What is told of features that are not known. */
const noFeatures = (name: string, { target }: Attacked): string[] =>
  target.features ? [] : [`${name}: the file does not show what goes into its last layer; its logits stand for that`];

/** Students, and the steps and rows in which each learns what the target says of public rows. */
const [students, studentSteps, studentBatch] = [3, 400, 128];

/** A small network that says of public rows what the target says: -Σ_k T_k(x) log S_k(x). */
async function distilled({ target, publicRows }: Attacked, rng: Random, watch: () => void): Promise<Classifier> {
  const network = classifierNetwork({ input: target.input, classes: target.classes.length, kind: "mlp", widths: [128] });
  const soft = await inBlocks(publicRows, (x) => softmax(target.logits(x)));
  const size = Math.min(studentBatch, publicRows.shape[0]);
  const rows = batchRows(rng.fold("order"), publicRows.shape[0], size);
  const loss = (params: NetworkParams, x: Tensor, p: Tensor): Tensor =>
    logSoftmax(network.apply(params, x).logits).mul(p).sum(-1).mean().neg();
  const run = training(loss, adam(2e-3));
  let params: NetworkParams<NdArray> = network.init(rng.fold("network"));
  let state = run.init(params, rowsOf(publicRows, rows(0)), rowsOf(soft, rows(0)));
  for (let step = 0; step < studentSteps; step++) {
    ({ params, state } = await run.step(params, state, rowsOf(publicRows, rows(step)), rowsOf(soft, rows(step))));
    watch();
  }
  return frozen(network, params, "student", target.classes);
}

/**
 * Codes that descend -out_y + |f(x) - f_reg|² / w, f_reg ~ N(mean, variance) of the w features of public rows, as a mean over the target and three
 * students that it taught on public rows: what is overfitted in one of them is not in the others. The square is a mean, as the authors'
 * program has it: as a sum it holds all features at those of public rows, and no class is reached.
 *
 * @source  Nguyen et al., CVPR 2023, eq. 5 and section 4.2
 */
export const logitMatching = (steps: number): Attack => ({
  name: "lomma",
  title: "codes moved by logits with a regulariser of features, over the target and three students (LOMMA)",
  steps: steps + students * studentSteps,
  async run(attacked, rng, watch) {
    const { target, prior, classes, n } = attacked;
    const wanted = wantedRows(classes, n, target.classes.length);
    const { mean, variance } = await publicMoments(attacked);
    const helpers: Classifier[] = [target];
    for (let s = 0; s < students; s++) helpers.push(await distilled(attacked, rng.fold("student").fold(s), watch));
    const rows = classes.length * n;
    const width = mean.shape[1];
    const inputsOf = (z: Tensor): Tensor => cutThrough(prior.generate(z), prior.range).x;
    const z = await descend<{ noise: Tensor }>(
      rng.fold("codes").normal([rows, prior.layers, prior.latent]),
      (z, { noise }) => {
        const x = inputsOf(z);
        const wrong = helpers.map((h) => logitLoss(h.logits(x), wanted)).reduce((a, b) => a.add(b));
        const usual = mean.add(variance.add(1e-6).pow(0.5).mul(noise));
        return wrong.mul(1 / helpers.length).add(featuresOf(target)(x).sub(usual).square().mean(-1));
      },
      { optimizer: adam(cosine(0.05, steps)), steps, noise: (stream) => ({ noise: stream.normal([rows, width]) }) },
      rng.fold("steps"),
      watch,
    );
    const x = await inBlocks(z, inputsOf);
    return { inputs: ndarray(x.data, [classes.length, n, x.shape[1]], "f32"), notes: noFeatures("lomma", attacked) };
  },
});

/** Weights of roughness, of |x|², and of the statistics. */
const [ofRoughness, ofSize, ofStatistics] = [1e-3, 1e-4, 1];

/**
 * Pixels that descend cross-entropy, with penalties of roughness, of size, and of how mean and variance of the features of the batch, samples of
 * all classes, differ from those of public rows, which stand here for the running statistics of a batch normalisation that the target need
 * not have.
 *
 * @source  Yin et al., CVPR 2020, eq. 2-4
 */
export const batchStatistics = (steps: number): Attack => ({
  name: "deep-inversion",
  title: "inputs moved until the target is sure, with the statistics of its features (DeepInversion)",
  steps,
  async run(attacked, rng, watch) {
    const { target, classes, n } = attacked;
    const D = sizeOf(target.input);
    const isImage = target.input.length === 3;
    const J = classes.length;
    const wanted = wantedRows(classes, n, target.classes.length);
    const { mean, variance } = await publicMoments(attacked);
    const loss = (x: Tensor): Tensor => {
      const f = featuresOf(target)(x);
      const own = f.mean(0, true);
      const spread = f.sub(own).square().mean(0, true);
      // of the batch: added to every row, so that in the sum over rows it weighs as much as the mean of the other terms
      const apart = own.sub(mean).square().sum().add(spread.sub(variance).square().sum());
      const plain = crossEntropy(target.logits(x), wanted).add(x.square().sum(-1).mul(ofSize)).add(apart.mul(ofStatistics));
      return isImage ? plain.add(totalVariation(x, target.input).mul(ofRoughness)) : plain;
    };
    const start = isImage ? rng.uniform([J * n, D]) : rng.normal([J * n, D]);
    const project = isImage ? (x: Tensor): Tensor => clamp(x, 0, 1) : undefined;
    const x = await descend(start, loss, { optimizer: adam(cosine(0.05, steps)), steps, project }, rng, watch);
    return { inputs: inF32({ ...x, shape: [J, n, D] }), notes: noFeatures("deep-inversion", attacked) };
  },
});
