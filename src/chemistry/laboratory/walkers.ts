/**
 * Walkers in the fields of a flow on a line: transport carries them, x' = -w_W ∇c*(∂E_loc); under reweighting those with E_loc above the
 * mean die at the rate w_FR (E_loc - E) and take the place of another, those below double at the rate w_FR (E - E_loc), in the place of
 * another. W carries, FR teleports.
 *
 * @source  births and deaths: Lu, Lu & Nolen, arXiv 1905.09863
 */
import type { Random } from "../../array/index.ts";
import type { Weights } from "./gaussian.ts";
import type { Snapshot } from "./line-flow.ts";
import { cumulated, edgesOf, quantile } from "./observe.ts";
import type { Grid } from "./potential.ts";

/** Walkers at one time. */
export interface WalkersAt {
  readonly time: number;
  /** Places in a0. */
  readonly places: Float64Array;
  /** Which walker of the time before each is, or is a copy of. */
  readonly parents: Int32Array;
}

/** Places of n walkers that a density puts at levels (i + ½)/n of its mass: evenly, without noise. */
export function evenPlaces(grid: Grid, density: Float64Array, count: number): Float64Array {
  const [edges, cumulative] = [edgesOf(grid), cumulated(density)];
  return Float64Array.from({ length: count }, (_, i) => quantile(edges, cumulative, (i + 0.5) / count));
}

/**
 * Moves walkers from the first snapshot through all, by Heun's method from each to the next: the snapshots must be close to each other.
 */
export function moveWalkers(
  { x, step, low }: Grid,
  flow: readonly Snapshot[],
  start: Float64Array,
  { transport, reweighting }: Weights,
  rng: Random,
): WalkersAt[] {
  const velocity = (push: Float64Array, at: number): number => -transport * interpolate(push, (at - low) / step - 1.5);
  const energyAt = ({ localEnergy }: Snapshot, at: number): number => interpolate(localEnergy, (at - low) / step - 1);
  const found: WalkersAt[] = [{ time: flow[0].time, places: start, parents: Int32Array.from(start, (_, i) => i) }];
  for (let k = 1; k < flow.length; k++) {
    const [before, after] = [flow[k - 1], flow[k]];
    const dt = after.time - before.time;
    const last = found[k - 1].places;
    const moved = last.map((at) => {
      const first = velocity(before.push, at);
      const next = at + (dt / 2) * (first + velocity(after.push, at + dt * first));
      return Math.min(Math.max(next, x[0]), x[x.length - 1]);
    });
    const growth = moved.map((at, i) => -(reweighting * dt * (energyAt(before, last[i]) + energyAt(after, at))) / 2);
    const parents = bornAndDead(growth, rng);
    found.push({ time: after.time, places: Float64Array.from(parents, (parent) => moved[parent]), parents });
  }
  return found;
}

/** Of whom each walker is the copy after an interval in which log weights would have grown by so much. */
function bornAndDead(growth: Float64Array, rng: Random): Int32Array {
  const count = growth.length;
  const parents = Int32Array.from(growth, (_, i) => i);
  const mean = growth.reduce((sum, g) => sum + g, 0) / count;
  const [chance, others] = [rng.uniform([count], "f64").data, rng.integers(0, count, [count]).data];
  growth.forEach((g, i) => {
    const excess = g - mean;
    if (parents[i] !== i || chance[i] > -Math.expm1(-Math.abs(excess))) return;
    const other = others[i];
    if (excess < 0) parents[i] = parents[other];
    else parents[other] = i;
  });
  return parents;
}

/** Of values at 0, 1, 2, … at a place between, or at the nearer end. */
function interpolate(values: Float64Array, at: number): number {
  const place = Math.min(Math.max(at, 0), values.length - 1);
  const i = Math.min(Math.floor(place), values.length - 2);
  return values[i] + (place - i) * (values[i + 1] - values[i]);
}
