/** Runs flows of a density on a line; see `line-program.ts` for the equation. */
import { ndarray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { constant, jit, type Tensor } from "../../tensor/index.ts";
import type { Bands } from "./banded.ts";
import type { Gaussian } from "./gaussian.ts";
import { type LineFlow, linearisedRate, localEnergy, logRate, pushOf } from "./line-program.ts";
import type { Box, Grid } from "./potential.ts";
import { rodas, type StiffEquation } from "./rosenbrock.ts";

/** A density at a time, point by point of a grid. */
export interface Snapshot {
  readonly time: number;
  /** q in a0⁻¹, with Σ q h = 1. */
  readonly density: Float64Array;
  /** log ψ of the same norm. */
  readonly log: Float64Array;
  /** E_loc in hartree. */
  readonly localEnergy: Float64Array;
  /** ∇c*(∂E_loc) between neighbouring points, [points - 1]. */
  readonly push: Float64Array;
}

/**
 * log ψ of a Gaussian q, with images behind the walls, that are 0 there: ψ(x) - ψ(2 wall - x), so that E_loc stays bounded at them.
 */
export function gaussianStart({ low, high, x }: Grid, { mean, variance }: Gaussian): Float64Array {
  const log = (at: number): number => -((at - mean) ** 2) / (4 * variance);
  return x.map((at) => log(at) + [low, high].reduce((sum, wall) => sum + Math.log(-Math.expm1(log(2 * wall - at) - log(at))), 0));
}

/** An interval outside of which a Gaussian q has no more than e^-32 of its height. */
export const gaussianExtent = ({ mean, variance }: Gaussian): Box => ({
  low: mean - 8 * Math.sqrt(variance),
  high: mean + 8 * Math.sqrt(variance),
});

/** Errors of ψ in L², a step. */
const tolerance = 1e-7;

/** Points whose ψ is smaller than this part of the largest are held to the tolerance as if it were not: tails stay smooth. */
const floor = 1e-5;

/**
 * The flow at given times, from ℓ = log ψ at the first: one snapshot after the other.
 *
 * @param times  rising
 * @throws UserError  where the equation cannot be followed
 */
export async function* lineFlow(grid: Grid, start: Float64Array, times: readonly number[], flow: LineFlow): AsyncGenerator<Snapshot> {
  const points = grid.x.length;
  const { step, potential } = grid;
  const vector = (y: Float64Array) => ndarray(Float64Array.from(y), [points], "f64");
  const v = vector(potential);
  const f = jit((log: Tensor) => logRate(log, constant(v), step, flow));
  const df = jit((log: Tensor, colours: Tensor) => linearisedRate(log, colours, constant(v), step, flow));
  const look = jit((log: Tensor) => {
    const energy = localEnergy(log, constant(v), step);
    return { energy, push: pushOf(log, energy, step, flow.cost) };
  });
  const colours = ndarray(
    Float64Array.from({ length: 5 * points }, (_, i) => Number((i % points) % 5 === Math.floor(i / points))),
    [5, points],
    "f64",
  );
  const equation: StiffEquation = {
    rate: async (y) => doubles(await f(vector(y))),
    async linearised(y) {
      const { rate, columns } = await df(vector(y), colours);
      return { rate: doubles(rate), jacobian: bandsOf(doubles(columns), points) };
    },
    errorSize: errorSize,
  };
  const snapshot = async (time: number, log: Float64Array): Promise<Snapshot> => {
    const { energy, push } = await look(vector(log));
    return { time, log, density: log.map((l) => Math.exp(2 * l)), localEnergy: doubles(energy), push: doubles(push) };
  };
  try {
    let y = normalised(start, step);
    let size = 1e-4 * (times[1] - times[0]);
    yield await snapshot(times[0], y);
    for (let k = 1; k < times.length; k++) {
      const moved = await rodas(equation, y, times[k] - times[k - 1], size);
      y = normalised(moved.y, step);
      size = moved.step;
      yield await snapshot(times[k], y);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(`the flow cannot be followed: ${error.message}`, "a start that is wider and nearer to the well is smoother");
  } finally {
    await Promise.all([f.dispose(), df.dispose(), look.dispose()]);
  }
}

/** ℓ with Σ ψ² h = 1. */
export function normalised(log: Float64Array, step: number): Float64Array {
  const top = log.reduce((most, l) => Math.max(most, l), Number.NEGATIVE_INFINITY);
  const mass = log.reduce((sum, l) => sum + Math.exp(2 * (l - top)), 0) * step;
  const shift = top + Math.log(mass) / 2;
  return log.map((l) => l - shift);
}

/** Error of ψ in L², over the tolerance; the error of the norm, which means nothing, is left out. */
function errorSize(error: Float64Array, log: Float64Array): number {
  const top = log.reduce((most, l) => Math.max(most, l), Number.NEGATIVE_INFINITY);
  const weights = log.map((l) => Math.max(Math.exp(l - top), floor) ** 2);
  const all = weights.reduce((sum, w) => sum + w, 0);
  const mean = error.reduce((sum, e, i) => sum + weights[i] * e, 0) / all;
  return Math.sqrt(error.reduce((sum, e, i) => sum + weights[i] * (e - mean) ** 2, 0) / all) / tolerance;
}

const doubles = ({ data }: { data: ArrayLike<number | bigint> }): Float64Array => Float64Array.from(data, Number);

/** Bands of a Jacobian from its columns by colour. */
function bandsOf(columns: Float64Array, points: number): Bands {
  return [-2, -1, 0, 1, 2].map((offset) =>
    Float64Array.from({ length: points }, (_, i) => columns[((((i + offset) % 5) + 5) % 5) * points + i]),
  );
}
