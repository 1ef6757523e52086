/**
 * Optimal transport with growth: the Wasserstein–Fisher–Rao (Hellinger–Kantorovich) distance between discrete measures, by entropic optimal
 * entropy transport.
 *
 *   S = (2/λ) min_γ <c, γ> + KL(γ_x | μ) + KL(γ_y | ν),   c(x, y) = -2 log cos(min(√λ |x - y| / 2, π/2))
 *
 * S is the action ½ ∫ ∫ (|v|² + g²/λ) dρ dt of the geodesic in unit time, on which no mass is carried farther than π/√λ.
 *
 * @source  Liero, Mielke & Savaré, Inventiones 211 (2018), theorem 8.18; Chizat et al., Math. Comp. 87 (2018)
 */

import { item, type NdArray, ndarray } from "../../array/index.ts";
import { normalise } from "../../distances/index.ts";
import * as t from "../../tensor/index.ts";
import { jit, scan, type Tensor, where } from "../../tensor/index.ts";
import { type Cloud, multiplied } from "./cloud.ts";

/** A plan of unbalanced transport. */
export interface ReachPlan {
  /** γ [n, m]. */
  readonly plan: NdArray<"f64">;
  /**
   * What each pair of row i (column j) has to carry so that the ends come out right: μ_i / γ_x(i) and ν_j / γ_y(j), times the mass of γ.
   */
  readonly mass0: Float64Array;
  readonly mass1: Float64Array;
  /** Bounds on S: of the plan, and of its dual potentials. */
  readonly primal: number;
  readonly dual: number;
}

/** Cost of cells out of reach: a part exp(-40) of the mass is carried there. */
const outOfReach = 40;

/** c [n, m] of points [n, d], [m, d]. */
function reachCosts(x: Tensor, y: Tensor, growth: Tensor): Tensor {
  const square = x.square().sum(1, true).add(y.square().sum(1)).sub(x.matmul(y.transpose()).mul(2));
  const angle = t.sqrt(t.maximum(square, 0).mul(growth)).div(2);
  const near = t.less(angle, 1.5707);
  return where(near, t.minimum(t.log(t.cos(where(near, angle, 0))).mul(-2), outOfReach), outOfReach);
}

/** exp((f_i + g_j - c_ij) / ε) of cells with mass; what has none has potentials without meaning, and 0 here. */
function kernelOf(c: Tensor, f: Tensor, g: Tensor, mu: Tensor, nu: Tensor, e: Tensor): Tensor {
  const held = t.greater(mu.expandDims(1).mul(nu), 0);
  return where(held, t.exp(where(held, f.expandDims(1).add(g).sub(c).div(e), 0)), 0);
}

/**
 * Sinkhorn's iteration with soft margins on γ_ij = μ_i ν_j exp((f_i + g_j - c_ij) / ε): f ← -ε/(1+ε) log Σ_j ν_j exp((g_j - c_ij)/ε), and
 * so for g; 50 sweeps that scale one kernel matrix.
 */
const sweeps = jit((c: Tensor, f: Tensor, g: Tensor, mu: Tensor, nu: Tensor, e: Tensor) => {
  const kernel = kernelOf(c, f, g, mu, nu, e);
  const rest = e.add(1);
  // potentials of what has no mass would run away
  const update = (old: Tensor, sums: Tensor, mass: Tensor): Tensor =>
    where(t.greater(mass, 0), old.sub(t.log(sums.add(1e-300)).mul(e)).div(rest), 0);
  const sweep = (now: { f: Tensor; g: Tensor }) => {
    const b = nu.mul(t.exp(now.g.sub(g).div(e)));
    const next = update(f, kernel.matmul(b), mu);
    const a = mu.mul(t.exp(next.sub(f).div(e)));
    return { carry: { f: next, g: update(g, a.matmul(kernel), nu) } };
  };
  const { carry } = scan(sweep, { f, g }, 50);
  return { ...carry, change: t.abs(carry.f.sub(f)).max() };
});

const summary = jit((c: Tensor, f: Tensor, g: Tensor, mu: Tensor, nu: Tensor, e: Tensor) => {
  const plan = kernelOf(c, f, g, mu, nu, e).mul(mu.expandDims(1)).mul(nu);
  const [rows, columns] = [plan.sum(1), plan.sum(0)];
  // where q is zero, p is: 0 log 0 = 0
  const kl = (p: Tensor, q: Tensor): Tensor => {
    const held = t.greater(p, 0);
    return p
      .mul(t.log(where(held, p, 1).div(where(held, q, 1))))
      .sub(p)
      .add(q)
      .sum();
  };
  const primal = plan.mul(c).sum().add(kl(rows, mu)).add(kl(columns, nu));
  // the greatest potentials that are admissible, f_i + g_j <= c_ij, one after the other: Σ μ (1 - e^-f) + Σ ν (1 - e^-g) grows with both,
  // so that no admissible lowering of f alone bounds S better
  const transform = (h: Tensor, held: Tensor, axis: 0 | 1): Tensor => {
    const rest = c.sub(axis === 1 ? h : h.expandDims(1));
    return where(t.greater(axis === 1 ? held : held.expandDims(1), 0), rest, Number.MAX_VALUE).min(axis);
  };
  const fc = transform(g, nu, 1);
  const gc = transform(fc, mu, 0);
  const gained = (mass: Tensor, h: Tensor): Tensor => mass.mul(t.exp(h.neg()).neg().add(1)).sum();
  const dual = gained(mu, fc).add(gained(nu, gc));
  return { plan, rows, columns, primal, dual };
});

/**
 * ε by λ: near 0, c = λ |x - y|² / 4, so that plans blur over 2 √(ε/λ), a fifth of a standard deviation. A constant ε would pair anything
 * with anything where growth is dear.
 */
const blur = (growth: number): number => 0.01 * Math.min(1, growth);

const costs = jit(reachCosts);
const double = (data: ArrayLike<number>, shape: readonly number[]): NdArray => ndarray(Float64Array.from(data), shape, "f64");

/**
 * The plan between two clouds, whose masses may differ. Where growth rates of the first cloud are known beforehand, its particles are
 * matched as many as they will have become, so that only growth beyond that is charged, and the pairs begin with what there is. A factor
 * common to all of μ changes γ by a factor alone: only differences of rates count.
 *
 * @param growth   λ > 0
 * @param epsilon  entropic regularisation, in units of c
 * @param duration  of the growth known beforehand; without it that is left aside
 */
export async function reachPlan(
  x: Cloud,
  y: Cloud,
  growth: number,
  { epsilon = blur(growth), iterations = 1000, duration = 0 } = {},
): Promise<ReachPlan> {
  const [n, m] = [x.points.shape[0], y.points.shape[0]];
  const begin = normalise(x.weights, n).map((w) => w * x.mass);
  const matched = multiplied(x, duration);
  const mu = double(
    normalise(matched.weights, n).map((w) => w * x.mass),
    [n],
  );
  const nu = double(
    normalise(y.weights, m).map((w) => w * y.mass),
    [m],
  );
  const scalar = (v: number): NdArray => double([v], []);
  const c = await costs(double(x.points.data, x.points.shape), double(y.points.data, y.points.shape), scalar(growth));
  let [f, g]: NdArray[] = [double(new Float64Array(n), [n]), double(new Float64Array(m), [m])];
  // ε is halved down to the wanted one, so that exponents stay moderate
  for (let e = 2; ; e = Math.max(epsilon, e / 2)) {
    for (let done = 0; done < (e === epsilon ? iterations : 50); done += 50) {
      const next = await sweeps(c, f, g, mu, nu, scalar(e));
      [f, g] = [next.f, next.g];
      if (item(next.change) < 1e-10) break;
    }
    if (e === epsilon) break;
  }
  const { plan, rows, columns, primal, dual } = await summary(c, f, g, mu, nu, scalar(epsilon));
  const total = (rows.data as Float64Array).reduce((a, b) => a + b, 0);
  const carried = (margin: NdArray, wanted: NdArray): Float64Array =>
    (margin.data as Float64Array).map((v, i) => (v > 0 ? ((wanted.data as Float64Array)[i] / v) * total : 0));
  return {
    plan: plan as NdArray<"f64">,
    mass0: carried(rows, double(begin, [n])),
    mass1: carried(columns, nu),
    primal: (2 / growth) * item(primal),
    dual: (2 / growth) * item(dual),
  };
}

/**
 * A pair on its WFR geodesic: on the cone, where mass is a squared radius and distance an angle, particles move on straight lines.
 *
 * @param a, b    ends [B, d]
 * @param m0, m1  masses there [B, 1]
 * @param u       place in [0, 1], [B, 1]
 * @returns  point [B, d] and mass [B, 1]
 */
export function coneGeodesic(a: Tensor, b: Tensor, m0: Tensor, m1: Tensor, u: Tensor, growth: number): { x: Tensor; mass: Tensor } {
  const way = b.sub(a);
  const length = t.sqrt(way.square().sum(1, true).add(1e-20));
  const angle = t.minimum(length.mul(Math.sqrt(growth) / 2), 0.499 * Math.PI);
  const [near, far] = [t.sqrt(m0).mul(u.neg().add(1)), t.sqrt(m1).mul(u)];
  const [along, across] = [near.add(far.mul(t.cos(angle))), far.mul(t.sin(angle))];
  // angles stay below π/2, where the arc tangent needs no quadrant
  const turned = t.atan(across.div(t.maximum(along, 1e-12)));
  const small = t.less(angle, 1e-4);
  const fraction = where(small, far.div(t.maximum(near.add(far), 1e-12)), turned.div(where(small, 1, angle)));
  return { x: a.add(way.mul(fraction)), mass: along.square().add(across.square()) };
}
