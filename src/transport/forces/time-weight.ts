/** The weight of a loss in time. */

import { ndarray, toNumbers } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import { innerTime } from "../paths/units.ts";
import { formulaOf } from "./formulas.ts";
import type { ForceSetting } from "./setting.ts";

/**
 * w(t) > 0 in the user's time; its size counts for nothing, so that it is divided by its mean.
 *
 * @throws UserError
 */
export async function timeWeightOf(text: string, { data, units, train }: ForceSetting): Promise<(t: Tensor) => Tensor> {
  const formula = formulaOf("--time-weight", text, ["t"]);
  const weight = (t: Tensor): Tensor => formula({ t: t.mul(units.interval).add(units.start) });
  const [first, last] = [train[0], train[train.length - 1]].map((k) => innerTime(units, data.times[k]));
  const grid = Float32Array.from({ length: 201 }, (_, i) => first + ((last - first) * i) / 200);
  const values = toNumbers(await jit(weight)(ndarray(grid, [201, 1], "f32")));
  const bad = values.findIndex((v) => !(Number.isFinite(v) && v >= 0));
  if (bad >= 0)
    throw new UserError(
      `--time-weight: "${text}" is ${values[bad]} at t = ${(grid[bad] * units.interval + units.start).toPrecision(4)}`,
      "a weight is a finite number, not negative",
    );
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (!(mean > 0)) throw new UserError(`--time-weight: "${text}" is zero at all times`);
  return (t) => weight(t).div(mean);
}
