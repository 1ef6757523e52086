/** Pseudo-label guided inversion: a conditional generator of public rows that the target itself has labelled. */
import { type NdArray, ndarray } from "../../array/index.ts";
import { rowsOf, rowwise } from "../../distances/index.ts";
import { UserError } from "../../errors.ts";
import { dense } from "../../nn/index.ts";
import { adam, type Optimizer } from "../../optim/index.ts";
import { concat, constant, jit, oneHot, relu, softmax, type Tensor, take } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";
import type { Labelled } from "../labelled.ts";
import {
  type AdversarialSizes,
  type CriticParams,
  critic,
  frozenPlayers,
  type GameLearner,
  type GameState,
  gameLearner,
  type LearnedPrior,
  maker,
  type OfClasses,
} from "./adversarial.ts";
import { descend, inF32, wantedRows } from "./descent.ts";
import { maxMargin } from "./losses.ts";

/** Of each class the n public rows to which the target gives it with most probability; a row may stand for several classes. */
export async function pseudoLabels(target: Classifier, publicRows: NdArray<"f32">, n: number): Promise<Labelled> {
  const m = publicRows.shape[0];
  if (m === 0) throw new UserError("there are no public rows to label", "give public data");
  const k = target.classes.length;
  const p = (await rowwise((x) => softmax(target.logits(x)))(publicRows)).data;
  const best = Array.from({ length: k }, (_, c) =>
    Array.from({ length: m }, (_, i) => i)
      .sort((a, b) => p[b * k + c] - p[a * k + c])
      .slice(0, n),
  );
  return { x: rowsOf(publicRows, best.flat()), y: Int32Array.from(best.flatMap((rows, c) => rows.map(() => c))) };
}

/** mean relu(1 - D(x)) + mean relu(1 + D(G(z))). Lim & Ye, arXiv 1705.02894. */
export const hingeLoss = (real: Tensor, made: Tensor): Tensor =>
  relu(real.neg().add(1))
    .mean()
    .add(relu(made.add(1)).mean());

/** D(x, y) = w·φ(x) + b + e_y·φ(x), [n]. Miyato & Koyama, ICLR 2018. */
function projection(params: CriticParams & { readonly classes?: Tensor }, x: Tensor, y: Tensor, sizes: AdversarialSizes): Tensor {
  const features = critic.features(params, x, sizes);
  const plain = dense.apply(params.head, features).squeeze(-1);
  return params.classes ? plain.add(take(params.classes, y).mul(features).sum(1)) : plain;
}

/** Training of the conditional generator, and the attack in its codes. */
export interface PlgLearner extends GameLearner {
  prior(state: GameState): LearnedPrior;
  attack(state: GameState, options?: PlgAttack): OfClasses;
}

/** How codes are moved. */
export interface PlgAttack {
  /** Default 600 and 0.1. */
  readonly steps?: number;
  readonly rate?: number;
  /** Standard deviation of the noise that augments rows, twice a step; default 0.05, in units of a row's numbers. */
  readonly noise?: number;
}

/** Options of the training. */
export interface PlgOptions {
  readonly sizes: AdversarialSizes;
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  /** Public rows that stand for each class, default 30. */
  readonly perClass?: number;
  /** Weight of the max-margin loss on the target in the generator's, default 0.2. */
  readonly alpha?: number;
}

/** Numbers that the generator is told of a class. */
const told = 16;

/**
 * @param publicRows  [m, D]
 * @source  Yuan et al., AAAI 2023
 */
export async function plgLearner(target: Classifier, publicRows: NdArray<"f32">, options: PlgOptions): Promise<PlgLearner> {
  const { sizes, optimizer, batchSize, perClass = 30, alpha = 0.2 } = options;
  const labelled = await pseudoLabels(target, publicRows, perClass);
  const count = target.classes.length;
  const learner = gameLearner(
    {
      init: (rng) => ({
        generator: maker.init(rng.fold("generator"), sizes, { count, told }),
        discriminator: {
          ...critic.init(rng.fold("discriminator"), sizes, 1),
          classes: ndarray(
            rng.normal([count, sizes.width]).data.map((v) => v / Math.sqrt(sizes.width)),
            [count, sizes.width],
            "f32",
          ),
        },
      }),
      batch(_, rng) {
        const rows = rng.integers(0, labelled.y.length, [batchSize]).data;
        return {
          x: rowsOf(labelled.x, rows),
          y: ndarray(
            Int32Array.from(rows, (row) => labelled.y[row]),
            [batchSize],
            "i32",
          ),
          z: rng.normal([batchSize, sizes.latent]),
          drawn: rng.integers(0, count, [batchSize]),
        };
      },
      discriminatorLoss({ generator, discriminator }, { x, y, z, drawn }) {
        const made = maker.apply(generator, z, drawn, sizes);
        return hingeLoss(projection(discriminator, x, y, sizes), projection(discriminator, made, drawn, sizes));
      },
      generatorLoss({ generator, discriminator }, { z, drawn }) {
        const made = maker.apply(generator, z, drawn, sizes);
        const inverted = maxMargin(target.logits(made), oneHot(drawn, count)).mean().mul(alpha);
        return projection(discriminator, made, drawn, sizes).mean().neg().add(inverted);
      },
    },
    optimizer,
  );
  return {
    ...learner,
    prior({ players }) {
      const fixed = frozenPlayers(players);
      return { name: "PLG", latent: sizes.latent, generate: (z, y) => maker.apply(fixed().generator, z, y, sizes) };
    },
    attack({ players }, attack) {
      const fixed = frozenPlayers(players);
      return moveCodes(target, (z, y) => maker.apply(fixed().generator, z, y, sizes), sizes, attack);
    },
  };
}

/** Each code by itself to the least mean max-margin loss of two augmentations of its row. */
const moveCodes =
  (
    target: Classifier,
    generate: (z: Tensor, y: Tensor) => Tensor,
    { latent, size }: AdversarialSizes,
    { steps = 600, rate = 0.1, noise = 0.05 }: PlgAttack = {},
  ): OfClasses =>
  async (classes, n, rng, watch = () => {}) => {
    const rows = classes.length * n;
    const y = ndarray(
      Int32Array.from({ length: rows }, (_, i) => classes[Math.floor(i / n)]),
      [rows],
      "i32",
    );
    const wanted = wantedRows(classes, n, target.classes.length);
    const z = await descend<{ drawn: Tensor }>(
      rng.fold("codes").normal([rows, latent]),
      (z, { drawn }) => {
        const x = generate(z, constant(y));
        const seen = concat([x, x]).add(drawn.mul(noise));
        return maxMargin(target.logits(seen), concat([wanted, wanted]))
          .reshape([2, rows])
          .sum(0);
      },
      { optimizer: adam(rate), steps, noise: (stream) => ({ drawn: stream.normal([2 * rows, size]) }) },
      rng.fold("steps"),
      watch,
    );
    return inF32(await jit((z: Tensor) => generate(z, constant(y)).reshape([classes.length, n, size]))(z));
  };
