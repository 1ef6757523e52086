/** Potentials of one coordinate by formula, and the box that holds their ground state. Atomic units. */
import { ndarray, toNumbers } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import { readFormula } from "../energy/formula-field.ts";
import { lowestEnergies } from "./tridiagonal.ts";

/** V(x) in hartree at places in a0. */
export type Potential = (x: Float64Array) => Promise<Float64Array>;

/** The potential of a formula in x. @throws UserError  where the text is none */
export function potentialOf(text: string): Potential {
  const formula = readFormula(text);
  const run = jit((x: Tensor) => formula({ x }));
  return async (x) => Float64Array.from(toNumbers(await run(ndarray(Float64Array.from(x), [x.length], "f64"))));
}

/** Hard walls at `low` and `high`, in a0. */
export interface Box {
  readonly low: number;
  readonly high: number;
}

/** Interior points of an even grid between walls: x_i = low + (i + 1) h, ψ = 0 at the walls. */
export interface Grid extends Box {
  readonly step: number;
  readonly x: Float64Array;
  /** V at these points. */
  readonly potential: Float64Array;
}

/** @throws UserError  where V is no finite number */
export async function makeGrid(potential: Potential, { low, high }: Box, points: number): Promise<Grid> {
  const step = (high - low) / (points + 1);
  const x = Float64Array.from({ length: points }, (_, i) => low + (i + 1) * step);
  const values = await potential(x);
  const wrong = values.findIndex((v) => !Number.isFinite(v));
  if (wrong >= 0)
    throw new UserError(
      `potential: V is ${values[wrong]} at x = ${Number(x[wrong].toPrecision(4))} a0`,
      "V must be a finite number everywhere; soften what is singular, such as -1/sqrt(1+x^2)",
    );
  return { low, high, step, x, potential: values };
}

/** Second differences on a grid: -½ ∂² + V. */
export const hamiltonian = ({ step, potential }: Grid) => ({
  diagonal: potential.map((v) => v + 1 / step ** 2),
  off: -1 / (2 * step ** 2),
});

/** ψ falls by e^-16 beyond the classical region, which changes energies by less than e^-32. */
const decay = 16;

/** Half widths in a0, of boxes that are tried; narrow ones first, since in a wide one a narrow well falls between the points. */
const widths = [4, 8, 16, 32, 64, 128, 256];

/**
 * A box beyond whose walls the ground state (and an excited one, where there is room for it) has died out, by the action
 * ∫ √(2 (V - E)) dx between the classical region and each wall.
 *
 * @param also  an interval that must be inside
 * @throws UserError  where no state is bound
 */
export async function boundBox(potential: Potential, also?: Box): Promise<Box> {
  for (const half of widths) {
    const grid = await makeGrid(potential, { low: -half, high: half }, 2047);
    const [ground, excited] = lowestEnergies(hamiltonian(grid), 2);
    const walls = [excited, ground].map((energy) => deadEnds(grid, energy)).find((found) => found !== undefined);
    if (walls) return also ? { low: Math.min(walls.low, also.low), high: Math.max(walls.high, also.high) } : walls;
  }
  throw new UserError(
    `potential: no state is bound within ${widths.at(-1)} a0 of x = 0`,
    "V must rise, or stay above the energy of its well, on both sides",
  );
}

/** Where a state of this energy has died out on both sides, if it does inside of the grid. */
function deadEnds({ x, step, potential }: Grid, energy: number): Box | undefined {
  const inside = potential.map((v) => Number(v < energy));
  const [first, last] = [inside.indexOf(1), inside.lastIndexOf(1)];
  if (first < 0) return undefined;
  const end = (from: number, way: 1 | -1): number | undefined => {
    let action = 0;
    for (let i = from; i >= 0 && i < x.length; i += way) {
      action += step * Math.sqrt(2 * Math.max(0, potential[i] - energy));
      if (action > decay) return x[i];
    }
    return undefined;
  };
  const [low, high] = [end(first, -1), end(last, 1)];
  return low === undefined || high === undefined ? undefined : { low, high };
}
