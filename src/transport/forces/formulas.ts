/** Formulas of the user, in features and time as the file has them, as programs in units of the training. */

import { ndarray, toNumbers } from "../../array/index.ts";
import { nearest, UserError } from "../../errors.ts";
import { type Formula, jit, parseFormula, type Tensor } from "../../tensor/index.ts";
import type { ScalarField } from "../lagrangian/lagrangian.ts";
import { innerTime } from "../paths/units.ts";
import type { ForceSetting } from "./setting.ts";

/**
 * `name=value` pairs; names are features, which may hold any sign but the separator.
 *
 * @throws UserError  for other names, and for one that is given twice
 */
export function assignments(option: string, text: string, separator: string, features: readonly string[]): Map<string, string> {
  const byLength = [...features].sort((a, b) => b.length - a.length);
  const found = new Map<string, string>();
  for (const part of text.split(separator).map((p) => p.trim())) {
    if (part === "") continue;
    const name = byLength.find((f) => part.startsWith(f) && part.slice(f.length).trimStart().startsWith("="));
    if (name === undefined) {
      const wrong = part.split("=")[0].trim();
      const guess = part.includes("=") ? nearest(wrong, features) : undefined;
      throw new UserError(
        part.includes("=") ? `${option}: no feature "${wrong}"` : `${option}: "${part}" has no "="`,
        guess ? `did you mean "${guess}"?` : `the features are ${features.slice(0, 8).join(", ")}${features.length > 8 ? ", …" : ""}`,
      );
    }
    if (found.has(name)) throw new UserError(`${option}: "${name}" is given twice`);
    found.set(name, part.slice(name.length).trimStart().slice(1).trim());
  }
  return found;
}

/**
 * @param option  the flag that the text is from
 * @throws UserError  where the text is no formula
 */
export function formulaOf(option: string, text: string, names: readonly string[]): Formula {
  try {
    return parseFormula(text, names);
  } catch (error) {
    throw new UserError(`${option}: ${(error as Error).message}`);
  }
}

/** Columns [B, 1] of the user's time and features at rows in units of the training. */
export function userValues({ data, units }: ForceSetting, t: Tensor, x: Tensor): Record<string, Tensor> {
  const values: Record<string, Tensor> = { t: t.mul(units.interval).add(units.start) };
  data.features.forEach(
    (name, j) =>
      void (values[name] = x
        .slice(null, [j, j + 1])
        .mul(units.deviation[j])
        .add(units.mean[j])),
  );
  return values;
}

/**
 * A formula has to be a number at every particle that is learned from.
 *
 * @throws UserError
 */
export async function requireFinite(option: string, { data, units, clouds, train }: ForceSetting, f: ScalarField): Promise<void> {
  const program = jit(f);
  for (const k of train) {
    const { points } = clouds[k];
    const t = ndarray(new Float32Array(points.shape[0]).fill(innerTime(units, data.times[k])), [points.shape[0], 1], "f32");
    const values = toNumbers(await program(t, points));
    const bad = values.filter((v) => !Number.isFinite(v)).length;
    if (bad > 0)
      throw new UserError(
        `${option}: the formula is no finite number at ${bad} of ${values.length} particles at time ${data.times[k]}`,
        "logarithms and roots need positive values, and divisions values other than zero",
      );
  }
}
