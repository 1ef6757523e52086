/**
 * Wasserstein Lagrangian flows: the path of least action through snapshots, and its velocity. The action s and the path ρ (a generator)
 * play
 *
 *   S = inf_ρ sup_s  E_1[s_1] - E_0[s_0] - ∫ E_t[Λ_t] dt,
 *
 * s by descending the action-matching loss on the present path, ρ by ascending the residual Λ. At the saddle Λ = 0 on the path. With noise
 * σ the action is that of the Schrödinger bridge after its change of variable, Φ = s + (σ²/2) log ρ, which makes the objective linear in ρ
 * again. An energy of pairs U[ρ] = ½ ∬ W dρ dρ is subtracted from what the path minimises, whose ascent then follows Λ + W*ρ; at the saddle
 * Λ + W*ρ = 0.
 *
 * @source  Neklyudov et al., A Computational Framework for Solving Wasserstein Lagrangian Flows, ICML 2024, algorithm 1
 */

import { item, type NdArray, type Random } from "../../array/index.ts";
import { type Arrays, jit } from "../../tensor/index.ts";
import { type ActionOptions, type ActionParams, action, initAction } from "../lagrangian/action.ts";
import { type PairPotential, together } from "../lagrangian/interaction.ts";
import { exactLaplacian, freeMotion, type Lagrangian } from "../lagrangian/lagrangian.ts";
import { drawPath } from "../paths/batch.ts";
import { correctionBound, type GeneratorForm, type GeneratorOptions, initGenerator } from "../paths/generator.ts";
import type { Path } from "../paths/path.ts";
import { actionDefaults, actionDynamics } from "./action-model.ts";
import { meanValue } from "./action-value.ts";
import { type Guard, goBack, guardNote, initGuard, rateFactor, watch } from "./guard.ts";
import { descent, type TrainOptions, trainDefaults, type ValuedModel } from "./model.ts";
import { type Draws, type Game, type Players, saddleStep, saddleValue } from "./saddle.ts";

/** Both networks, their game and their training. */
export interface LagrangianFlowOptions extends ActionOptions, GeneratorOptions, TrainOptions {
  readonly lagrangian?: Lagrangian;
  /** "action" generalises better, "flow" has less variance. */
  readonly objective?: "action" | "flow";
  /** Steps of each particle up the residual before the action sees it, and their size. */
  readonly inner?: number;
  readonly innerStep?: number;
  /** W of an energy of pairs, U[ρ] = ½ ∬ W dρ dρ, which the action has beside V; the batch is a multiple of 16. */
  readonly interaction?: PairPotential;
  /** Learning rate of the generator over that of the action: well below 1, or the path runs away before the action reacts. */
  readonly rateRatio?: number;
}

const lagrangianFlowDefaults = {
  ...actionDefaults,
  ...trainDefaults,
  steps: 4000,
  generatorLayers: 2,
  generatorWidth: 128,
  objective: "action",
  inner: 5,
  innerStep: 0.02,
  rateRatio: 0.1,
} as const;

/** Both players and the watch over them. */
type FlowState = Arrays<Players> & { readonly guard: Guard<Arrays<Players>> };

/**
 * @param path  gives rows of neighbouring snapshots, times and masses; its shape and its curve must be linear. What is corrected are its straight
 *              lines,
 *              or, of pairs of unbalanced transport, their geodesics
 * @throws RangeError  for growth with a head that cannot represent it, and for curves
 */
export function lagrangianFlow(path: Path, options: LagrangianFlowOptions = {}): ValuedModel<FlowState, ActionParams> {
  const o = { ...lagrangianFlowDefaults, lagrangian: freeMotion, ...options };
  const { lagrangian: l, intervals } = o;
  if (l.growth > 0 && o.head !== "scalar") throw new RangeError(`lagrangianFlow: the head "${o.head}" cannot represent growth`);
  if (path.options.curve !== "linear") throw new RangeError("lagrangianFlow: corrects straight lines, not curves");
  if (o.interaction && o.batch % together !== 0)
    throw new RangeError(`lagrangianFlow: with an interaction, the batch must be a multiple of ${together}`);
  const d = path.points.shape[1];
  const duration = path.times[path.times.length - 1] - path.times[0];
  const players = { action: descent(o), path: descent({ ...o, learningRate: o.learningRate * o.rateRatio }) };
  const form: GeneratorForm = {
    growing: l.growth > 0,
    // the flow objective sees the path by its velocities alone, which know nothing of a jump
    switched: path.options.coupling === "independent" && o.objective === "action",
    bound: correctionBound(path.points),
  };
  const game: Game = { ...o, path, form, duration, players };
  const run = jit(saddleStep(game), { threads: o.threads });
  const evaluate = jit(saddleValue(game), { threads: o.threads });
  /** Learning has its own growth of the residual at first. */
  const settled = Math.max(1000, o.steps / 4);
  const draw = (rng: Random, batch: number): Draws => ({
    ...drawPath(path, rng, batch, undefined, o.interaction ? together : 1),
    ...(l.noise > 0 && d > exactLaplacian && { probe: rng.normal([batch, d]) }),
  });
  return {
    init(rng) {
      const [first, second] = rng.split(2);
      const both = {
        action: players.action.init(initAction(first, d, o)),
        path: players.path.init(initGenerator(second, d, form, o)),
      };
      return { ...both, guard: initGuard(both) };
    },
    async step(state, rng) {
      let now = playersOf(state);
      let { guard } = state;
      for (;;) {
        const { metrics, signs, state: next } = await run(now, path.points, draw(rng, o.batch), rateFactor(guard));
        const watched = watch(guard, itemsOf(signs), next, settled);
        if (watched) return { state: { ...next, guard: watched }, metrics: itemsOf(metrics) };
        ({ players: now, guard } = goBack(guard, runawayHint));
      }
    },
    note: (state) => guardNote(state.guard),
    average: (state) => state.action.average.average,
    dynamics: (params, interval) => actionDynamics(l, action(params, o.head, interval)),
    noise: l.noise,
    knots: intervals > 1 ? path.times : undefined,
    value: (state, rng, batches = 40) => meanValue(() => evaluate(playersOf(state), path.points, draw(rng, 512)), batches),
  };
}

const playersOf = ({ action: first, path }: FlowState): Arrays<Players> => ({ action: first, path });

const itemsOf = <K extends string>(results: Readonly<Record<K, NdArray>>): Record<K, number> =>
  Object.fromEntries(Object.entries<NdArray>(results).map(([k, v]) => [k, item(v)])) as Record<K, number>;

const runawayHint =
  "lower --rate-ratio or --learning-rate; with a potential or an interaction, look whether the interval between the snapshots is too " +
  "long for it (a force of -ω² x needs ω times the interval below π)";
