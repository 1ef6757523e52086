/** How well the particles' equations are solved. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import type { TrainedModel } from "./push.ts";

/** Particles of the first snapshot that tell the solver's error. */
const probes = 500;

/**
 * Root mean square error of the places of particles moved through all times, in units of the training: how far those that are moved there
 * and back end from where they began; with noise, how far paths with one Brownian motion are apart when the steps are halved.
 */
export async function solverError(
  { model, push, params }: TrainedModel,
  { clouds, times }: Pick<PreparedPopulation, "clouds" | "times">,
  rng: Random,
): Promise<number> {
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
