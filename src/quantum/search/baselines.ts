/** Cheap classical searches beside every result, at a known number of evaluations. */
import type { Random } from "../../array/index.ts";
import type { Family } from "../families/family.ts";
import type { Points } from "../families/points.ts";
import { rangeOf } from "../landscape/optima.ts";
import { type Counted, counter, type Found, type Search } from "./counter.ts";
import { annealing, descent, exhaustive, pbil, randomSearch } from "./local.ts";
import { straightThrough } from "./straight-through.ts";

export interface Baseline extends Found {
  readonly name: string;
}

/** Most evaluations of a baseline. */
export const budgetOf = (bits: number): number => Math.min(2 ** bits, 10_000);

/** Costs that searches may ask for, and the networks of which they are: these enable the straight-through estimator. */
export interface Searched extends Counted {
  readonly networks?: { readonly family: Family; readonly points: Points };
}

/** All costs of a table: searches end at its minimum, and one looks at everything. */
export function* tableBaselines(costs: Float64Array, rng: Random, networks?: Searched["networks"]): Generator<Baseline> {
  const bits = Math.log2(costs.length);
  const searched: Searched = { bits, cost: (k) => costs[k], budget: budgetOf(bits), least: rangeOf(costs).minimum, networks };
  const all = counter({ ...searched, budget: costs.length });
  exhaustive(all, rng);
  // who looks at all knows the best when all are seen
  yield { name: "exhaustive", ...all.best(), evaluations: costs.length };
  yield* baselines(searched, rng);
}

/** What each search finds with the same budget, one after the other. */
export function* baselines(searched: Searched, rng: Random): Generator<Baseline> {
  const { networks } = searched;
  const searches: Readonly<Record<string, Search>> = {
    random: randomSearch,
    "steepest descent": descent,
    annealing,
    PBIL: pbil,
    ...(networks && { "straight-through": straightThrough(networks.family, networks.points) }),
  };
  for (const [name, search] of Object.entries(searches)) {
    const cost = counter(searched);
    search(cost, rng.fold(name));
    yield { name, ...cost.best() };
  }
}
