/** Whether the steps of the solver are small enough, and weights even enough. */
import { type NdArray, toNumbers } from "../../array/index.ts";

/**
 * Largest root mean square by which pictures may differ from those of twice as many steps, of values in [0, 1]: five grey levels of 256, which one
 * begins to see in a flat area.
 */
const mostSolverError = 0.02;

/** Root mean square difference of two sets of the same pictures. */
export function pictureDifference(a: NdArray, b: NdArray): number {
  const [x, y] = [toNumbers(a), toNumbers(b)];
  return Math.sqrt(x.reduce((sum, v, i) => sum + (v - y[i]) ** 2, 0) / x.length);
}

/** What is said of an error of the solver. */
export const solverCautions = (error: number | undefined, solver: string): string[] =>
  error === undefined || error <= mostSolverError
    ? []
    : [
        `pictures of twice as many steps differ by ${error.toFixed(3)} (root mean square of values in [0, 1], limit ${mostSolverError}): the steps of ${solver} are too long; take more of them, or --solver dopri5`,
      ];

/** Below this share of effective pictures a few of them stand for all. */
const leastEffective = 0.05;

/** What is said of weights of growth. */
export const weightCautions = (share: number): string[] =>
  share >= leastEffective
    ? []
    : [`growth dominates: the pictures count as ${(100 * share).toFixed(1)} % of their number (limit 5 %); lower --growth`];
