/** The first snapshot moved through all times, as a film. */

import type { NdArray, Random } from "../../array/index.ts";
import type { Snapshots } from "../../data/snapshots.ts";
import { UserError } from "../../errors.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import { unwhiten } from "../paths/units.ts";
import { effectiveShare, meanWeight, particlesOf, type WeightedParticles } from "./particles.ts";
import type { TrainedModel } from "./push.ts";

/** The particles of the first snapshot at one time, with their weights, at the start of mean one. */
export interface Frame {
  readonly time: number;
  /** In the user's features. */
  readonly cloud: NdArray<"f32">;
  readonly inner: NdArray<"f32">;
  readonly logWeight: NdArray<"f32">;
  /** The particles' own velocities, units of the training, where they have some. */
  readonly velocity?: NdArray<"f32">;
}

/** Frames between neighbouring snapshots. */
const perInterval = 10;

/** Times at which the motion is looked at: ten in each interval, and as many in mean intervals beyond the last one. */
export function frameTimes(times: readonly number[], until?: number): number[] {
  const between = (from: number, to: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => from + ((to - from) * (i + 1)) / count);
  const last = times[times.length - 1];
  const mean = (last - times[0]) / (times.length - 1);
  const more = until === undefined || until <= last ? [] : between(last, until, perInterval * Math.ceil((until - last) / mean - 1e-6));
  return [...times.slice(1).flatMap((t, k) => between(times[k], t, perInterval)), ...more];
}

/** What decides where and when particles are looked at. */
type Followed = Pick<PreparedPopulation, "units" | "times" | "until">;

/** The particles of the first snapshot, followed. */
export const frames = (
  trained: TrainedModel,
  data: Pick<Snapshots, "times" | "snapshots">,
  prepared: Followed & Pick<PreparedPopulation, "clouds">,
  rng: Random,
): Promise<Frame[]> => follow(trained, particlesOf(prepared.clouds[0]), data.snapshots[0], data.times, prepared, rng);

/**
 * Particles of the first time, there and at ten times in each interval, up to the end of the data or beyond.
 *
 * @param cloud  the same particles in the user's features
 * @param shown  the times of the snapshots in the user's unit
 * @throws UserError  if the motion does not stay finite
 */
export async function follow(
  { push, params }: TrainedModel,
  particles: WeightedParticles,
  cloud: NdArray<"f32">,
  shown: readonly number[],
  { units, times, until }: Followed,
  rng: Random,
): Promise<Frame[]> {
  const moved = await push(params, particles, times[0], frameTimes(times, until), { rng });
  if (!moved.clouds.every((c) => c.x.data.every(Number.isFinite)))
    throw new UserError("the trajectories do not stay finite", "train longer, or lower --learning-rate");
  const at = frameTimes(shown, until === undefined ? undefined : until * units.interval + units.start);
  const start = { time: shown[0], cloud, inner: particles.x, logWeight: particles.logWeight };
  return [
    { ...start, ...(moved.velocity && { velocity: moved.velocity }) },
    ...moved.clouds.map(({ x, logWeight, velocity }, i) => ({
      ...{ time: at[i], cloud: unwhiten(units, x), inner: x, logWeight },
      ...(velocity && { velocity }),
    })),
  ];
}

/** Total mass at a time, relative to the first snapshot, and the effective part of the particles. */
export interface MassAt {
  readonly time: number;
  readonly mass: number;
  readonly effective: number;
}

/** The total mass at each frame. */
export const massInTime = (all: readonly Frame[]): MassAt[] =>
  all.map(({ time, logWeight }) => ({ time, mass: meanWeight(logWeight), effective: effectiveShare(logWeight) }));
