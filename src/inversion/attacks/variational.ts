/** The variational attack: a posterior over codes for every class at every temper. */
import type { NdArray, Random } from "../../array/index.ts";
import { scorePosteriors } from "../evaluate.ts";
import type { Family } from "../families/family.ts";
import { fitting } from "../fit.ts";
import type { Inversion } from "../objective.ts";
import { drawInputs } from "../samples.ts";
import type { Attack, Attacked, Attempt } from "./attack.ts";

/** How the posteriors of an audit are fitted: less carefully than one alone, for there are many. */
export interface VariationalOptions {
  readonly family: (latent: number, rng: Random) => Family;
  readonly draws: number;
  readonly steps: number;
  /** See `Inversion`. */
  readonly sharedNoise?: boolean;
}

/** Draws of the prior that show where to begin, steps between looks at the objective, and fresh draws for its value. */
const [candidates, window, scored] = [2000, 50, 1000];

/**
 * Variational model inversion: q ∝ p(z) p(y|G(z))^{1/γ} for every class, as one batch.
 *
 * @param gamma  γ
 * @source  Wang et al., NeurIPS 2021
 */
export const variational = (gamma: number, { family, draws, steps, sharedNoise }: VariationalOptions): Attack => ({
  name: `vmi:${gamma}`,
  title: `a posterior over codes at γ = ${gamma} (variational model inversion)`,
  steps,
  async run({ target, prior, classes, n }: Attacked, rng, watch): Promise<Attempt> {
    const inversion: Inversion = {
      family: family(prior.latent, rng.fold("permutations")),
      prior,
      classifier: target,
      goals: classes.map((c) => ({ target: c, gamma })),
      sharedNoise,
    };
    const fit = fitting(inversion, { draws, candidates, window });
    let state = await fit.init(rng.fold("init"));
    const stream = rng.fold("steps");
    let step = 0;
    for (; step < steps && !fit.done(state); step++) {
      ({ state } = await fit.step(state, stream));
      watch();
    }
    const params = fit.result(state);
    const scores = await scorePosteriors(inversion, params, scored, rng.fold("scores"));
    const { inputs }: { inputs: NdArray<"f32"> } = await drawInputs(inversion, params, n, rng.fold("draws"));
    return {
      inputs,
      posteriors: scores.map(({ loss, kl, gap, ess, outside }) => ({ gamma, loss, kl, gap, ess, outside })),
      notes: fit.done(state) ? [] : [`vmi:${gamma}: the objective still fell after ${step} steps`],
    };
  },
});
