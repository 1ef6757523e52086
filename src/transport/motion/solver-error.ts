/** How well the particles' equations are solved. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import { type Particles, particlesOf } from "./particles.ts";
import type { TrainedModel } from "./push.ts";

/** Particles of the first snapshot that tell the solver's error. */
const probes = 500;

/**
 * Root mean square error of the places of particles moved through all times, in units of the training: how far those that are moved there
 * and back end from where they began; with noise, how far paths with one Brownian motion are apart when the steps are halved; of mechanics,
 * which friction makes hard to follow back, how far paths with ten times the tolerance are.
 */
export async function solverError(
  { model, push, params }: TrainedModel,
  { clouds, times }: Pick<PreparedPopulation, "clouds" | "times">,
  rng: Random,
): Promise<number> {
  const { shape } = clouds[0].points;
  const n = Math.min(probes, shape[0]);
  const part = (all: NdArray<"f32">): NdArray<"f32"> => ndarray(all.data.slice(0, n * shape[1]), [n, shape[1]], "f32");
  const x = part(clouds[0].points);
  const { velocity } = particlesOf(clouds[0]);
  const first = { x, ...(velocity && { velocity: part(velocity) }) };
  const [start, end] = [times[0], times[times.length - 1]];
  const move = async (from: number, to: number, particles: Particles, pair?: "coarse" | "fine") =>
    (await push(params, particles, from, [to], { rng: rng.fold("pair"), pair })).clouds[0];
  const [a, b] =
    model.noise > 0 || model.phase
      ? [await move(start, end, first, "coarse"), await move(start, end, first, "fine")]
      : [first, await move(end, start, await move(start, end, first))];
  const square = a.x.data.reduce((s, v, i) => s + (v - b.x.data[i]) ** 2, 0);
  return Math.sqrt(square / n);
}
