/** The cost of a velocity, from its description. */
import { UserError } from "../../errors.ts";
import { type ConvexCost, metricCost, powerCost } from "../lagrangian/costs.ts";
import { assignments } from "./formulas.ts";

/** A cost (absent: the plain quadratic one), and the weights of a quadratic one. */
export interface ChosenCost {
  readonly cost?: ConvexCost;
  readonly metric?: readonly number[];
}

/**
 * `quadratic`, `power Q`, or weights of features such as `pc1=4,pc2=1` (the others 1), which multiply ½ v² of the standardised feature.
 *
 * @throws UserError
 */
export function costOf(text: string, features: readonly string[]): ChosenCost {
  if (text.trim() === "quadratic") return { metric: features.map(() => 1) };
  const power = /^power[\s:]*(.*)$/.exec(text.trim());
  if (power) {
    const q = Number(power[1] || Number.NaN);
    if (!(q > 1 && q <= 10))
      throw new UserError(`--cost "${text}": the power must be a number above 1, at most 10`, 'such as "power 3"; 2 is the quadratic cost');
    return { cost: powerCost(q) };
  }
  const weights = assignments("--cost", text, ",", features);
  if (weights.size === 0)
    throw new UserError(`--cost "${text}" is no cost`, 'use quadratic, "power 3", or weights of features such as "a=4,b=1"');
  const metric = features.map((name) => {
    const value = weights.get(name);
    if (value === undefined) return 1;
    const w = Number(value || Number.NaN);
    if (!(w > 0 && w < 1e6)) throw new UserError(`--cost: the weight of "${name}" must be a positive number (got "${value}")`);
    return w;
  });
  return { cost: metricCost(metric), metric };
}
