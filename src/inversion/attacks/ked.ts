/** Knowledge-enriched distributional inversion: the public generator is trained with what the target says of public rows. */
import { allocate, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { batchRows } from "../../data/index.ts";
import { rowsOf } from "../../distances/index.ts";
import { dense } from "../../nn/index.ts";
import { adam, applyUpdates, type Optimizer, type State } from "../../optim/index.ts";
import { abs, jit, logSoftmax, logsumexp, oneHot, softmax, softplus, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";
import { rowwise } from "../metrics/rows.ts";
import {
  type AdversarialSizes,
  critic,
  frozenPlayers,
  type GameLearner,
  type GameState,
  gameLearner,
  type LearnedPrior,
  maker,
  type Players,
} from "./adversarial.ts";

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
  attack(state: GameState, options?: KedAttack): (y: number, n: number, rng: Random) => Promise<NdArray<"f32">>;
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

interface Law<T = Tensor> {
  readonly mean: T;
  readonly logVariance: T;
}

/** Minimises E[λ CE(T(G(z)), y) - log σ(s(G(z)))] over z ~ N(μ, diag e^ν), from μ = 0 and ν = 1; nothing holds the law's width. */
function fitCodes(
  target: Classifier,
  generate: (z: Tensor) => Tensor,
  surprise: (x: Tensor) => Tensor,
  latent: number,
  { steps = 2400, rate = 2e-2, lambda = 100, batch = 64 }: KedAttack = {},
) {
  const optimizer: Optimizer = adam(rate);
  const codes = ({ mean, logVariance }: Law, noise: Tensor): Tensor => logVariance.mul(0.5).exp().mul(noise).add(mean);
  const update = jit((law: Law, state: State, noise: Tensor, y: Tensor) => {
    const [loss, slope] = valueAndGrad((l: Law) => {
      const x = generate(codes(l, noise));
      const wrong = logSoftmax(target.logits(x)).mul(oneHot(y, target.classes.length)).sum(1).neg();
      return wrong.mul(lambda).add(surprise(x)).mean();
    })(law);
    const { updates, state: next } = optimizer.update(slope, state, law);
    return { law: applyUpdates(law, updates), state: next, loss };
  });
  const draw = jit((law: Law, noise: Tensor) => generate(codes(law, noise)).cast("f32"));
  return async (y: number, n: number, rng: Random): Promise<NdArray<"f32">> => {
    const ones = ndarray(new Float32Array(latent).fill(1), [latent], "f32");
    let law: Law<NdArray> = { mean: allocate("f32", [latent]), logVariance: ones };
    let state = optimizer.init(law);
    const wanted = ndarray(new Int32Array(batch).fill(y), [batch], "i32");
    for (let step = 0; step < steps; step++) ({ law, state } = await update(law, state, rng.normal([batch, latent]), wanted));
    const made = await draw(law, rng.normal([n, latent]));
    return ndarray(made.data as Float32Array<ArrayBuffer>, made.shape, "f32"); // the program casts to f32
  };
}
