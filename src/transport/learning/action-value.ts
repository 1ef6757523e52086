/** The value of the action of a trained model, from below and above. */
import { item, type NdArray } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Lagrangian } from "../lagrangian/lagrangian.ts";
import type { PathPoints } from "../paths/points.ts";

/** What the action of a path is worth. */
export interface ActionValue {
  /** -L on fresh samples of the path, and its standard error: the action that s accounts for, at most the action of the path. */
  readonly dual: number;
  readonly error: number;
  /**
   * ∫ E[m (c(v - b) + (m'/m)²/(2λ) - V)] dt of the path with the velocities of its labels: at least the action. Absent with noise, and for
   * paths that jump.
   */
  readonly primal?: number;
  /**
   * An estimate of a lower bound: E_1[s_1] - E_0[s_0] - ∫ max_x Λ_t(x) dt is one for every s, with the maxima taken over particles of the
   * path and the same particles a tenth farther from their centre. Only for flows that conserve mass, without noise.
   */
  readonly lower?: number;
  /** primal - dual over the same samples, and its standard error: at least the action gap ½ ∫ E[m |∇s - ∇s*|² + …]. */
  readonly gap?: { readonly bound: number; readonly error: number };
}

/**
 * m (c(v - b) + (m'/m)² / (2λ) - V) [B] of points that move as their labels do. Its mean is an upper bound of the action of their path,
 * because of all motions with the same densities that of an action is the cheapest. Undefined with noise, and for points without
 * velocities.
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
  /** Their difference over the same samples, if it is known with less noise; default: primal - dual. */
  readonly gap?: NdArray;
  readonly residual?: NdArray;
  readonly highest?: NdArray;
  readonly t?: NdArray;
}

/** Means over batches, whose spread gives the errors. */
export async function meanValue(evaluate: () => Promise<Sampled>, batches: number): Promise<ActionValue> {
  const results = [];
  for (let i = 0; i < batches; i++) results.push(await evaluate());
  const duals = results.map((r) => item(r.dual));
  const { mean: dual, error } = summary(duals);
  const bounded = { dual, error, ...(results[0].highest && { lower: dual - excess(results) }) };
  if (!results[0].primal) return bounded;
  const primals = results.map((r) => item(r.primal as NdArray));
  const gap = summary(results.map((r, i) => (r.gap ? item(r.gap) : primals[i] - duals[i])));
  return { ...bounded, primal: summary(primals).mean, gap: { bound: gap.mean, error: gap.error } };
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
