/**
 * Densities under a motion, by change of variables. Along dx/dt = v and d log w/dt = g, from a density q_0 at time 0,
 *
 *   log ρ_t(x_t) = log q_0(x_0) - ∫_0^t div v ds + ∫_0^t g ds,
 *
 * the density of mass relative to all mass at time 0; without growth it is that of probability.
 *
 * @source  Chen, Rubanova, Bettencourt & Duvenaud, NeurIPS 2018, theorem 1; Grathwohl et al., ICLR 2019 (one probe a trajectory)
 */

import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type IntegrateOptions, integrate } from "../../solve/index.ts";
import { concat, type Feeds, jit, sign, type Tensor } from "../../tensor/index.ts";
import { withDivergence } from "../lagrangian/divergence.ts";
import type { Dynamics, Mover } from "../learning/model.ts";
import { kept } from "../learning/room.ts";
import { type GaussianMixture, logMixture } from "./base-density.ts";
import { intervalRow, stages } from "./push.ts";

/** Largest dimension for which divergences are exact; above it, by a random probe. */
const exactDivergence = 5;

/** Particles that were carried along a flow. */
export interface Carried<T = Tensor> {
  /** Where particles were, or will be, [n, d]. */
  readonly x: T;
  /** ∫ div v dt and ∫ g dt on the way, [n]. */
  readonly divergence: T;
  readonly growth: T;
}

/**
 * Particles x [n, d] carried along the noiseless flow from times[0] to times[1], in either direction, with the integrals on their way.
 *
 * @param probe  signs [n, d], the same all the way; absent: exact divergences
 */
export function traceFlow(
  dynamics: Pick<Dynamics, "drift" | "flow" | "growth">,
  x: Tensor,
  times: Tensor,
  probe?: Tensor,
  how: Pick<IntegrateOptions, "solver" | "control"> = {},
): Carried {
  const [n, d] = x.shape;
  const v = dynamics.flow ?? dynamics.drift;
  const field = (time: Tensor, y: Tensor): Tensor => {
    const at = y.slice(null, [0, d]);
    const column = time.broadcastTo([n, 1]);
    const { value, divergence } = withDivergence(v, column, at, probe);
    const g = dynamics.growth ? dynamics.growth(column, at) : divergence.mul(0);
    return concat([value, divergence.expandDims(1), g.expandDims(1)], 1);
  };
  const none = x.slice(null, [0, 1]).mul(0);
  const end = integrate(field, concat([x, none, none], 1), times, { ...how, save: "end" }).states;
  return { x: end.slice(null, [0, d]), divergence: end.slice(null, d), growth: end.slice(null, d + 1) };
}

/** Densities at points. */
export interface Densities {
  /** log ρ_t at each point. */
  readonly logDensity: Float64Array;
  /** ∫ g dt from the base to each point: the logarithm of the mass of its particle relative to the start. */
  readonly logMass: Float64Array;
  /** Where each point was at the time of the base, [n, d]. */
  readonly origin: NdArray<"f32">;
}

/** Densities at points x [n, d] of time `time`, under the density `base` at time `from`. The stream gives the probes. */
export type DensityOf<P = unknown> = (
  params: Feeds<P>,
  base: GaussianMixture,
  x: NdArray<"f32">,
  time: number,
  from: number,
  rng: Random,
) => Promise<Densities>;

/** Rows of a run: bounds the memory of the mixture. */
const chunk = 1024;

/** The densities of a model, compiled once a shape. Units are those of the training. */
export function densities<P>({ dynamics, knots, room }: Mover<P>, threads?: number): DensityOf<P> {
  const trace = jit(
    (p: P, x: Tensor, times: Tensor, hot: Tensor, noise: Tensor) =>
      traceFlow(
        kept(dynamics(p, knots && hot), room, sign(times.slice(-1).sub(times.slice(0)))),
        x,
        times,
        x.shape[1] > exactDivergence ? sign(noise) : undefined,
      ),
    { threads },
  );
  const start = jit(logMixture, { threads });
  const some = async (params: Feeds<P>, base: GaussianMixture, x: NdArray<"f32">, time: number, from: number, rng: Random) => {
    const [n, d] = x.shape;
    const noise = rng.normal([n, d]);
    const sums = { divergence: new Float64Array(n), growth: new Float64Array(n) };
    let at = x;
    let origin: NdArray = x;
    for (const { from: a, to, interval } of time === from ? [] : stages(time, [from], knots)) {
      const ends = ndarray(Float32Array.of(a, to[to.length - 1]), [2], "f32");
      const part = await trace(params, at, ends, intervalRow(knots, interval), noise);
      for (const name of ["divergence", "growth"] as const) for (let i = 0; i < n; i++) sums[name][i] += Number(part[name].data[i]);
      origin = part.x;
      at = part.x as NdArray<"f32">;
    }
    return { origin, sums, first: await start(base, origin) };
  };
  return async (params, base, x, time, from, rng) => {
    const [n, d] = x.shape;
    const out = { logDensity: new Float64Array(n), logMass: new Float64Array(n), origin: ndarray(new Float32Array(n * d), [n, d], "f32") };
    const rows = Math.min(n, chunk);
    for (let done = 0; done < n; done += rows) {
      // the last run takes rows again that an earlier one had, so that all have one shape
      const first = Math.min(done, n - rows);
      const part = ndarray(x.data.slice(first * d, (first + rows) * d), [rows, d], "f32");
      const { origin, sums, first: log } = await some(params, base, part, time, from, rng);
      out.origin.data.set(origin.data as Float32Array, first * d);
      // sums run from `time` back to `from`: minus the integrals forward
      for (let i = 0; i < rows; i++) {
        out.logMass[first + i] = -sums.growth[i];
        out.logDensity[first + i] = Number(log.data[i]) + sums.divergence[i] - sums.growth[i];
      }
    }
    return out;
  };
}
