/** The first snapshot moved through all times, as a film. */

import type { NdArray, Random } from "../../array/index.ts";
import type { Snapshots } from "../../data/snapshots.ts";
import { UserError } from "../../errors.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import { unwhiten } from "../paths/units.ts";
import { effectiveShare, meanWeight, particlesOf } from "./particles.ts";
import type { TrainedModel } from "./push.ts";

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

/**
 * The particles of the first snapshot at its time and at ten times in each interval.
 *
 * @throws UserError  if the motion does not stay finite
 */
export async function frames(
  { push, params }: TrainedModel,
  data: Pick<Snapshots, "times" | "snapshots">,
  { units, clouds, times }: Pick<PreparedPopulation, "units" | "clouds" | "times">,
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

/** Total mass at a time, relative to the first snapshot, and the effective part of the particles. */
export interface MassAt {
  readonly time: number;
  readonly mass: number;
  readonly effective: number;
}

/** The total mass at each frame. */
export const massInTime = (all: readonly Frame[]): MassAt[] =>
  all.map(({ time, logWeight }) => ({ time, mass: meanWeight(logWeight), effective: effectiveShare(logWeight) }));
