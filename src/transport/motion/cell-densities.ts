/** Log densities of the particles of the snapshots under the learned motion. */

import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { has, type MethodName, methods } from "../learning/methods.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import type { Cloud } from "../paths/cloud.ts";
import { type GaussianMixture, gaussianDensity, kernelDensity } from "./base-density.ts";
import { densities } from "./densities.ts";
import type { TrainedModel } from "./push.ts";

/** How the density of the first snapshot is taken from its particles. */
export type BaseKind = "gaussian" | "kernel";

/**
 * The density of the first snapshot, in units of the training.
 *
 * @throws UserError  for methods whose noiseless flow is not known, or a snapshot that spans no volume
 */
export async function baseDensity(kind: BaseKind, method: MethodName, first: Cloud): Promise<GaussianMixture> {
  // flow matching on bridges knows the flow behind its noise
  if (has(method, "noise") && methods[method].family !== "flow matching")
    throw new UserError(
      `--density: the particles of ${method} move with noise, and the flow of their density is not known`,
      "use a method without noise, or sf2m",
    );
  try {
    return await (kind === "kernel" ? kernelDensity : gaussianDensity)(first);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(
      "--density: the first snapshot has no density: its particles lie in a plane",
      "leave features out that others determine",
    );
  }
}

/**
 * Log density of each particle of each snapshot at its time, in the user's features; with growth, of mass relative to the first snapshot's.
 *
 * @param base  density of the first snapshot, in units of the training
 */
export async function cellDensities(
  { model, params }: TrainedModel,
  base: GaussianMixture,
  { clouds, times, units }: Pick<PreparedPopulation, "clouds" | "times" | "units">,
  rng: Random,
): Promise<Float64Array[]> {
  const run = densities(model);
  const volume = units.deviation.reduce((s, v) => s + Math.log(v), 0);
  const all: Float64Array[] = [];
  for (const [k, { points }] of clouds.entries()) {
    const { logDensity } = await run(params, base, points, times[k], times[0], rng.fold(k));
    all.push(logDensity.map((v) => v - volume));
  }
  return all;
}
