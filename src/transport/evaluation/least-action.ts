/** The least action through snapshots, exactly or between bounds. */
import type { Random } from "../../array/index.ts";
import { transportForCosts, type Weighted, wasserstein } from "../../distances/index.ts";
import { type ConvexCost, quadraticCost } from "../lagrangian/costs.ts";
import type { Lagrangian } from "../lagrangian/lagrangian.ts";
import type { Cloud } from "../paths/cloud.ts";
import { pairCosts } from "../paths/pair-costs.ts";
import { reachPlan } from "../paths/unbalanced.ts";
import { thin } from "./thinning.ts";

/**
 * The least action through snapshots without noise and forces: Σ_k S(μ_k, μ_{k+1}) / (t_{k+1} - t_k) with S = ½ W2² (exact), or, with
 * growth, between the bounds of the entropic Wasserstein–Fisher–Rao plan; for a convex cost c of velocity, Σ_k T_k min_π E_π
 * c((y - x) / T_k) with T_k = t_{k+1} - t_k (exact). Of clouds of more than 2,000 particles, so many are drawn.
 *
 * A finite sample lies farther from another than its population does: two samples of one population have S > 0.
 *
 * @param lagrangian  with growth only the quadratic cost
 */
export async function leastAction(
  times: readonly number[],
  clouds: readonly Cloud[],
  { growth, cost }: Pick<Lagrangian, "growth" | "cost">,
  rng: Random,
): Promise<{ lower: number; upper: number }> {
  if (growth > 0 && cost !== quadraticCost) throw new RangeError("leastAction: with growth only the quadratic cost is known");
  let [lower, upper] = [0, 0];
  for (let k = 0; k + 1 < times.length; k++) {
    const [a, b] = [clouds[k], clouds[k + 1]].map(({ points, weights }, i) => thin({ x: points, weights }, rng.fold(k + i)));
    const gap = times[k + 1] - times[k];
    if (growth > 0) {
      const [x, y] = [a, b].map(({ x: points, weights }, i) => ({ points, weights, mass: clouds[k + i].mass / clouds[0].mass }));
      const { primal, dual } = await reachPlan(x, y, growth);
      lower += dual / gap;
      upper += primal / gap;
    } else {
      const least = await transportCost(a, b, cost, gap);
      lower += least;
      upper += least;
    }
  }
  return { lower, upper };
}

async function transportCost(a: Weighted, b: Weighted, cost: ConvexCost, gap: number): Promise<number> {
  const weights = { x: a.weights, y: b.weights };
  if (cost === quadraticCost) return wasserstein(a.x, b.x, { power: 2, weights }) ** 2 / 2 / gap;
  return transportForCosts(await pairCosts(a.x, b.x, cost, gap), a.x.shape[0], b.x.shape[0], weights).cost;
}
