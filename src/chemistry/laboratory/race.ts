/** What several flows make of one start, and how fast. Atomic units. */
import type { Random } from "../../array/index.ts";
import type { TransportCost } from "../flows/costs.ts";
import type { Weights } from "./gaussian.ts";
import type { Snapshot } from "./line-flow.ts";
import { decayRate, type Mode, measuredRate, slowest } from "./modes.ts";
import type { Observed } from "./observe.ts";
import type { Grid } from "./potential.ts";
import { evenPlaces, moveWalkers, type WalkersAt } from "./walkers.ts";

/** A flow with a name. */
export interface Racer {
  /** "W", "FR", "WFR": for files and legends. */
  readonly name: string;
  readonly weights: Weights;
  readonly cost: TransportCost;
}

/** What a flow did. */
export interface Course extends Racer {
  readonly observed: readonly Observed[];
  /** Densities on the grid, at all times; in more than one dimension those of the coordinate along the mean. */
  readonly snapshots: readonly Snapshot[];
  readonly walkers: readonly WalkersAt[];
  /** Decay rates a unit of time of the slowest mode that the start has, and of √(E - E₀) at the end of the run. */
  readonly predicted?: number;
  readonly measured?: number;
}

/** Several of them from one start. */
export interface Race {
  readonly grid: Grid;
  /** What the flows are compared with: the lowest energy, on the grid where they run on it, in hartree. */
  readonly groundEnergy: number;
  /** Density of the ground state at the points of the grid. */
  readonly groundDensity: Float64Array;
  readonly modes: readonly Mode[];
  readonly courses: readonly Course[];
}

/** Which flows, how long, and how often they are looked at. */
export interface RaceOptions {
  readonly racers: readonly Racer[];
  /** T > 0 in 1/hartree. */
  readonly time: number;
  readonly intervals: number;
}

/** Steps between snapshots, by default. */
export const usualIntervals = 160;

/** Times from 0 to the end, closer together at the beginning: t_k = T (k/n)². */
export const flowTimes = (time: number, intervals: number): number[] =>
  Array.from({ length: intervals + 1 }, (_, k) => time * (k / intervals) ** 2);

/** Walkers in a picture of a flow. */
const walkerCount = 60;

/** A course from what a flow did: its walkers, and its rate beside that of the modes. */
export function courseOf(
  racer: Racer,
  { grid, modes, groundEnergy }: Pick<Race, "grid" | "modes" | "groundEnergy">,
  snapshots: readonly Snapshot[],
  observed: readonly Observed[],
  rng: Random,
): Course {
  const mode = slowest(modes);
  const start = evenPlaces(grid, snapshots[0].density, walkerCount);
  return {
    ...racer,
    observed,
    snapshots,
    walkers: moveWalkers(grid, snapshots, start, racer.weights, rng.fold(racer.name)),
    predicted: mode && decayRate(mode.gap, racer.weights),
    measured: measuredRate(
      observed.map(({ time }) => time),
      observed.map(({ energy }) => energy - groundEnergy),
    ),
  };
}
