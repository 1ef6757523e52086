/**
 * Simulate and match: a neural ordinary differential equation whose particles, integrated from each snapshot to the next, should form the
 * next one. What trajectory inference did before simulation-free losses; here to compare with.
 *
 *   loss = Σ_k S_ε(Φ_{k→k+1}(x_k), x_{k+1}) + α ∫ ½ E|v|² dt,   S_ε the Sinkhorn divergence of squared distances
 *
 * @source  Huguet et al., MIOFlow, NeurIPS 2022 (local training); Feydy et al., AISTATS 2019 (the divergence)
 */

import { item, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type Mlp, mlp } from "../../nn/index.ts";
import * as t from "../../tensor/index.ts";
import { concat, jit, scan, type Tensor, take } from "../../tensor/index.ts";
import { drawPath } from "../paths/batch.ts";
import type { Path } from "../paths/path.ts";
import { actionDefaults } from "./action-model.ts";
import { type Descending, descent, type Model, type TrainOptions, trainDefaults } from "./model.ts";
import { sinkhornDivergence } from "./sinkhorn-divergence.ts";

/** The network, its simulation and its training. */
export interface SimulateOptions extends TrainOptions {
  readonly layers?: number;
  readonly width?: number;
  /** Particles a snapshot; default 64. */
  readonly particles?: number;
  /** Heun steps an interval; default 4. */
  readonly solverSteps?: number;
  /** ε, in units of the training squared; default 0.1. */
  readonly epsilon?: number;
  /** α; default 0.01. */
  readonly energy?: number;
}

type Settings = Required<Omit<SimulateOptions, "threads">>;

/** A model by simulation. */
export function simulateAndMatch(path: Path, options: SimulateOptions = {}): Model<t.Arrays<Descending<Mlp>>, Mlp> {
  const o = {
    layers: actionDefaults.layers,
    width: actionDefaults.width,
    particles: 64,
    solverSteps: 4,
    epsilon: 0.1,
    energy: 0.01,
    ...trainDefaults,
    ...options,
  };
  const d = path.points.shape[1];
  const down = descent(o);
  const program = (state: Descending<Mlp>, points: Tensor, from: Tensor, to: Tensor) => {
    const [x0, target] = [take(points, from), take(points, to)];
    const { state: next, loss, aux } = down.step(state, (net: Mlp) => lossOf(net, path.times, x0, target, o));
    return { state: next, loss, match: aux };
  };
  const run = jit(program, { threads: o.threads });
  return {
    init: (rng) => down.init(mlp.init(rng, [d + 1, ...new Array<number>(o.layers).fill(o.width), d])),
    async step(state, rng) {
      const { from, to } = drawEnds(path, rng, o.particles);
      const { state: next, loss, match } = await run(state, path.points, from, to);
      return { state: next, metrics: { loss: item(loss), match: item(match) } };
    },
    average: (state) => state.average.average,
    dynamics: (params) => ({ drift: (time, x) => mlp.apply(params, concat([time, x], 1), "silu"), noise: 0 }),
    noise: 0,
  };
}

/**
 * The loss, and its part of the divergences: particles x0 of all snapshots but the last, interval by interval, and those that they should
 * form.
 */
function lossOf(net: Mlp, times: readonly number[], x0: Tensor, target: Tensor, o: Settings): [Tensor, Tensor] {
  const { particles, epsilon, energy } = o;
  const clouds = [times.length - 1, particles, x0.shape[1]];
  const { x, work } = simulated(net, times, x0, o);
  const match = sinkhornDivergence(x.reshape(clouds), target.reshape(clouds), epsilon).sum();
  return [match.add(work.mul(energy)), match];
}

/** Particles at the ends of their intervals, and ∫ ½ E|v|² dt on the way, by Heun's method in the time of each interval. */
function simulated(net: Mlp, times: readonly number[], x0: Tensor, { particles, solverSteps }: Settings): { x: Tensor; work: Tensor } {
  const rows = (times.length - 1) * particles;
  const perRow = (value: (k: number) => number): Tensor => {
    const values = Float32Array.from({ length: rows }, (_, i) => value(Math.floor(i / particles)));
    return t.constant(ndarray(values, [rows, 1], "f32"));
  };
  const [start, gap] = [perRow((k) => times[k]), perRow((k) => times[k + 1] - times[k])];
  const v = (u: Tensor, x: Tensor): Tensor => mlp.apply(net, concat([start.add(gap.mul(u)), x], 1), "silu").mul(gap);
  const h = 1 / solverSteps;
  const heun = ({ x, work }: { x: Tensor; work: Tensor }, k: Tensor) => {
    const k1 = v(k.mul(h), x);
    const k2 = v(k.add(1).mul(h), x.add(k1.mul(h)));
    const mean = k1.add(k2).mul(0.5);
    const spent = mean
      .square()
      .div(gap)
      .sum()
      .mul(h / 2 / particles);
    return { carry: { x: x.add(mean.mul(h)), work: work.add(spent) } };
  };
  return scan(heun, { x: x0, work: t.scalar(0, "f32") }, t.iota(solverSteps, "f32")).carry;
}

/** Independent rows of each snapshot and of the next, interval by interval. */
function drawEnds(path: Path, rng: Random, n: number): { from: NdArray; to: NdArray } {
  const rows = (shift: number): NdArray => {
    const data = path.times.slice(1).flatMap((_, k) => {
      const j = k + shift;
      const { first } = drawPath(
        {
          ...path,
          times: [0, 1],
          offsets: [0, path.offsets[j + 1] - path.offsets[j]],
          weights: [path.weights[j], undefined],
          couplings: [undefined],
        },
        rng,
        n,
      );
      return Array.from(first.data as Int32Array, (i) => i + path.offsets[j]);
    });
    return ndarray(Int32Array.from(data), [data.length], "i32");
  };
  return { from: rows(0), to: rows(1) };
}
