/** Log densities of the cells under the learned motion, for --density. */

import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import {
  type Cloud,
  densities,
  type GaussianMixture,
  gaussianDensity,
  has,
  kernelDensity,
  type MethodName,
  methods,
} from "../../transport/index.ts";
import type { Trained } from "./motion.ts";
import type { Prepared } from "./prepare.ts";

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

/** Log density of each cell of each snapshot at its time, in the user's features; with growth, of mass relative to the first snapshot's. */
export async function cellDensities(
  { model, params }: Trained,
  { base, clouds, times, units }: Prepared,
  rng: Random,
): Promise<Float64Array[] | undefined> {
  if (!base) return undefined;
  const run = densities(model);
  const volume = units.deviation.reduce((s, v) => s + Math.log(v), 0);
  const all: Float64Array[] = [];
  for (const [k, { points }] of clouds.entries()) {
    const { logDensity } = await run(params, base, points, times[k], times[0], rng.fold(k));
    all.push(logDensity.map((v) => v - volume));
  }
  return all;
}
