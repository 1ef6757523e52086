/** Fitting posteriors: state is plain data, a step is one program. */
import { allocate, item, type NdArray, ndarray, type Random, toNumbers } from "../array/index.ts";
import { UserError } from "../errors.ts";
import { adam, applyUpdates, ema, type Rate, type State, skipNonFinite } from "../optim/index.ts";
import { jit, type Tensor, valueAndGrad } from "../tensor/index.ts";
import { floats, type Inversion, objective, posteriors } from "./objective.ts";
import { place } from "./place.ts";
import { advance, mostRestarts, mostSkips, type Plateau, planOf, restarted, startPlateau } from "./plateau.ts";
import { drawnPoints, rulePoints } from "./points.ts";

/** How posteriors are fitted. */
export interface FitOptions {
  /** Draws a goal and step, where expectations are not taken by a rule. */
  readonly draws: number;
  /** First rate of Adam; default that of the family. */
  readonly rate?: number;
  readonly dtype?: "f32" | "f64";
  /** Draws of the prior that show where to begin; 0: begin at the prior. */
  readonly candidates: number;
  /** Steps over which the loss is averaged before it is compared with what it was. */
  readonly window: number;
}

/** Parameters, their running mean (the result), Adam's state, and how the schedule stands. */
export interface FitState extends Plateau {
  readonly step: NdArray;
  readonly params: object;
  readonly average: object;
  readonly optimizer: State<NdArray>;
}

/** What a step measured, means over the goals. */
export type FitMetrics = Partial<Record<"loss" | "nll" | "kl" | "accuracy", number>> & { readonly rate: number };

export interface Fitting {
  init(rng: Random): Promise<FitState>;
  /** @throws UserError  for a loss that does not become finite after three restarts */
  step(state: FitState, rng: Random): Promise<{ state: FitState; metrics: FitMetrics }>;
  /** Whether the loss of no goal falls any more at the lowest rate. */
  done(state: FitState): boolean;
  /** The parameters that are the result. */
  result(state: FitState): object;
}

/** Memory of the running mean of the parameters: some fifty steps. */
const memory = 0.98;

/**
 * Adam on L_γ of all goals at once. Affine families of up to three numbers have expectations by a product rule, all others by fresh draws
 * with their mirror images.
 */
export function fitting<P extends object>(inversion: Inversion<P>, options: FitOptions): Fitting {
  const { family, prior, goals } = inversion;
  const { draws, dtype = "f32", candidates, window, rate: firstRate = family.rate } = options;
  const J = goals.length;
  const gamma = floats(
    goals.map((g) => g.gamma),
    [J],
    dtype,
  );
  const points = rulePoints(inversion, dtype);
  /** Adam at a rate that is known when a step is taken. */
  const descentAt = (rate: Rate) => skipNonFinite(adam(rate));
  const mean = ema(memory);
  type Moving = { params: object; optimizer: State; average: object };
  const update = ({ params, optimizer, average }: Moving, rate: Tensor, noise: Tensor, weights: Tensor, gamma: Tensor, free: Tensor) => {
    const losses = (params: object) => {
      const found = objective(inversion, params as P, noise, weights, gamma, prior.nuisance && free); // the params that init made
      return [found.loss.sum(), found] as [Tensor, typeof found];
    };
    const [[, found], grads] = valueAndGrad(losses, { aux: true })(params);
    const descent = descentAt(() => rate);
    const { updates, state } = descent.update(grads, optimizer as Parameters<typeof descent.update>[1], params); // what init made
    const moved = applyUpdates(params, updates);
    return { params: moved, optimizer: state, average: mean.update(average as Parameters<typeof mean.update>[0], moved), found };
  };
  const run = jit(update, { reuse: true });
  const begin = async (rng: Random) => {
    const made = family.init(posteriors(inversion), rng.fold("family"), dtype);
    const params = candidates > 0 ? await place(inversion, made, candidates, rng.fold("candidates")) : made;
    return { params, optimizer: descentAt(1).init(params), average: mean.init(params) };
  };

  return {
    async init(rng) {
      const step = allocate("i32", []);
      return { step, ...(await begin(rng)), ...startPlateau(firstRate, J) };
    },
    async step(state, rng) {
      const { params, optimizer, average } = state;
      const step = ndarray(Int32Array.of(item(state.step) + 1), [], "i32");
      const { rate, skips, restarts } = planOf(state);
      if (skips >= mostSkips) {
        if (restarts >= mostRestarts)
          throw new UserError(
            `the loss is not finite, also after ${restarts} restarts with smaller steps`,
            "the classifier or the generator gives values that are no numbers: check their inputs' scale, or take --family gaussian",
          );
        return { state: { step, ...(await begin(rng)), ...restarted(state, firstRate, J) }, metrics: { rate } };
      }
      const { noise, weights } = points ?? drawnPoints(inversion, draws, rng, dtype);
      const free = prior.nuisance ? rng.normal([J, noise.shape[1], family.latent], dtype) : allocate(dtype, []);
      const { found, ...next } = await run({ params, optimizer, average }, rate, noise, weights, gamma, free);
      const losses = toNumbers(found.loss);
      const overGoals = (a: NdArray): number => toNumbers(a).reduce((sum, v) => sum + v / J, 0);
      const measured = losses.every(Number.isFinite) && {
        loss: overGoals(found.loss),
        nll: overGoals(found.nll),
        kl: overGoals(found.kl),
        accuracy: overGoals(found.hit),
      };
      return { state: { step, ...next, ...advance(state, losses, window) }, metrics: { ...measured, rate } };
    },
    done: (state) => planOf(state).converged,
    result: ({ average }) => (average as { average: object }).average, // see `ema`
  };
}
