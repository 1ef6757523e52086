/** What every learner of trajectories is: a training, and dynamics that its averaged parameters define. */

import { mapTree, type NdArray, type Random } from "../../array/index.ts";
import {
  adam,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  type EmaState,
  ema,
  flat,
  type Optimizer,
  type State,
  warmUpCosine,
} from "../../optim/index.ts";
import type { Mechanics } from "../../solve/index.ts";
import { type Feeds, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import type { Energies } from "../lagrangian/energy.ts";
import type { ScalarField, VectorField } from "../lagrangian/lagrangian.ts";
import type { ActionValue } from "./action-value.ts";
import type { Room } from "./room.ts";

/** How particles move: dX = drift dt + σ dW, d log w = growth dt. With noise, forward in time only, or backward only (dt < 0). */
export interface Dynamics {
  readonly drift: VectorField;
  readonly noise: number;
  /** σ(t) over `noise`, [B, 1] -> [B, 1]; absent: 1. */
  readonly noiseShape?: (t: Tensor) => Tensor;
  readonly growth?: ScalarField;
  /** The action s(t, x), for methods that have one. */
  readonly action?: ScalarField;
  /** The velocity of a noiseless flow with the same densities, for methods with noise that know it; it runs in both directions. */
  readonly flow?: VectorField;
  /** How places and velocities move together; `drift` is then the mean velocity of the particles at a place. */
  readonly mechanics?: PhaseDynamics;
}

/** Second-order motion, the energies that its accelerations come from, and the velocity of particles of which only the place is known. */
export interface PhaseDynamics extends Pick<Mechanics, "friction" | "noise"> {
  readonly energies: Energies;
  readonly launch: VectorField;
}

/**
 * A training. States S are trees of arrays, the whole of what a checkpoint must hold; parameters P are trees of tensors, of arrays outside
 * programs. Both are the learner's own affair: without types, a learner hides them and takes only what it has given.
 */
export interface Trainable<S = unknown, P = unknown> {
  init(rng: Random): S;
  /** One optimizer step; the stream gives the batch. */
  step(state: S, rng: Random): Promise<{ state: S; metrics: Readonly<Record<string, number>> }>;
  /** Averaged parameters. */
  average(state: S): Feeds<P>;
}

/** A learner of trajectories: its averaged parameters define dynamics. */
export interface Model<S = unknown, P = unknown> extends Trainable<S, P> {
  /** @param interval  one-hot row of the interval, for models with an action for each */
  dynamics(params: P, interval?: Tensor): Dynamics;
  /** σ of the dynamics. */
  readonly noise: number;
  /** The value of the action, over fresh batches, for models that have one. */
  value?(state: S, rng: Random, batches?: number): Promise<ActionValue>;
  /** What happened in the training that the user should know. */
  note?(state: S): string | undefined;
  /** Particles move from later to earlier times. */
  readonly backward?: boolean;
  /** Where particles are kept; absent: they may go anywhere. */
  readonly room?: Room;
  /** Particles have velocities of their own: dynamics have `mechanics`. */
  readonly phase?: true;
  /** The time at which velocities are known by place, so that what is predicted begins there; absent: at any snapshot. */
  readonly origin?: number;
  /** Times at which an action for each interval begins and ends; absent: one action for all times. */
  readonly knots?: readonly number[];
}

/** A model whose action has a value. */
export interface ValuedModel<S = unknown, P = unknown> extends Model<S, P> {
  value(state: S, rng: Random, batches?: number): Promise<ActionValue>;
}

/** What of a model moves particles. */
export type Mover<P = unknown> = Pick<Model<unknown, P>, "dynamics" | "noise" | "knots" | "backward" | "room" | "phase" | "origin">;

/** How parameters descend. */
export interface TrainOptions {
  readonly batch?: number;
  readonly steps?: number;
  readonly learningRate?: number;
  readonly warmUp?: number;
  /** Bound on the global norm of the gradient. */
  readonly clip?: number;
  readonly emaDecay?: number;
  readonly threads?: number;
}

/** The usual training. */
export const trainDefaults = { batch: 256, steps: 3000, learningRate: 1e-3, warmUp: 200, clip: 1, emaDecay: 0.995 } as const;

/** Parameters under training, the state of their optimizer, and their moving average; trees of T. */
export interface Descending<P, T = Tensor> {
  readonly params: P;
  readonly optimizer: State<T>;
  readonly average: { readonly average: P; readonly weight: T };
}

/** The way down of a loss. */
export interface Descent {
  init<A extends object>(params: A): Descending<A, NdArray>;
  /** One step of a loss with extra results, as a program; `rate` multiplies the learning rate. */
  step<P, A>(state: Descending<P>, loss: (params: P) => [Tensor, A], rate?: Tensor): { state: Descending<P>; loss: Tensor; aux: A };
}

/** Adam under a bound on the gradient, warm-up and cosine, and an average of the parameters. */
export function descent(o: Required<Omit<TrainOptions, "threads">>): Descent {
  const warm = Math.max(1, Math.min(o.warmUp, o.steps >> 1));
  const optimizer: Optimizer = flat(chain(clipByGlobalNorm(o.clip), adam(warmUpCosine(o.learningRate, warm, Math.max(2, o.steps)))));
  const averaging = ema(o.emaDecay);
  return {
    init: (params) => ({
      params,
      optimizer: optimizer.init(params),
      average: { average: params, weight: averaging.init(params).weight },
    }),
    step<P, A>(state: Descending<P>, loss: (params: P) => [Tensor, A], rate?: Tensor) {
      const [[value, aux], gradient] = valueAndGrad<[P], A>(loss, { aux: true })(state.params);
      const { updates, state: next } = optimizer.update(gradient, state.optimizer, state.params);
      const scaled = rate ? mapTree<P>((u: Tensor) => u.mul(rate), updates) : updates;
      const params = applyUpdates(state.params, scaled);
      // averages keep the tree of what they average, which the types of their states do not say
      const average = averaging.update(state.average as EmaState, params) as Descending<P>["average"];
      return { state: { params, optimizer: next, average }, loss: value, aux };
    },
  };
}
