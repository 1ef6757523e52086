/** What a trained model says about the data: particles in time, fields at the cells, fates. In the user's units. */

import { type NdArray, ndarray, type Random, toNumbers } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { UserError } from "../../errors.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import {
  type Cloud,
  effectiveShare,
  type FateMatrix,
  fateMatrix,
  type Model,
  meanWeight,
  membership,
  type Parameters,
  type Particles,
  type Push,
  unwhiten,
} from "../../transport/index.ts";
import type { Prepared } from "./prepare.ts";

export interface Trained {
  readonly model: Model;
  readonly push: Push;
  readonly params: Parameters;
}

/** The particles of a snapshot, with weights of mean one. */
export function particlesOf({ points, weights }: Cloud): Required<Particles> {
  const n = points.shape[0];
  const mean = weights ? Array.from(weights).reduce((a, b) => a + b, 0) / n : 1;
  return {
    x: points,
    logWeight: ndarray(
      Float32Array.from({ length: n }, (_, i) => (weights ? Math.log(weights[i] / mean) : 0)),
      [n],
      "f32",
    ),
  };
}

/** The particles of the first snapshot at one time, with their weights, at the start of mean one. */
export interface Frame {
  readonly time: number;
  /** In the user's features. */
  readonly cloud: NdArray<"f32">;
  readonly inner: NdArray<"f32">;
  readonly logWeight: NdArray<"f32">;
}

/** Frames between neighbouring snapshots. */
const perInterval = 10;

/** @throws UserError  if the motion does not stay finite */
export async function frames(
  { push, params }: Trained,
  data: Population,
  { units, clouds, times }: Prepared,
  rng: Random,
): Promise<Frame[]> {
  const steps = (all: readonly number[]): number[] =>
    all.slice(1).flatMap((t, k) => Array.from({ length: perInterval }, (_, i) => all[k] + ((t - all[k]) * (i + 1)) / perInterval));
  const [first] = clouds;
  const particles = particlesOf(first);
  const moved = await push(params, particles, times[0], steps(times), { rng });
  if (!moved.clouds.every((c) => c.x.data.every(Number.isFinite)))
    throw new UserError("the trajectories do not stay finite", "train longer, or lower --learning-rate");
  const shown = steps(data.times);
  const start = { time: data.times[0], cloud: data.snapshots[0], inner: first.points, logWeight: particles.logWeight };
  return [start, ...moved.clouds.map((c, i) => ({ time: shown[i], cloud: unwhiten(units, c.x), inner: c.x, logWeight: c.logWeight }))];
}

/** Particles of the first snapshot that tell the solver's error. */
const probes = 500;

/**
 * Root mean square error of the places of particles moved through all times, in units of the training: how far those that are moved there and back end from where
 * they began; with noise, how far paths with one Brownian motion are apart when the steps are halved.
 */
export async function solverError({ model, push, params }: Trained, { clouds, times }: Prepared, rng: Random): Promise<number> {
  const { data, shape } = clouds[0].points;
  const n = Math.min(probes, shape[0]);
  const x = ndarray(data.slice(0, n * shape[1]), [n, shape[1]], "f32");
  const [start, end] = [times[0], times[times.length - 1]];
  const move = async (from: number, to: number, particles: { x: NdArray<"f32"> }, pair?: "coarse" | "fine") =>
    (await push(params, particles, from, [to], { rng: rng.fold("pair"), pair })).clouds[0];
  const [a, b] =
    model.noise > 0
      ? [await move(start, end, { x }, "coarse"), await move(start, end, { x }, "fine")]
      : [{ x }, await move(end, start, await move(start, end, { x }))];
  const square = a.x.data.reduce((s, v, i) => s + (v - b.x.data[i]) ** 2, 0);
  return Math.sqrt(square / n);
}

/** Total mass at each frame, relative to the first snapshot, and the effective part of the particles. */
export const massCurve = (all: readonly Frame[]) =>
  all.map(({ time, logWeight }) => ({ time, mass: meanWeight(logWeight), effective: effectiveShare(logWeight) }));

/** Fields at the particles of the snapshots. */
export interface Fields {
  /** Velocity in features a unit of time, [n, d], and in units of the training. */
  readonly velocity: NdArray<"f32">;
  /** Growth rate a unit of time, [n]; methods with growth only. */
  readonly growth?: Float64Array;
  /** Action, [n], up to a constant at each time; methods with an action only. */
  readonly action?: Float64Array;
}

/** The fields of a model as one program. */
export function fieldsProgram(model: Model) {
  return jit((p: Parameters<Tensor>, t: Tensor, x: Tensor, hot: Tensor) => {
    const { drift, growth, action } = model.dynamics(p, model.knots && hot);
    return { velocity: drift(t, x), ...(growth && { growth: growth(t, x) }), ...(action && { action: action(t, x) }) };
  });
}

export async function fieldsAt(
  { model, params }: Trained,
  run: ReturnType<typeof fieldsProgram>,
  { units }: Prepared,
  inner: NdArray<"f32">,
  time: number,
): Promise<Fields> {
  const [n, d] = inner.shape;
  const hot = new Float32Array(model.knots ? model.knots.length - 1 : 1);
  hot[model.knots ? Math.min(hot.length - 1, model.knots.slice(1, -1).filter((k) => k <= time).length) : 0] = 1;
  const t = ndarray(new Float32Array(n).fill(time), [n, 1], "f32");
  const out = (await run(params, t, inner, ndarray(hot, [1, hot.length], "f32"))) as Record<string, NdArray>;
  const velocity = (out.velocity.data as Float32Array<ArrayBuffer>).map((v, i) => (v * units.deviation[i % d]) / units.interval);
  return {
    velocity: ndarray(velocity, [n, d], "f32"),
    ...(out.growth && { growth: Float64Array.from(toNumbers(out.growth), (g) => g / units.interval) }),
    ...(out.action && { action: Float64Array.from(toNumbers(out.action)) }),
  };
}

export interface Fates {
  readonly names: readonly string[];
  /** Of each particle of each snapshot, [n_k, names]. */
  readonly perSnapshot: readonly Float64Array[];
  /** From groups of the first snapshot. */
  readonly matrix: FateMatrix;
}

/** Where every particle ends: groups among its nearest neighbours in the last snapshot, after it was moved there. With noise, the mean of 20 futures. */
export async function fates(
  { model, push, params }: Trained,
  data: Population,
  { clouds, times }: Prepared,
  rng: Random,
): Promise<Fates | undefined> {
  if (!data.groups) return undefined;
  const last = data.groups.length - 1;
  const reference = { ...clouds[last], groups: data.groups[last] };
  const names = [...new Set(data.groups[last])].sort();
  const repeats = model.noise > 0 ? 20 : 1;
  const perSnapshot: Float64Array[] = [];
  let weights: ArrayLike<number> = [];
  for (let k = 0; k <= last; k++) {
    const total = new Float64Array(clouds[k].points.shape[0] * names.length);
    for (let r = 0; r < repeats; r++) {
      const moved = k === last ? undefined : (await push(params, particlesOf(clouds[k]), times[k], [times[last]], { rng })).clouds[0];
      if (k === 0 && moved) weights = moved.logWeight.data.map(Math.exp);
      membership(moved?.x ?? clouds[k].points, reference, names).forEach((p, i) => void (total[i] += p / repeats));
      if (k === last) {
        total.forEach((v, i) => void (total[i] = v * repeats));
        break;
      }
    }
    perSnapshot.push(total);
  }
  return {
    names,
    perSnapshot,
    matrix: fateMatrix(data.groups[0], names, perSnapshot[0], weights, particlesOf(clouds[0]).logWeight.data.map(Math.exp)),
  };
}
