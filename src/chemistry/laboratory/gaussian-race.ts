/** Flows of a Gaussian in a round trap of any dimension, in closed form or by their ordinary differential equations. */
import type { Random } from "../../array/index.ts";
import {
  type Gaussian,
  gaussianDissipation,
  gaussianDistance,
  gaussianEnergy,
  gaussianFidelity,
  gaussianFlow,
  groundGaussian,
  reweighted,
  type Trap,
  transported,
  type Weights,
} from "./gaussian.ts";
import { gaussianExtent, gaussianStart, normalised, type Snapshot } from "./line-flow.ts";
import { modesOf } from "./line-race.ts";
import type { Observed } from "./observe.ts";
import { boundBox, type Grid, hamiltonian, makeGrid, type Potential } from "./potential.ts";
import { courseOf, flowTimes, type Race, type RaceOptions } from "./race.ts";
import { lowestStates } from "./tridiagonal.ts";

/** Points at which the densities of one coordinate are drawn. */
const points = 255;

/** @param racers  their costs are l2: under others a Gaussian does not stay one */
export async function gaussianRace(trap: Trap, start: Gaussian, { racers, time, intervals }: RaceOptions, rng: Random): Promise<Race> {
  const { omega, dimension } = trap;
  const potential: Potential = async (x) => x.map((at) => (omega ** 2 / 2) * at ** 2);
  const grid = await makeGrid(potential, await boundBox(potential, gaussianExtent(start)), points);
  // of one coordinate only: gaps are n ω, and what a start has of them is what its coordinate along the mean has
  const begin = normalised(gaussianStart(grid, start), grid.step);
  const groundEnergy = (dimension * omega) / 2;
  const modes = modesOf(lowestStates(hamiltonian(grid), 6), begin, grid).map(({ n, overlap, present }) => ({
    ...{ n, overlap, present, boxed: false },
    gap: n * omega,
    energy: groundEnergy + n * omega,
  }));
  const times = flowTimes(time, intervals);
  const courses = await Promise.all(
    racers.map(async (racer) => {
      const path = await pathOf(trap, start, times, racer.weights);
      const snapshots = path.map((q, k) => snapshotOf(grid, trap, q, times[k]));
      const observed = path.map((q, k) => observedOf(trap, q, times[k]));
      return courseOf(racer, { grid, modes, groundEnergy }, snapshots, observed, rng);
    }),
  );
  return { grid, groundEnergy, groundDensity: snapshotOf(grid, trap, groundGaussian(trap), 0).density, modes, courses };
}

/** In closed form where there is one; a factor of a pure flow is a factor of its time. */
async function pathOf(trap: Trap, start: Gaussian, times: readonly number[], weights: Weights): Promise<Gaussian[]> {
  const { transport, reweighting } = weights;
  if (reweighting === 0) return times.map((t) => transported(trap, start, transport * t));
  if (transport === 0) return times.map((t) => reweighted(trap, start, reweighting * t));
  return gaussianFlow(trap, start, times, weights);
}

function observedOf(trap: Trap, q: Gaussian, time: number): Observed {
  const { variance, squaredGradient } = gaussianDissipation(trap, q);
  return {
    ...{ time, variance, dissipation: squaredGradient, energy: gaussianEnergy(trap, q) },
    distance: gaussianDistance(trap, q),
    fidelity: gaussianFidelity(trap, q),
  };
}

/** The coordinate along the mean, on a grid: q, ½ ω² x² + 1/(4s) - (x - m)²/(8s²), and the derivative of that between neighbours. */
function snapshotOf({ x, step }: Grid, { omega }: Trap, { mean, variance: s }: Gaussian, time: number): Snapshot {
  const density = x.map((at) => Math.exp(-((at - mean) ** 2) / (2 * s)) / Math.sqrt(2 * Math.PI * s));
  const push = x.slice(1).map((at) => omega ** 2 * (at - step / 2) - (at - step / 2 - mean) / (4 * s ** 2));
  return {
    ...{ time, density, push, log: density.map((q) => Math.log(q) / 2) },
    localEnergy: x.map((at) => (omega ** 2 / 2) * at ** 2 + 1 / (4 * s) - (at - mean) ** 2 / (8 * s ** 2)),
  };
}
