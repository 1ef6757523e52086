/** Particles moved by dynamics: an ordinary differential equation, or a stochastic one, with weights that grow and decay. */

import { item, type NdArray, ndarray } from "../../array/index.ts";
import { integrate } from "../../solve/index.ts";
import { type Feeds, jit, sign, type Tensor } from "../../tensor/index.ts";
import type { Dynamics, Mover } from "../learning/model.ts";
import { kept } from "../learning/room.ts";
import { joined, parted, type WeightedParticles } from "./particles.ts";
import { phasePusher } from "./phase.ts";
import { type Push, stepNoise } from "./pushing.ts";
import { marched, rates } from "./rates.ts";

/** What of a model moves particles, its compiled mover, and the parameters that it was trained to. */
export interface TrainedModel<P = unknown> {
  readonly model: Mover<P>;
  readonly push: Push<P>;
  readonly params: Feeds<P>;
}

/** The mover of a model, compiled once a shape. */
export function pusher<P>(model: Mover<P>, threads?: number): Push<P> {
  return model.phase ? phasePusher(model, threads) : placePusher(model, threads);
}

function placePusher<P>({ dynamics, knots, noise: sigma, backward = false, room }: Mover<P>, threads?: number): Push<P> {
  const compile = (flow: boolean) => ({
    smooth: jit(
      (p: P, y: Tensor, at: Tensor, k: Tensor) =>
        smoothly(kept(dynamics(p, knots && k), room, sign(at.slice(-1).sub(at.slice(0)))), y, at, flow),
      { threads },
    ),
    noisy: jit(
      (p: P, y: Tensor, h: Tensor, start: Tensor, z: Tensor, k: Tensor) =>
        marched(kept(dynamics(p, knots && k), room, sign(h)), y, start, h, z),
      { threads },
    ),
  });
  const programs = [compile(false), compile(true)];
  return async (params, { x, logWeight }, from, to, { rng, stepsPerUnit = 100, pair, flow = false } = {}) => {
    const [n, d] = x.shape;
    let state = joined(x);
    const clouds: WeightedParticles[] = [];
    let evaluations = 0;
    const { smooth, noisy } = programs[flow ? 1 : 0];
    const noise = flow ? 0 : sigma;
    for (const stage of stages(from, to, knots)) {
      const hot = intervalRow(knots, stage.interval);
      const times = ndarray(Float32Array.of(stage.from, ...stage.to), [stage.to.length + 1], "f32");
      if (noise === 0) {
        const { states, evaluations: count } = await smooth(params, state, times, hot);
        evaluations += item(count);
        const size = n * (d + 1);
        stage.to.forEach((_, i) => {
          state = ndarray((states.data as Float32Array<ArrayBuffer>).slice(i * size, (i + 1) * size), [n, d + 1], "f32");
          if (stage.wanted[i]) clouds.push(parted(state, logWeight));
        });
        continue;
      }
      if (!rng) throw new Error("push: dynamics with noise need a stream of random numbers");
      let at = stage.from;
      for (const [i, next] of stage.to.entries()) {
        const steps = Math.max(1, Math.ceil(Math.abs(next - at) * stepsPerUnit)) * (pair === "fine" ? 2 : 1);
        const h = (next - at) / steps;
        if (backward ? h > 0 : h < 0) throw new Error(`push: these dynamics have noise and run ${backward ? "backward" : "forward"} only`);
        const z = stepNoise(rng, [steps, n, d], pair);
        state = (await noisy(params, state, h, at, z, hot)) as NdArray<"f32">;
        evaluations += steps;
        at = next;
        if (stage.wanted[i]) clouds.push(parted(state, logWeight));
      }
    }
    return { clouds, evaluations };
  };
}

/** [x, log w] moved without noise. */
function smoothly({ drift, growth, flow }: Dynamics, state: Tensor, at: Tensor, useFlow: boolean) {
  const { states, evaluations } = integrate(rates({ drift: (useFlow && flow) || drift, growth }), state, at);
  return { states, evaluations };
}

interface Stage {
  readonly from: number;
  readonly to: number[];
  /** Was this time asked for, or is it only a knot on the way? */
  readonly wanted: boolean[];
  readonly interval: number;
}

/** Pieces of an integration between the knots of a model with an action for each interval; else one piece. */
export function stages(from: number, to: readonly number[], knots?: readonly number[]): Stage[] {
  if (!knots) return [{ from, to: [...to], wanted: to.map(() => true), interval: 0 }];
  const forward = to[to.length - 1] >= from;
  const inner = knots.slice(1, -1);
  const result: Stage[] = [];
  let at = from;
  for (const time of to) {
    const between = inner.filter((k) => (forward ? k > at && k < time : k < at && k > time));
    for (const next of [...(forward ? between : between.reverse()), time]) {
      const interval = inner.filter((k) => k <= (at + next) / 2).length;
      const current = result[result.length - 1];
      const wanted = next === time;
      if (current?.interval === interval) {
        current.to.push(next);
        current.wanted.push(wanted);
      } else result.push({ from: at, to: [next], wanted: [wanted], interval });
      at = next;
    }
  }
  return result;
}

/** The interval as a row [1, intervals], for a model with an action for each. */
export function intervalRow(knots: readonly number[] | undefined, interval: number): NdArray<"f32"> {
  const row = new Float32Array(knots ? knots.length - 1 : 1);
  row[interval] = 1;
  return ndarray(row, [1, row.length], "f32");
}
