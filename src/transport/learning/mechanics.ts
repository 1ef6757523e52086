/**
 * Second-order mechanics: particles with places and velocities in a potential that is learned from snapshots,
 *
 *   x'' = -∇V(x[, t]) - ∇(W*ρ) - γ x' [+ σ dW/dt],
 *
 * by simulation: gradients of the distances between simulated and observed clouds are carried back through the solver. Initial velocities
 * are a field v_0(x) that is learned too, or measured. What is learned is a law of motion, so that it goes on beyond the last snapshot and
 * moves populations that begin elsewhere.
 *
 * @source  Guan, Atanackovic & Neklyudov, A Call to Lagrangian Action (2026), on population mechanics; Chen et al., NeurIPS 2018, on
 *   gradients through solvers
 */
import { array, item, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type Arrays, jit, type Tensor, take } from "../../tensor/index.ts";
import { type Cloud, stacked } from "../paths/cloud.ts";
import { cumulate, findLevel } from "../paths/pairs.ts";
import { type MechanicsBatch, mechanicsLoss } from "./mechanics-loss.ts";
import {
  initMechanics,
  launchField,
  type MechanicsOptions,
  type MechanicsParams,
  type MechanicsSettings,
  meanVelocity,
  systemOf,
} from "./mechanics-system.ts";
import { type Descending, descent, type Model, trainDefaults } from "./model.ts";

/** Parameters on their way, and the number of steps made. */
interface MechanicsState<T = Tensor> extends Descending<MechanicsParams<T>, T> {
  readonly count: T;
}

export const mechanicsDefaults = {
  layers: 2,
  width: 64,
  energy: "one-body",
  friction: 0,
  noise: 0,
  particles: 64,
  learningRate: 1e-2,
  solverSteps: 6,
  forcePenalty: 1e-4,
} as const satisfies MechanicsOptions;

/** Part of the training in which the horizon grows to the last snapshot. */
const growing = 0.5;

/**
 * A model of the mechanics of snapshots.
 *
 * @param times   ascending
 * @param clouds  in units of the training; with velocities where they are measured, in all snapshots or in none
 * @throws RangeError  for fewer than two snapshots
 */
export function mechanics(
  times: readonly number[],
  clouds: readonly Cloud[],
  options: MechanicsOptions = {},
): Model<Arrays<MechanicsState>, MechanicsParams> {
  if (times.length < 2) throw new RangeError("mechanics: a motion needs two snapshots");
  const o = { ...trainDefaults, ...mechanicsDefaults, given: {}, ...options };
  const measured = clouds.every((c) => c.velocities !== undefined);
  const points = stacked(clouds.map((c) => c.points));
  const velocities = measured ? stacked(clouds.map((c) => c.velocities as NdArray<"f32">)) : undefined;
  const s: MechanicsSettings = { ...o, times, measured, speed: velocities ? rootMeanSquare(velocities) : 1 };
  const observed: Observed = { x: points, ...(velocities && { v: velocities }) };
  const d = points.shape[1];
  const down = descent(o);
  const run = jit(
    (state: MechanicsState, { x, v }: Observed<Tensor>, { rows, ...rest }: Draws<Tensor>) => {
      const batch: MechanicsBatch = { x: take(x, rows), ...(v && { v: take(v, rows) }), ...rest };
      const { state: next, loss, aux } = down.step(state, (params: MechanicsParams) => mechanicsLoss(params, batch, s));
      return { state: { ...next, count: state.count.add(1) }, loss, match: aux };
    },
    { threads: o.threads },
  );
  const draw = drawOf(clouds, o.particles, o.noise > 0 ? (times.length - 1) * o.solverSteps : 0);
  return {
    init: (rng) => ({ ...down.init(initMechanics(rng, d, s)), count: array(0) }),
    async step(state, rng) {
      const progress = item(state.count) / o.steps;
      const schedule = { weights: horizon(times.length, progress), penalty: array(penaltyAt(progress, o.forcePenalty)) };
      const { state: next, loss, match } = await run(state, observed, { ...draw(rng), ...schedule });
      return { state: next, metrics: { loss: item(loss), match: item(match) } };
    },
    average: (state) => state.average.average,
    dynamics: (params) => ({
      drift: meanVelocity(params),
      noise: 0,
      mechanics: { ...systemOf(params, s), launch: launchField(params, s) },
    }),
    noise: o.noise,
    phase: true,
    ...(!measured && { origin: times[0] }),
  };
}

/** Places of all snapshots, one below the other, and velocities where they are measured. */
interface Observed<T = NdArray> {
  readonly x: T;
  readonly v?: T;
}

/** What a step is given. */
interface Draws<T = NdArray> {
  /** Rows of all points, i32 [K n]. */
  readonly rows: T;
  readonly weights: T;
  readonly penalty: T;
  readonly z?: T;
}

/** Rows of each snapshot by their weights, and noise for so many steps. */
function drawOf(clouds: readonly Cloud[], n: number, steps: number): (rng: Random) => Omit<Draws, "weights" | "penalty"> {
  const sums = clouds.map(({ weights }) => weights && cumulate(weights));
  const sizes = clouds.map(({ points }) => points.shape[0]);
  const offsets = sizes.map((_, k) => sizes.slice(0, k).reduce((a, b) => a + b, 0));
  const d = clouds[0].points.shape[1];
  return (rng) => {
    const u = rng.uniform([clouds.length * n], "f64").data;
    const rows = Int32Array.from(u, (value, i) => {
      const k = Math.floor(i / n);
      const total = sums[k];
      const own = total ? findLevel(total, value * total[total.length - 1]) : Math.min(sizes[k] - 1, Math.floor(value * sizes[k]));
      return offsets[k] + own;
    });
    return { rows: ndarray(rows, [rows.length], "i32"), ...(steps > 0 && { z: rng.normal([steps, n, d]) }) };
  };
}

/**
 * Weights of the snapshots while the horizon grows: near ones are met first, and later ones from there. All at once, motions that are off
 * by a turn would have slopes toward the wrong turn.
 *
 * @param progress  steps made over those of the training
 */
export function horizon(K: number, progress: number): NdArray<"f32"> {
  const reach = 2 + (K - 1) * Math.min(1, progress / growing);
  return ndarray(
    Float32Array.from({ length: K - 1 }, (_, i) => Math.min(1, Math.max(0, reach - i - 1))),
    [K - 1],
    "f32",
  );
}

/** α where the training begins. */
const firstPenalty = 3e-2;

/**
 * α while the horizon grows, falling to its last value: of all motions that snapshots a while apart allow, those that turn least are met
 * first, and are left where the data ask for more.
 */
export const penaltyAt = (progress: number, last: number): number =>
  last + (Math.max(last, firstPenalty) - last) * Math.max(0, 1 - progress / growing);

const rootMeanSquare = ({ data }: NdArray): number => {
  const mean = (data as Float32Array).reduce((sum, v) => sum + v * v, 0) / data.length;
  return Math.sqrt(mean) || 1;
};
