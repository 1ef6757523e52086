/** Energies that are subtracted from the kinetic one: potentials of a particle, and of pairs. */

import { ndarray, toNumbers } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { grad, jit, type Tensor } from "../../tensor/index.ts";
import type { PairPotential } from "../lagrangian/interaction.ts";
import type { ScalarField } from "../lagrangian/lagrangian.ts";
import { stacked, weightedMean } from "../paths/cloud.ts";
import { innerTime } from "../paths/units.ts";
import { formulaOf, requireFinite, userValues } from "./formulas.ts";
import { densityPotential } from "./kernels.ts";
import { accelerationPotential } from "./potentials.ts";
import type { ForceSetting } from "./setting.ts";

/**
 * `acceleration`, `data` or `data STRENGTH`, or a formula in the user's features and time whose value counts in units of the training.
 *
 * @param notes  grows by what the user should know
 * @throws UserError
 */
export async function potentialOf(text: string, setting: ForceSetting, notes: string[]): Promise<ScalarField> {
  const { data, units, clouds, train, rng } = setting;
  if (text === "acceleration") {
    if (train.length < 3) throw new UserError("--potential acceleration needs at least three snapshots to learn from");
    return accelerationPotential(
      train.map((k) => innerTime(units, data.times[k])),
      train.map((k) => weightedMean(clouds[k].points, clouds[k].weights)),
    );
  }
  const dense = /^data(?:\s+(\S+))?$/.exec(text.trim());
  if (dense && !data.features.includes(text.trim())) {
    const strength = Number(dense[1] ?? 1);
    if (!Number.isFinite(strength) || strength === 0)
      throw new UserError(`--potential "${text}": the strength must be a number other than 0`, 'such as "data 0.5"');
    const { field, width } = await densityPotential(stacked(train.map((k) => clouds[k].points)), strength, rng);
    notes.push(`potential: ${strength} log density of the training particles, kernels of width ${width.toFixed(2)} standard deviations`);
    return field;
  }
  const formula = formulaOf("--potential", text, [...data.features, "t"]);
  const field: ScalarField = (t, x) => formula(userValues(setting, t, x)).squeeze(1);
  await requireFinite("--potential", setting, field);
  return field;
}

/**
 * W(r) of an energy of pairs, a formula in their distance r in units of the training.
 *
 * @throws UserError
 */
export async function interactionOf(text: string): Promise<PairPotential> {
  const formula = formulaOf("--interaction", text, ["r"]);
  const program = jit((r: Tensor) => grad((q: Tensor) => formula({ r: q }).sum())(r));
  const grid = Float32Array.from({ length: 401 }, (_, i) => 10 ** (i / 100 - 3));
  const slopes = toNumbers(await program(ndarray(grid, [401], "f32")));
  const bad = slopes.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new UserError(
      `--interaction: the slope of "${text}" is no finite number at r = ${grid[bad].toPrecision(3)}`,
      "r is the distance of two particles in standard deviations, from 0.001 up",
    );
  if (slopes.every((v) => v === 0))
    throw new UserError(`--interaction: "${text}" does not change with the distance r, so that no force comes from it`);
  return (r) => formula({ r });
}
