/** A population that begins elsewhere, moved by what was learned. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Snapshots } from "../../data/snapshots.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import { type Fields, fieldsAt, fieldsProgram } from "../motion/fields.ts";
import { type Frame, follow } from "../motion/frames.ts";
import { particlesOf } from "../motion/particles.ts";
import type { TrainedModel } from "../motion/push.ts";
import { innerTime, unwhitenVelocities, whiten, whitenVelocities } from "../paths/units.ts";
import { leaving } from "./diagnostics.ts";

/** Its particles in time, and the fields there. */
export interface MovedPopulation {
  readonly frames: readonly Frame[];
  readonly along: readonly Fields[];
  readonly warnings: readonly string[];
}

/**
 * Particles that begin at the first time of the data, followed to its end or as far as was asked.
 *
 * @param start  places, and velocities if they are known, in the user's units
 */
export async function moveNew(
  trained: TrainedModel,
  start: { readonly points: NdArray<"f32">; readonly velocities?: NdArray<"f32"> },
  data: Pick<Snapshots, "times" | "features">,
  prepared: PreparedPopulation,
  rng: Random,
): Promise<MovedPopulation> {
  const { units, room } = prepared;
  const { points, velocities } = start;
  const cloud = {
    ...{ points: whiten(units, points), mass: 1 },
    ...(velocities && { velocities: whitenVelocities(units, velocities, prepared.velocityScale) }),
  };
  const frames = await follow(trained, particlesOf(cloud), points, data.times, prepared, rng);
  const along = await fieldsAlong(trained, frames, prepared);
  return { frames, along, warnings: leaving(frames, room, data.features).map((w) => `the population of --start: ${w}`) };
}

/** Fields at the particles of each frame; where they have velocities of their own, these. */
export async function fieldsAlong(
  trained: TrainedModel,
  frames: readonly Frame[],
  prepared: Pick<PreparedPopulation, "units">,
): Promise<Fields[]> {
  const program = fieldsProgram(trained.model);
  const along: Fields[] = [];
  for (const { inner, time, velocity } of frames) {
    const fields = await fieldsAt(trained, program, prepared, inner, innerTime(prepared.units, time));
    along.push({ ...fields, ...(velocity && { velocity: unwhitenVelocities(prepared.units, velocity) }) });
  }
  return along;
}
