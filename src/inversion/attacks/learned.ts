/** Attacks that first learn a generator for their target. */
import { allocate, type NdArray, type Random } from "../../array/index.ts";
import { adam } from "../../optim/index.ts";
import type { AdversarialSizes, GameLearner, GameState } from "./adversarial.ts";
import type { Attack, Attacked, Attempt } from "./attack.ts";
import { kedLearner } from "./ked.ts";
import { plgLearner } from "./plg.ts";

/** Numbers in a code, width of the networks, rows of a batch, rate of Adam. */
const [latent, width, batchSize, rate] = [32, 256, 128, 2e-4];

type OfClass = (y: number, n: number, rng: Random) => Promise<NdArray<"f32">>;

const sizesOf = ({ target, publicRows }: Attacked): AdversarialSizes => ({
  ...{ latent, width, size: publicRows.shape[1], isImage: target.input.length === 3 },
});

async function trained(learner: GameLearner, steps: number, rng: Random, watch: () => void): Promise<GameState> {
  let state = learner.init(rng.fold("init"));
  for (let step = 0; step < steps; step++) {
    ({ state } = await learner.step(state, rng.fold(step)));
    watch();
  }
  return state;
}

/** Samples class by class. */
async function eachClass({ classes, n, publicRows }: Attacked, attack: OfClass, rng: Random, watch: () => void): Promise<Attempt> {
  const D = publicRows.shape[1];
  const inputs = allocate("f32", [classes.length, n, D]);
  for (const [j, c] of classes.entries()) {
    inputs.data.set((await attack(c, n, rng.fold(c))).data, j * n * D);
    watch();
  }
  return { inputs };
}

/** @param steps  of the generator @param moves  of each class's codes */
export const knowledgeEnriched = (steps: number, moves: number): Attack => ({
  name: "ked",
  title: "a generator trained with what the target says of public rows, then a law of codes for each class (KED-MI)",
  steps,
  async run(attacked, rng, watch) {
    const options = { sizes: sizesOf(attacked), optimizer: adam(rate, { beta1: 0.5 }), batchSize };
    const learner = await kedLearner(attacked.target, attacked.publicRows, rng.fold("order"), options);
    const state = await trained(learner, steps, rng.fold("generator"), watch);
    return eachClass(attacked, learner.attack(state, { steps: moves }), rng.fold("attack"), () => {});
  },
});

/** @param steps  of the generator @param moves  of each class's codes */
export const pseudoLabelGuided = (steps: number, moves: number): Attack => ({
  name: "plg",
  title: "a generator of classes trained on public rows that the target has labelled, then codes by its margin (PLG-MI)",
  steps,
  async run(attacked, rng, watch) {
    const options = { sizes: sizesOf(attacked), optimizer: adam(rate, { beta1: 0 }), batchSize };
    const learner = await plgLearner(attacked.target, attacked.publicRows, options);
    const state = await trained(learner, steps, rng.fold("generator"), watch);
    return eachClass(attacked, learner.attack(state, { steps: moves }), rng.fold("attack"), () => {});
  },
});
