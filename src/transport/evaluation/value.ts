/** Values of the action: of a trained model from below and above, and of the snapshots exactly. */
import { item, type NdArray, type Random } from "../../array/index.ts";
import type { Weighted } from "../../distances/index.ts";
import { transportForCosts, wasserstein } from "../../distances/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { type ConvexCost, quadraticCost } from "../lagrangian/costs.ts";
import type { Lagrangian } from "../lagrangian/lagrangian.ts";
import type { TrainState } from "../learning/model.ts";
import { pairCosts } from "../paths/pair-costs.ts";
import type { Cloud } from "../paths/pairs.ts";
import type { PathPoints } from "../paths/path.ts";
import { reachPlan } from "../paths/unbalanced.ts";
import { thin } from "./evaluate.ts";

export interface Value {
  /** -L on fresh samples of the path, and its standard error: the action that s accounts for, at most the action of the path. */
  readonly dual: number;
  readonly error: number;
  /** ∫ E[m (c(v - b) + (m'/m)²/(2λ) - V)] dt of the path with the velocities of its labels: at least the action. Absent with noise. */
  readonly primal?: number;
  /**
   * An estimate of a lower bound: E_1[s_1] - E_0[s_0] - ∫ max_x Λ_t(x) dt is one for every s, with the maxima taken over particles of the path and the same
   * particles a tenth farther from their centre. Only for flows that conserve mass, without noise.
   */
  readonly lower?: number;
  /** primal - dual over the same samples, and its standard error: at least the action gap ½ ∫ E[m |∇s - ∇s*|² + …]. */
  readonly gap?: { readonly bound: number; readonly error: number };
}

export type ValueOf = (state: TrainState, rng: Random, batches?: number) => Promise<Value>;

/**
 * m (c(v - b) + (m'/m)² / (2λ) - V) [B] of points that move as their labels do. Its mean is an upper bound of the action of their path, because of
 * all motions with the same densities that of an action is the cheapest. Undefined with noise, and for points without velocities.
 */
export function labelledAction(l: Lagrangian, t: Tensor, { x, v, mass, massRate }: PathPoints): Tensor | undefined {
  if (l.noise > 0 || !v) return undefined;
  const free = l.drift ? v.sub(l.drift(t, x)) : v;
  let energy = l.cost.of(free);
  if (l.potential) energy = energy.sub(l.potential(t, x));
  if (!mass || !massRate) return energy;
  if (l.growth === 0) return undefined;
  return energy.mul(mass.squeeze(1)).add(
    massRate
      .square()
      .div(mass)
      .squeeze(1)
      .div(2 * l.growth),
  );
}

/** Samples of a batch: the two values, and for the lower bound times [B, 1] and (a bound of) residuals there, [B]. */
export interface Sampled {
  readonly dual: NdArray;
  readonly primal?: NdArray;
  readonly residual?: NdArray;
  readonly highest?: NdArray;
  readonly t?: NdArray;
}

/** Means over batches, whose spread gives the errors. */
export async function meanValue(evaluate: () => Promise<Sampled>, batches: number): Promise<Value> {
  const results = [];
  for (let i = 0; i < batches; i++) results.push(await evaluate());
  const duals = results.map((r) => item(r.dual));
  const { mean: dual, error } = summary(duals);
  if (!results[0].primal) return { dual, error };
  const primals = results.map((r) => item(r.primal as NdArray));
  const gap = summary(primals.map((p, i) => p - duals[i]));
  const rest = { primal: summary(primals).mean, gap: { bound: gap.mean, error: gap.error } };
  return { dual, error, ...rest, ...(results[0].highest && { lower: dual - excess(results) }) };
}

/** Pieces of the time in which the residual has one maximum. */
const pieces = 20;

/** ∫ (max Λ - E Λ) dt. */
function excess(results: readonly Sampled[]): number {
  const [t, residual, highest] = (["t", "residual", "highest"] as const).map((key) =>
    results.flatMap((r) => Array.from((r[key] as NdArray).data as Float32Array)),
  );
  const [start, end] = [Math.min(...t), Math.max(...t)];
  const most = new Float64Array(pieces).fill(Number.NEGATIVE_INFINITY);
  t.forEach((time, i) => {
    const j = Math.min(pieces - 1, Math.floor(((time - start) / (end - start)) * pieces));
    most[j] = Math.max(most[j], highest[i]);
  });
  return (end - start) * (most.reduce((a, b) => a + b, 0) / pieces - summary(residual).mean);
}

function summary(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const square = values.reduce((s, v) => s + (v - mean) ** 2, 0);
  return { mean, error: Math.sqrt(square / Math.max(1, values.length - 1) / values.length) };
}

/**
 * The least action through snapshots without noise and forces: Σ_k S(μ_k, μ_{k+1}) / (t_{k+1} - t_k) with S = ½ W2² (exact), or, with growth, between the
 * bounds of the entropic Wasserstein–Fisher–Rao plan; for a convex cost c of velocity, Σ_k T_k min_π E_π c((y - x) / T_k) with T_k = t_{k+1} - t_k (exact). Of
 * clouds of more than 2,000 particles, so many are drawn.
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
