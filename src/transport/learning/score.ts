/**
 * Score matching and annealed Langevin dynamics: what a population's recorded times allow without a model of its motion. A network learns
 * the scores ∇ log q_t, and particles follow the densities by a few Langevin steps at each time. A sampler, not a motion: to compare action
 * matching with.
 *
 * @source  Hyvärinen, JMLR 6 (2005), eq. 4; Song, Garg, Shi & Ermon, UAI 2019, eq. 8 (sliced, with the variance-reduced second term);
 *          Neklyudov et al., Action Matching, ICML 2023, section 5.3 (as a baseline)
 */

import { item, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type Mlp, mlp } from "../../nn/index.ts";
import { type Arrays, concat, type Feeds, jit, scan, sign, sqrt, type Tensor, take } from "../../tensor/index.ts";
import { withDivergence } from "../lagrangian/divergence.ts";
import type { VectorField } from "../lagrangian/lagrangian.ts";
import { actionDefaults } from "./action-model.ts";
import { type Descending, descent, type Trainable, type TrainOptions, trainDefaults } from "./model.ts";
import { drawRecorded, type RecordedBatch, type Recording } from "./recorded.ts";

/**
 * ½ |v|² + div v of each sample, [B]: for samples of density q its mean is ½ E|v - ∇ log q|² - ½ E|∇ log q|².
 *
 * @param probe  signs [B, d], for the sliced loss; absent: the exact trace
 */
export function scoreLoss(v: VectorField, t: Tensor, x: Tensor, probe?: Tensor): Tensor {
  const { value, divergence } = withDivergence(v, t, x, probe);
  return value.square().sum(1).mul(0.5).add(divergence);
}

/** The network, its loss and its training. */
export interface ScoreOptions extends TrainOptions {
  readonly layers?: number;
  readonly width?: number;
  /** The exact trace of the Jacobian in d forward derivatives, or one random probe a sample; default: exact. */
  readonly trace?: "exact" | "sliced";
}

/** A learner of scores: trained like a `Model`, but without a motion. */
export interface ScoreModel<S = unknown, P = unknown> extends Trainable<S, P> {
  /** ∇ log q_t. */
  score(params: P): VectorField;
}

const network =
  (net: Mlp): VectorField =>
  (t, x) =>
    mlp.apply(net, concat([t, x], 1), "silu");

/** Scores of a recording's times. */
export function scoreMatching(recording: Recording, options: ScoreOptions = {}): ScoreModel<Arrays<Descending<Mlp>>, Mlp> {
  const { layers, width } = actionDefaults;
  const o = { layers, width, trace: "exact", ...trainDefaults, ...options } as const;
  const d = recording.points.shape[1];
  const down = descent(o);
  type Draws<T = NdArray> = RecordedBatch<T> & { readonly probe?: T };
  const program = (state: Descending<Mlp>, points: Tensor, { t, row, probe }: Draws<Tensor>) => {
    const { state: next, loss } = down.step(state, (net: Mlp) => {
      const terms = scoreLoss(network(net), t, take(points, row), probe && sign(probe));
      return [terms.mean(), terms];
    });
    return { state: next, loss };
  };
  const run = jit(program, { threads: o.threads });
  return {
    init: (rng) => down.init(mlp.init(rng, [d + 1, ...new Array<number>(o.layers).fill(o.width), d])),
    async step(state, rng) {
      const probe = o.trace === "sliced" && { probe: rng.normal([o.batch, d]) };
      const { state: next, loss } = await run(state, recording.points, { ...drawRecorded(recording, rng, o.batch), ...probe });
      return { state: next, metrics: { loss: item(loss) } };
    },
    average: (state) => state.average.average,
    score: network,
  };
}

/** Steps of Langevin dynamics. */
export interface LangevinOptions {
  /** ε, in units of x squared; of a time, where it is not the same at all. */
  readonly stepSize: number | ((time: number) => number);
  /** Langevin steps at each time. */
  readonly inner: number;
  /** Times between neighbours of those asked for. */
  readonly steps: number;
  readonly rng: Random;
}

/** Particles [n, d] of time `from` carried to each of `to`, and how often the score was evaluated. */
export type Anneal<P = unknown> = (
  params: Feeds<P>,
  x: NdArray<"f32">,
  from: number,
  to: readonly number[],
  options: LangevinOptions,
) => Promise<{ clouds: NdArray<"f32">[]; evaluations: number }>;

/**
 * Annealed Langevin dynamics, compiled once a shape. At each time in turn, `inner` times: x ← x + ½ ε v(t, x) + √ε ξ with ξ ~ N(0, 1).
 *
 * With the true scores the density of the particles is q_t in the limit of small ε and many steps, in that order of precision: the
 * particles lag behind by what the density changes in the time that Langevin dynamics need to mix, and a step of size ε has a bias of order
 * ε.
 *
 * @param score  ∇ log q_t from parameters; known scores ignore them
 */
export function annealer<P>(score: (params: P) => VectorField, threads?: number): Anneal<P> {
  const run = jit(
    (params: P, start: Tensor, times: Tensor, sizes: Tensor, noise: Tensor) => {
      const v = score(params);
      const level = (x: Tensor, { t, size, xi }: { t: Tensor; size: Tensor; xi: Tensor }) => {
        const column = t.broadcastTo([x.shape[0], 1]);
        const step = (at: Tensor, e: Tensor) => ({ carry: at.add(v(column, at).mul(size.mul(0.5))).add(e.mul(sqrt(size))) });
        return { carry: scan(step, x, xi).carry };
      };
      return scan(level, start, { t: times, size: sizes, xi: noise }).carry;
    },
    { threads },
  );
  return async (params, start, from, to, { stepSize, inner, steps, rng }) => {
    const [n, d] = start.shape;
    const clouds: NdArray<"f32">[] = [];
    let [x, at] = [start, from];
    for (const next of to) {
      const times = Float32Array.from({ length: steps }, (_, k) => at + ((next - at) * (k + 1)) / steps);
      const sizes = times.map((time) => (typeof stepSize === "number" ? stepSize : stepSize(time)));
      const row = (values: Float32Array<ArrayBuffer>) => ndarray(values, [steps], "f32");
      x = (await run(params, x, row(times), row(sizes), rng.normal([steps, inner, n, d]))) as NdArray<"f32">;
      clouds.push(x);
      at = next;
    }
    return { clouds, evaluations: to.length * steps * inner };
  };
}
