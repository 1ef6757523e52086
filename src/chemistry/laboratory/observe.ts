/** What is measured of a density on a grid: energy, its dissipation, and how far it is from another. Atomic units. */
import type { Snapshot } from "./line-flow.ts";
import type { Grid } from "./potential.ts";

/** Numbers of a density at a time. */
export interface Observed {
  readonly time: number;
  /** E[q] in hartree. */
  readonly energy: number;
  /** Var E_loc in hartree²: what the FR flow loses of the energy a unit of time. */
  readonly variance: number;
  /** E[∂E_loc ∇c*(∂E_loc)]: what the flow by transport loses; for l2 it is E|∂E_loc|², in hartree² a0⁻². */
  readonly dissipation: number;
  /** W₂ to the ground state in a0. */
  readonly distance: number;
  /** ⟨ψ, ψ₀⟩² */
  readonly fidelity: number;
}

/** @param ground  density of the ground state at the points of the grid */
export function observe(grid: Grid, { time, density, log, localEnergy, push }: Snapshot, ground: Float64Array): Observed {
  const { step } = grid;
  const mean = (values: (i: number) => number): number => density.reduce((sum, q, i) => sum + q * step * values(i), 0);
  const energy = mean((i) => localEnergy[i]);
  const dissipation = push.reduce((sum, u, i) => sum + Math.exp(log[i] + log[i + 1]) * u * (localEnergy[i + 1] - localEnergy[i]), 0);
  return {
    ...{ time, energy, dissipation },
    variance: mean((i) => (localEnergy[i] - energy) ** 2),
    distance: lineDistance(edgesOf(grid), density, ground),
    fidelity: density.reduce((sum, q, i) => sum + Math.sqrt(q * ground[i]) * step, 0) ** 2,
  };
}

/** Edges of the cells around the points of a grid, [points + 1]. */
export const edgesOf = ({ x, low, step }: Grid): Float64Array =>
  Float64Array.from({ length: x.length + 1 }, (_, i) => low + (i + 0.5) * step);

/** Two points of Gauss in [0, 1], by which squares of what is linear are integrated exactly. */
const gauss = [-1, 1].map((way) => (1 + way / Math.sqrt(3)) / 2);

/**
 * W₂ of two densities that are constant in each cell of a grid: √∫₀¹ (Q₁(u) - Q₂(u))² du, where both quantile functions are linear
 * between the levels at which either has an edge.
 *
 * @param edges  of the cells, [cells + 1]
 */
export function lineDistance(edges: Float64Array, first: Float64Array, second: Float64Array): number {
  const [one, other] = [first, second].map((density) => cumulated(density));
  const levels = Float64Array.from([...one, ...other]).sort();
  let sum = 0;
  for (let k = 1; k < levels.length; k++) {
    const width = levels[k] - levels[k - 1];
    if (!(width > 0)) continue;
    const [a, b] = gauss.map((part) => levels[k - 1] + part * width).map((u) => quantile(edges, one, u) - quantile(edges, other, u));
    sum += (width * (a * a + b * b)) / 2;
  }
  return Math.sqrt(sum);
}

/** F at the edges of the cells, from 0 to 1. */
export function cumulated(density: Float64Array): Float64Array {
  const all = density.reduce((sum, q) => sum + q, 0);
  const result = new Float64Array(density.length + 1);
  density.forEach((q, i) => void (result[i + 1] = result[i] + q / all));
  return result.map((f) => f / result[density.length]);
}

/** The place below which a part u of the mass lies. */
export function quantile(edges: Float64Array, cumulative: Float64Array, u: number): number {
  let [low, high] = [0, cumulative.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] <= u) low = middle;
    else high = middle;
  }
  const mass = cumulative[high] - cumulative[low];
  return edges[low] + (mass > 0 ? (u - cumulative[low]) / mass : 0.5) * (edges[high] - edges[low]);
}
