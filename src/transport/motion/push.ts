/** Particles moved by dynamics: an ordinary differential equation, or a stochastic one, with weights that grow and decay. */

import { item, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { integrate } from "../../solve/index.ts";
import { type Feeds, jit, sign, type Tensor } from "../../tensor/index.ts";
import type { Dynamics, Mover } from "../learning/model.ts";
import { kept } from "../learning/room.ts";
import { joined, type Particles, parted } from "./particles.ts";
import { marched, rates } from "./rates.ts";

/** How particles are moved. */
export interface PushOptions {
  /** Where the noise comes from; needed by dynamics with noise. */
  readonly rng?: Random;
  /** Steps a unit of time of Euler–Maruyama; default 100. */
  readonly stepsPerUnit?: number;
  /**
   * One of two paths with the same Brownian motion: "fine" takes twice as many steps as "coarse". Their distance is the error of the steps.
   */
  readonly pair?: "coarse" | "fine";
  /** Follow the noiseless flow with the same densities, where the dynamics know it. */
  readonly flow?: boolean;
}

/** Particles that were moved. */
export interface Pushed {
  /** Clouds at each time asked for. */
  readonly clouds: readonly Required<Particles>[];
  /** Evaluations of the velocity. */
  readonly evaluations: number;
}

/** Moves particles of time `from` to each of `to` (monotone in either direction, times of the training). */
export type Push<P = unknown> = (
  params: Feeds<P>,
  particles: Particles,
  from: number,
  to: readonly number[],
  options?: PushOptions,
) => Promise<Pushed>;

/** What of a model moves particles, its compiled mover, and the parameters that it was trained to. */
export interface TrainedModel<P = unknown> {
  readonly model: Mover<P>;
  readonly push: Push<P>;
  readonly params: Feeds<P>;
}

/** The mover of a model, compiled once a shape. */
export function pusher<P>({ dynamics, knots, noise: sigma, backward = false, room }: Mover<P>, threads?: number): Push<P> {
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
    const clouds: Required<Particles>[] = [];
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
        const z = pair === "coarse" ? summed(rng.normal([2 * steps, n, d])) : rng.normal([steps, n, d]);
        state = (await noisy(params, state, h, at, z, hot)) as NdArray<"f32">;
        evaluations += steps;
        at = next;
        if (stage.wanted[i]) clouds.push(parted(state, logWeight));
      }
    }
    return { clouds, evaluations };
  };
}

/** Normal noise of steps twice as long: (z_2k + z_2k+1) / √2. */
function summed({ data, shape: [steps, n, d] }: NdArray<"f32">): NdArray<"f32"> {
  const size = n * d;
  const half = new Float32Array((steps / 2) * size);
  for (let i = 0; i < half.length; i++) {
    const at = 2 * size * Math.floor(i / size) + (i % size);
    half[i] = (data[at] + data[at + size]) * Math.SQRT1_2;
  }
  return ndarray(half, [steps / 2, n, d], "f32");
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
