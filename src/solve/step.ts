/** Single steps of a Runge–Kutta method, and many steps of one size as a scan, which can be differentiated in both modes. */

import { iota, scan, type Tensor } from "../tensor/index.ts";
import type { Tableau } from "./tableau.ts";

/** Right-hand side: time [] and state [n, d] -> [n, d]. */
export type Field = (t: Tensor, x: Tensor) => Tensor;

/** A step of size h (a scalar tensor, of either sign) from state x at time t. */
export type Step = (t: Tensor, x: Tensor, h: Tensor) => Tensor;

/** The same with normal noise z, for stochastic equations. */
export type NoisyStep = (t: Tensor, x: Tensor, h: Tensor, z: Tensor) => Tensor;

/** Σ w_i k_i; neighbours of equal weight are added first. */
export function combine(slopes: readonly Tensor[], weights: readonly number[]): Tensor {
  const terms: { sum: Tensor; weight: number }[] = [];
  slopes.forEach((k, i) => {
    const last = terms.at(-1);
    if (last && last.weight === weights[i] && weights[i - 1] === weights[i]) last.sum = last.sum.add(k);
    else if (weights[i]) terms.push({ sum: k, weight: weights[i] });
  });
  return terms.map(({ sum, weight }) => (weight === 1 ? sum : sum.mul(weight))).reduce((a, b) => a.add(b));
}

/**
 * The slopes of all stages, and the state at the end of the step.
 *
 * @param first  f(t, x), if it is known
 */
export function stagesOf(f: Field, { nodes, stages, weights, denominator = 1 }: Tableau, t: Tensor, x: Tensor, h: Tensor, first = f(t, x)) {
  const slopes = [first];
  for (let s = 1; s < nodes.length; s++) slopes.push(f(t.add(h.mul(nodes[s])), x.add(combine(slopes, stages[s]).mul(h))));
  const way = combine(slopes, weights).mul(denominator === 1 ? h : h.div(denominator));
  return { slopes, next: x.add(way) };
}

/** The step of a Runge–Kutta method. */
export const rungeKutta =
  (f: Field, tableau: Tableau): Step =>
  (t, x, h) =>
    stagesOf(f, tableau, t, x, h).next;

/** `count` steps of size h from state x at time `start`. */
export function march(step: Step, x: Tensor, start: Tensor, h: Tensor, count: number): Tensor {
  const one = (y: Tensor, k: Tensor) => ({ carry: step(start.add(h.mul(k.cast(h.dtype))), y, h) });
  return scan(one, x, count).carry;
}

/** Steps of size h of a stochastic equation, one for each row of normal noise z [steps, ...x]. */
export function marchNoisy(step: NoisyStep, x: Tensor, start: Tensor, h: Tensor, z: Tensor): Tensor {
  const one = (y: Tensor, { e, k }: { e: Tensor; k: Tensor }) => ({ carry: step(start.add(h.mul(k)), y, h, e) });
  return scan(one, x, { e: z, k: iota(z.shape[0], "f32").cast(h.dtype) }).carry;
}
