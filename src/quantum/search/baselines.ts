/** Cheap classical searches beside every result, at a known number of evaluations. */
import type { Random } from "../../array/index.ts";
import type { Family } from "../families/family.ts";
import type { Points } from "../families/points.ts";
import { rangeOf } from "../landscape/optima.ts";
import { counter, type Found, type Search } from "./counter.ts";
import { annealing, descent, exhaustive, pbil, randomSearch } from "./local.ts";
import { straightThrough } from "./straight-through.ts";

export interface Baseline extends Found {
  readonly name: string;
}

/** Most evaluations of a baseline. */
export const budgetOf = (bits: number): number => Math.min(2 ** bits, 10_000);

/**
 * What each search finds with the same budget, one after the other; the exhaustive one needs all.
 * @param networks  of which the costs are; enables the straight-through estimator
 */
export function* baselines(
  costs: Float64Array,
  rng: Random,
  networks?: { readonly family: Family; readonly points: Points },
): Generator<Baseline> {
  const bits = Math.log2(costs.length);
  const searches: Readonly<Record<string, Search>> = {
    exhaustive,
    random: randomSearch,
    "steepest descent": descent,
    annealing,
    PBIL: pbil,
    ...(networks && { "straight-through": straightThrough(networks.family, networks.points) }),
  };
  const { minimum } = rangeOf(costs);
  for (const [name, search] of Object.entries(searches)) {
    const cost = counter(costs, name === "exhaustive" ? costs.length : budgetOf(bits), minimum);
    search(cost, rng.fold(name));
    // who looks at all knows the best when all are seen
    yield { name, ...cost.best(), ...(name === "exhaustive" && { evaluations: costs.length }) };
  }
}
