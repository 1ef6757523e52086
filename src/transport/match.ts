/** Action matching as a training: state is plain data, a step is one compiled program. */
import {
  adam,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  type Ema,
  type EmaState,
  ema,
  type Optimizer,
  type State,
  warmUpCosine,
} from "../optim/index.ts";
import { item, jit, type NdArray, type Random, type Tensor, take, valueAndGrad } from "../tensor/index.ts";
import { type ActionOptions, type ActionParams, action, initAction, velocity } from "./action.ts";
import { type Coupling, drawPath, type Interpolant, interpolant, type PathBatch, pathPoints } from "./interpolant.ts";
import { actionLoss, flowLoss } from "./losses.ts";
import { solveAdaptive } from "./solve.ts";

export interface MatchOptions extends ActionOptions {
  /** "flow" uses the velocities of the interpolant (less variance), "action" only samples of the path. */
  readonly objective?: "flow" | "action";
  readonly coupling?: Coupling;
  readonly batch?: number;
  readonly steps?: number;
  readonly learningRate?: number;
  readonly warmUp?: number;
  /** Bound on the global norm of the gradient. */
  readonly clip?: number;
  readonly emaDecay?: number;
  readonly threads?: number;
}

export const matchDefaults = {
  objective: "flow",
  coupling: "ot",
  batch: 256,
  steps: 3000,
  learningRate: 1e-3,
  warmUp: 200,
  clip: 1,
  emaDecay: 0.995,
  layers: 3,
  width: 128,
} as const satisfies MatchOptions;

export interface MatchState<T = NdArray> {
  readonly params: ActionParams<T>;
  readonly optimizer: State<T>;
  readonly average: EmaState<T>;
}

/** Snapshots in the units of the training: whitened coordinates, times of unit mean interval. */
export interface Units {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly start: number;
  readonly interval: number;
}

/** Means and standard deviations over all snapshots, and the mean interval between times. */
export function unitsOf(times: readonly number[], snapshots: readonly NdArray<"f32">[]): Units {
  const d = snapshots[0].shape[1];
  const count = snapshots.reduce((n, s) => n + s.shape[0], 0);
  const moment = (f: (x: number, j: number) => number): number[] => {
    const sums = new Array<number>(d).fill(0);
    for (const s of snapshots) for (let i = 0; i < s.data.length; i++) sums[i % d] += f(s.data[i], i % d);
    return sums.map((v) => v / count);
  };
  const mean = moment((x) => x);
  const deviation = moment((x, j) => (x - mean[j]) ** 2).map(Math.sqrt);
  return { mean, deviation, start: times[0], interval: (times[times.length - 1] - times[0]) / (times.length - 1) };
}

/** Coordinates in units of the training, or back. */
export function whiten({ mean, deviation }: Units, x: NdArray<"f32">): NdArray<"f32"> {
  return { ...x, data: x.data.map((v, i) => (v - mean[i % mean.length]) / deviation[i % mean.length]) };
}
export function unwhiten({ mean, deviation }: Units, x: NdArray): NdArray<"f32"> {
  const d = mean.length;
  return {
    dtype: "f32",
    shape: x.shape,
    data: (x.data as Float32Array<ArrayBuffer>).map((v, i) => v * deviation[i % d] + mean[i % d]),
  };
}
export const innerTime = ({ start, interval }: Units, t: number): number => (t - start) / interval;

export interface Matching {
  readonly path: Interpolant;
  init(rng: Random): MatchState;
  /** One optimizer step; the stream gives the batch. */
  step(state: MatchState, rng: Random): Promise<{ state: MatchState; metrics: { readonly loss: number } }>;
  /** Particles [n, d] of time `from` moved to each of `to` (times of the training), with the averaged parameters. */
  push(state: MatchState, x: NdArray, from: number, to: readonly number[]): Promise<{ states: NdArray; evaluations: number }>;
}

/**
 * Action matching of snapshots in the units of the training.
 *
 * @param times      ascending
 * @param snapshots  [n_k, d]
 */
export function matching(times: readonly number[], snapshots: readonly NdArray<"f32">[], options: MatchOptions = {}): Matching {
  const o = { ...matchDefaults, ...options };
  const path = interpolant(times, snapshots, o.coupling);
  const span = [times[0], times[times.length - 1]] as const;
  const d = snapshots[0].shape[1];
  const optimizer = chain(
    clipByGlobalNorm(o.clip),
    adam(warmUpCosine(o.learningRate, Math.min(o.warmUp, o.steps >> 1), o.steps)),
  );
  const averaging = ema(o.emaDecay);
  const program = stepProgram(optimizer, averaging, o.objective, span);
  const run = jit(program, { threads: options.threads });
  const move = jit(
    (params: ActionParams, x: Tensor, at: Tensor) => {
      const v = velocity(action(params));
      const { states, evaluations } = solveAdaptive((t, y) => v(t.broadcastTo([y.shape[0], 1]), y), x, at);
      return { states, evaluations };
    },
    { threads: options.threads },
  );
  return {
    path,
    init(rng) {
      const params = initAction(rng, d, o);
      return { params, optimizer: optimizer.init(params), average: averaging.init(params) };
    },
    async step(state, rng) {
      const batch = drawPath(path, rng, o.batch);
      const ends = drawEnds(path, rng, o.batch);
      const { loss, state: next } = await run(state, path.points, batch, ends);
      return { state: next as MatchState, metrics: { loss: item(loss) } };
    },
    async push({ average }, x, from, to) {
      const at: NdArray = { dtype: "f32", shape: [to.length + 1], data: Float32Array.of(from, ...to) };
      const { states, evaluations } = await move(average.average as unknown as ActionParams<NdArray>, x, at);
      return { states, evaluations: item(evaluations) };
    },
  };
}

/** Rows of the first and the last snapshot, for the boundary terms of the action objective. */
interface Ends<T = NdArray> {
  readonly first: T;
  readonly last: T;
}

function drawEnds({ offsets }: Interpolant, rng: Random, batch: number): Ends {
  const k = offsets.length - 2;
  return { first: rng.integers(0, offsets[1], [batch]), last: rng.integers(offsets[k], offsets[k + 1], [batch]) };
}

function stepProgram(optimizer: Optimizer, averaging: Ema, objective: "flow" | "action", span: readonly [number, number]) {
  return (
    state: MatchState<Tensor>,
    points: Tensor,
    batch: PathBatch<Tensor>,
    ends: Ends<Tensor>,
  ): { state: MatchState<Tensor>; loss: Tensor } => {
    const { x, v } = pathPoints(points, batch);
    const lossOf = (params: ActionParams): Tensor => {
      const s = action(params);
      if (objective === "flow") return flowLoss(s, batch.t, x, v, span);
      return actionLoss(s, { first: take(points, ends.first), last: take(points, ends.last), t: batch.t, x }, span);
    };
    const [loss, gradient] = valueAndGrad(lossOf)(state.params);
    const { updates, state: next } = optimizer.update(gradient, state.optimizer, state.params);
    const params = applyUpdates(state.params, updates);
    return { state: { params, optimizer: next, average: averaging.update(state.average, params) }, loss };
  };
}
