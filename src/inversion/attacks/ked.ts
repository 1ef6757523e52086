/** Knowledge-enriched distributional inversion: the public generator is trained with what the target says of public rows. */
import { allocate, type NdArray, type Random } from "../../array/index.ts";
import { batchRows } from "../../data/batches.ts";
import { rowsOf, rowwise } from "../../distances/index.ts";
import { dense } from "../../nn/index.ts";
import { adam, type Optimizer } from "../../optim/index.ts";
import { abs, jit, logSoftmax, logsumexp, softmax, softplus, type Tensor } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";
import {
  type AdversarialSizes,
  critic,
  frozenPlayers,
  type GameLearner,
  type GameState,
  gameLearner,
  type LearnedPrior,
  maker,
  type OfClasses,
  type Players,
} from "./adversarial.ts";
import { descend, inF32, wantedRows } from "./descent.ts";
import { crossEntropy } from "./losses.ts";

/** -log σ(s) of the score s = log Σ_k e^{logit_k} of being a real row: the K outputs and a zero for "made" are one softmax. */
const surpriseReal = (logits: Tensor): Tensor => softplus(logsumexp(logits, -1)).sub(logsumexp(logits, -1));
const surpriseMade = (logits: Tensor): Tensor => softplus(logsumexp(logits, -1));

/**
 * L_D = -Σ_k T_k(x) log softmax_k D(x) + ½ [mean softplus(s(u)) - mean s(u) + mean softplus(s(G(z)))] with s = log Σ e^D.
 *
 * @param labelled  D(x) [n, K] @param soft  T(x) [n, K], the target's probabilities @param unlabelled  D(u) @param made  D(G(z))
 */
export const kedDiscriminatorLoss = (labelled: Tensor, soft: Tensor, unlabelled: Tensor, made: Tensor): Tensor =>
  logSoftmax(labelled)
    .mul(soft)
    .sum(1)
    .mean()
    .neg()
    .add(surpriseReal(unlabelled).mean().add(surpriseMade(made).mean()).mul(0.5));

/** Weight of the entropy in the generator's loss. */
const entropyWeight = 1e-4;

/** Mean over features of |mean φ(G(z)) - mean φ(u)|, and 10⁻⁴ of the entropy of D's classes: made rows are to be of a class. */
export function kedGeneratorLoss(made: { features: Tensor; logits: Tensor }, unlabelled: Tensor): Tensor {
  const match = abs(made.features.mean(0).sub(unlabelled.mean(0))).mean();
  const entropy = softmax(made.logits).mul(logSoftmax(made.logits)).sum(1).mean().neg();
  return match.add(entropy.mul(entropyWeight));
}

/** Training of the generator and of its discriminator with K outputs. */
export interface KedLearner extends GameLearner {
  prior(state: GameState): LearnedPrior;
  /** Samples of a class by the target, with the discriminator as a critic. */
  attack(state: GameState, options?: KedAttack): OfClasses;
}

/** How the law of codes is fitted. */
export interface KedAttack {
  /** Default 2400, 0.02 and 100. */
  readonly steps?: number;
  readonly rate?: number;
  readonly lambda?: number;
  /** Codes a step, default 64. */
  readonly batch?: number;
}

/**
 * @param publicRows  [m, D], without labels: the target gives them soft ones
 * @param order       the stream that orders them
 * @source  Chen et al., ICCV 2021
 */
export async function kedLearner(
  target: Classifier,
  publicRows: NdArray<"f32">,
  order: Random,
  { sizes, optimizer, batchSize }: { sizes: AdversarialSizes; optimizer: Optimizer; batchSize: number },
): Promise<KedLearner> {
  const soft = await rowwise((x) => softmax(target.logits(x)))(publicRows);
  const size = Math.min(batchSize, publicRows.shape[0]);
  const [labelled, unlabelled] = ["labelled", "unlabelled"].map((name) => batchRows(order.fold(name), publicRows.shape[0], size));
  const look = ({ discriminator }: Players, x: Tensor): { features: Tensor; logits: Tensor } => {
    const features = critic.features(discriminator, x, sizes);
    return { features, logits: dense.apply(discriminator.head, features) };
  };
  const learner = gameLearner(
    {
      init: (rng) => ({
        generator: maker.init(rng.fold("generator"), sizes),
        discriminator: critic.init(rng.fold("discriminator"), sizes, target.classes.length),
      }),
      batch: (step, rng) => ({
        x: rowsOf(publicRows, labelled(step)),
        soft: rowsOf(soft, labelled(step)),
        u: rowsOf(publicRows, unlabelled(step)),
        z: rng.normal([size, sizes.latent]),
      }),
      discriminatorLoss(players, { x, soft, u, z }) {
        const made = maker.apply(players.generator, z, undefined, sizes);
        return kedDiscriminatorLoss(look(players, x).logits, soft, look(players, u).logits, look(players, made).logits);
      },
      generatorLoss: (players, { u, z }) =>
        kedGeneratorLoss(look(players, maker.apply(players.generator, z, undefined, sizes)), look(players, u).features),
    },
    optimizer,
  );
  return {
    ...learner,
    prior({ players }) {
      const fixed = frozenPlayers(players);
      return { name: "KED", latent: sizes.latent, generate: (z) => maker.apply(fixed().generator, z, undefined, sizes) };
    },
    attack({ players }, options) {
      const fixed = frozenPlayers(players);
      const generate = (z: Tensor): Tensor => maker.apply(fixed().generator, z, undefined, sizes);
      const surprise = (x: Tensor): Tensor => surpriseReal(look(fixed(), x).logits);
      return fitCodes(target, generate, surprise, sizes.latent, options);
    },
  };
}

/**
 * Minimises E[λ CE(T(G(z)), y) - log σ(s(G(z)))] over z ~ N(μ, diag e^ν) of every class, from μ = 0 and ν = 1; nothing holds the laws' width.
 * Rows [J, 2, d] of the descent are μ and ν.
 */
const fitCodes =
  (
    target: Classifier,
    generate: (z: Tensor) => Tensor,
    surprise: (x: Tensor) => Tensor,
    latent: number,
    { steps = 2400, rate = 2e-2, lambda = 100, batch = 64 }: KedAttack = {},
  ): OfClasses =>
  async (classes, n, rng, watch = () => {}) => {
    const J = classes.length;
    const inputs = (laws: Tensor, noise: Tensor): Tensor => {
      const [mean, logVariance] = [laws.slice([], [0, 1]), laws.slice([], [1, 2])];
      return generate(logVariance.mul(0.5).exp().mul(noise).add(mean).reshape([-1, latent]));
    };
    const wanted = wantedRows(classes, batch, target.classes.length);
    const start = allocate("f32", [J, 2, latent]);
    for (let j = 0; j < J; j++) start.data.fill(1, (2 * j + 1) * latent, (2 * j + 2) * latent);
    const laws = await descend<{ noise: Tensor }>(
      start,
      (laws, { noise }) => {
        const x = inputs(laws, noise);
        return crossEntropy(target.logits(x), wanted).mul(lambda).add(surprise(x)).reshape([J, batch]).mean(1);
      },
      { optimizer: adam(rate), steps, noise: (stream) => ({ noise: stream.normal([J, batch, latent]) }) },
      rng.fold("steps"),
      watch,
    );
    const draw = jit((laws: Tensor, noise: Tensor) => inputs(laws, noise).reshape([J, n, -1]));
    return inF32(await draw(laws, rng.fold("draws").normal([J, n, latent])));
  };
