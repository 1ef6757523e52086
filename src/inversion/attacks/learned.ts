/** Attacks that first learn a generator for their target. */
import { adam } from "../../optim/index.ts";
import { type AdversarialSizes, play } from "./adversarial.ts";
import type { Attack, Attacked } from "./attack.ts";
import { kedLearner } from "./ked.ts";
import { plgLearner } from "./plg.ts";

/** Numbers in a code, width of the networks, rows of a batch, rate of Adam. */
const [latent, width, batchSize, rate] = [32, 256, 128, 2e-4];

const sizesOf = ({ target, publicRows }: Attacked): AdversarialSizes => ({
  ...{ latent, width, size: publicRows.shape[1], isImage: target.input.length === 3 },
});

/** @param steps  of the generator @param moves  of the laws of codes */
export const knowledgeEnriched = (steps: number, moves: number): Attack => ({
  name: "ked",
  title: "a generator trained with what the target says of public rows, then a law of codes for each class (KED-MI)",
  steps: steps + moves,
  async run(attacked, rng, watch) {
    const options = { sizes: sizesOf(attacked), optimizer: adam(rate, { beta1: 0.5 }), batchSize };
    const learner = await kedLearner(attacked.target, attacked.publicRows, rng.fold("order"), options);
    const state = await play(learner, steps, rng.fold("generator"), watch);
    return { inputs: await learner.attack(state, { steps: moves })(attacked.classes, attacked.n, rng.fold("attack"), watch) };
  },
});

/** @param steps  of the generator @param moves  of the codes */
export const pseudoLabelGuided = (steps: number, moves: number): Attack => ({
  name: "plg",
  title: "a generator of classes trained on public rows that the target has labelled, then codes by its margin (PLG-MI)",
  steps: steps + moves,
  async run(attacked, rng, watch) {
    const options = { sizes: sizesOf(attacked), optimizer: adam(rate, { beta1: 0 }), batchSize };
    const learner = await plgLearner(attacked.target, attacked.publicRows, options);
    const state = await play(learner, steps, rng.fold("generator"), watch);
    return { inputs: await learner.attack(state, { steps: moves })(attacked.classes, attacked.n, rng.fold("attack"), watch) };
  },
});
