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
import { concat, jit, scan, stopGradient, type Tensor, take } from "../../tensor/index.ts";
import { drawPath } from "../paths/batch.ts";
import type { Path } from "../paths/path.ts";
import { actionDefaults } from "./match.ts";
import { type Descending, descent, type Model, type TrainOptions, trainDefaults } from "./model.ts";

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
  const [d, intervals] = [path.points.shape[1], path.times.length - 1];
  const down = descent(o);
  const gaps = path.times.slice(1).map((time, k) => time - path.times[k]);

  const program = (state: Descending<Mlp>, points: Tensor, from: Tensor, to: Tensor) => {
    const rows = intervals * o.particles;
    const perRow = (values: readonly number[]): Tensor =>
      t.constant(
        ndarray(
          Float32Array.from({ length: rows }, (_, i) => values[Math.floor(i / o.particles)]),
          [rows, 1],
          "f32",
        ),
      );
    const [start, gap] = [perRow(path.times.slice(0, -1)), perRow(gaps)];
    const [x0, target] = [take(points, from), take(points, to).reshape([intervals, o.particles, d])];
    const lossOf = (net: Mlp): [Tensor, Tensor] => {
      const v = (u: Tensor, x: Tensor): Tensor => mlp.apply(net, concat([start.add(gap.mul(u)), x], 1), "silu").mul(gap);
      const h = 1 / o.solverSteps;
      const heun = ({ x, work }: { x: Tensor; work: Tensor }, k: Tensor) => {
        const k1 = v(k.mul(h), x);
        const k2 = v(k.add(1).mul(h), x.add(k1.mul(h)));
        const mean = k1.add(k2).mul(0.5);
        return {
          carry: {
            x: x.add(mean.mul(h)),
            work: work.add(
              mean
                .square()
                .div(gap)
                .sum()
                .mul(h / 2 / o.particles),
            ),
          },
        };
      };
      const { carry } = scan(heun, { x: x0, work: t.scalar(0, "f32") }, t.iota(o.solverSteps, "f32"));
      const ends = carry.x.reshape([intervals, o.particles, d]);
      const match = sinkhornDivergence(ends, target, o.epsilon).sum();
      return [match.add(carry.work.mul(o.energy)), match];
    };
    const { state: next, loss, aux } = down.step(state, lossOf);
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

/**
 * OT_ε(x, y) - ½ OT_ε(x, x) - ½ OT_ε(y, y) of clouds of equal weights, [k, n, d] -> [k]. The plans are held fixed in derivatives, which by
 * the envelope theorem is exact at convergence.
 */
export function sinkhornDivergence(x: Tensor, y: Tensor, epsilon: number, sweeps = 20): Tensor {
  const cross = entropicCost(x, y, epsilon, sweeps);
  return cross.sub(
    entropicCost(x, x, epsilon, sweeps)
      .add(entropicCost(y, y, epsilon, sweeps))
      .mul(0.5),
  );
}

function entropicCost(x: Tensor, y: Tensor, epsilon: number, sweeps: number): Tensor {
  const n = x.shape[1];
  const costs = x
    .square()
    .sum(2, true)
    .add(y.square().sum(2).expandDims(1))
    .sub(x.matmul(y.transpose([0, 2, 1])).mul(2));
  const c = stopGradient(costs);
  const zero = c.sum(2).mul(0);
  const soft = (g: Tensor, axis: number): Tensor =>
    t
      .logsumexp(
        g
          .expandDims(axis === 2 ? 1 : 2)
          .sub(c)
          .div(epsilon),
        axis,
      )
      .sub(Math.log(n))
      .mul(-epsilon);
  const sweep = ({ f, g }: { f: Tensor; g: Tensor }) => {
    const next = soft(g, 2).add(f).mul(0.5); // averaged: symmetric problems converge at once
    return { carry: { f: next, g: soft(next, 1) } };
  };
  const { carry } = scan(sweep, { f: zero, g: zero }, sweeps);
  const f = soft(carry.g, 2);
  const log = f
    .expandDims(2)
    .add(carry.g.expandDims(1))
    .sub(c)
    .div(epsilon)
    .sub(2 * Math.log(n));
  const plan = stopGradient(t.exp(log));
  return plan.mul(costs).sum([1, 2]);
}
