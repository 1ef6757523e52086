/** Flows of one electron in any potential on a line, from a Gaussian q, on a grid. */
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { formatNumber } from "../../numbers.ts";
import type { Gaussian } from "./gaussian.ts";
import { gaussianExtent, gaussianStart, lineFlow, normalised, type Snapshot } from "./line-flow.ts";
import type { Mode } from "./modes.ts";
import { observe } from "./observe.ts";
import { boundBox, type Grid, hamiltonian, makeGrid, type Potential } from "./potential.ts";
import { type Course, courseOf, flowTimes, type Race, type RaceOptions, type Racer } from "./race.ts";
import { type Eigenstate, lowestEnergies, lowestStates } from "./tridiagonal.ts";

/** A potential on a grid with what flows are compared with, and the start: all that can be refused has been. */
export interface LineField extends Omit<Race, "courses"> {
  /** ℓ = log ψ of the start, of norm 1. */
  readonly begin: Float64Array;
}

/** States whose modes are looked at, the ground state among them. */
const states = 7;

/** @throws UserError  where the potential binds nothing, or the grid is too coarse for it or for the start */
export async function lineField(potential: Potential, start: Gaussian, points: number): Promise<LineField> {
  const grid = await makeGrid(potential, await boundBox(potential, gaussianExtent(start)), points);
  const begin = normalised(gaussianStart(grid, start), grid.step);
  const found = lowestStates(hamiltonian(grid), states);
  await checkGrid(grid, potential, start, found);
  const [{ energy: groundEnergy, vector }] = found;
  const groundDensity = vector.map((psi) => psi ** 2 / grid.step);
  return { grid, begin, groundEnergy, groundDensity, modes: modesOf(found, begin, grid) };
}

/** @param stop  asked at every time that a flow reaches; where it says so there is no result */
export async function lineRace(
  field: LineField,
  { racers, time, intervals }: RaceOptions,
  rng: Random,
  stop: (racer: Racer, reached: number) => boolean = () => false,
): Promise<Race | undefined> {
  const { grid, begin, groundDensity } = field;
  const courses: Course[] = [];
  for (const racer of racers) {
    const snapshots: Snapshot[] = [];
    for await (const snapshot of lineFlow(grid, begin, flowTimes(time, intervals), racer)) {
      snapshots.push(snapshot);
      if (stop(racer, snapshots.length - 1)) return undefined;
    }
    const observed = snapshots.map((snapshot) => observe(grid, snapshot, groundDensity));
    courses.push(courseOf(racer, field, snapshots, observed, rng));
  }
  return { ...field, courses };
}

/** Overlaps below this part of the largest are none: rounding errors of a parity that is not there. */
const least = 1e-6;

/** Excited states and what the start, log ψ of norm 1, has of each. A start that is far from all of them has every mode. */
export function modesOf(found: readonly Eigenstate[], log: Float64Array, { step }: Grid): Mode[] {
  const overlaps = found.map(({ vector }) => vector.reduce((sum, psi, k) => sum + psi * Math.exp(log[k]) * Math.sqrt(step), 0));
  const largest = overlaps.reduce((most, o) => Math.max(most, Math.abs(o)), 0);
  return found.slice(1).map(({ energy, vector }, i) => ({
    ...{ n: i + 1, energy, gap: energy - found[0].energy, overlap: overlaps[i + 1], boxed: reachesWalls(vector) },
    present: largest < least || Math.abs(overlaps[i + 1]) > least * largest,
  }));
}

/**
 * Whether second differences can tell of the start and of the ground state.
 *
 * Where ℓ = log ψ has the slope ℓ', they err by (h ℓ')²/12 of the kinetic energy: h |ℓ'| ≤ 1 wherever the ground state is. Twice as many
 * points may move its energy by no more than 0.5 % of the way to the third state.
 *
 * @throws UserError
 */
async function checkGrid(grid: Grid, potential: Potential, { mean, variance }: Gaussian, found: readonly Eigenstate[]): Promise<void> {
  const [ground, , third] = found;
  const { step, x } = grid;
  const width = `${x.length} points over ${formatNumber(grid.high - grid.low)} a0`;
  if (step > Math.sqrt(variance) / 2)
    throw new UserError(
      `a start of variance ${variance} falls between the points of the grid (${width})`,
      `its variance must be at least ${formatNumber(1.1 * (2 * step) ** 2)} a0²`,
    );
  const top = ground.vector.reduce((most, psi) => Math.max(most, psi), 0);
  const steepest = x.reduce(
    (most, at, i) => (ground.vector[i] > 0.03 * top ? Math.max(most, Math.abs(at - mean) / (2 * variance)) : most),
    0,
  );
  if (step * steepest > 1)
    throw new UserError(
      `the start is too far from the ground state, or too narrow, for the grid (${width}): ψ changes by e^${formatNumber(step * steepest)} between points`,
      "choose a start that is nearer, or wider",
    );
  const [fine] = lowestEnergies(hamiltonian(await makeGrid(potential, grid, 2 * x.length + 1)), 1);
  if (Math.abs(fine - ground.energy) > 0.005 * (third.energy - ground.energy))
    throw new UserError(
      `the grid (${width}) is too coarse for the ground state: its energy is off by ${formatNumber(fine - ground.energy)} hartree`,
      "the box has to hold the start too: one that is nearer to the well, or narrower, makes it smaller",
    );
}

/** A bound state has fallen to e^-7 of its height there. */
function reachesWalls(vector: Float64Array): boolean {
  const top = vector.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  return Math.max(Math.abs(vector[0]), Math.abs(vector[vector.length - 1])) > 1e-3 * top;
}
