/**
 * Stiff equations y' = f(y) whose Jacobian has a band: Rodas of order 4 with an embedded method of order 3, L-stable. A stage solves
 *
 *   (I/(γh) - J) k_i = f(y + Σ_{j<i} a_ij k_j) + Σ_{j<i} (c_ij / h) k_j,   y(t + h) ≈ y + Σ a_6j k_j + k_6,   error ≈ k_6
 *
 * @source  Hairer & Wanner II, section IV.7 and their RODAS.f
 */
import { type Bands, bandedSolver } from "./banded.ts";

const gamma = 0.25;

const a: readonly (readonly number[])[] = [
  [],
  [1.544],
  [0.9466785280815826, 0.2557011698983284],
  [3.314825187068521, 2.896124015972201, 0.9986419139977817],
  [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895],
  [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895, 1],
];

const c: readonly (readonly number[])[] = [
  [],
  [-5.6688],
  [-2.430093356833875, -0.2063599157091915],
  [-0.1073529058151375, -9.594562251023355, -20.47028614809616],
  [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616],
  [8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054],
];

export interface StiffEquation {
  /** f(y) */
  readonly rate: (y: Float64Array) => Promise<Float64Array>;
  /** f and its Jacobian. */
  readonly linearised: (y: Float64Array) => Promise<{ rate: Float64Array; jacobian: Bands }>;
  /** Size of an error at a state; a step is taken where it is at most 1. */
  readonly errorSize: (error: Float64Array, y: Float64Array) => number;
}

/** y(t + h), and the difference from the embedded method. */
export async function rodasStep(
  { rate }: Pick<StiffEquation, "rate">,
  y: Float64Array,
  h: number,
  first: { readonly rate: Float64Array; readonly jacobian: Bands },
): Promise<{ next: Float64Array; error: Float64Array }> {
  const solve = bandedSolver(first.jacobian.map((band, k) => band.map((j) => (k === 2 ? 1 / (gamma * h) : 0) - j)));
  const stages: Float64Array[] = [];
  let at = y;
  for (let i = 0; i < a.length; i++) {
    at = y.map((value, n) => a[i].reduce((sum, weight, j) => sum + weight * stages[j][n], value));
    const slope = i === 0 ? first.rate : await rate(at);
    stages.push(solve(slope.map((value, n) => c[i].reduce((sum, weight, j) => sum + (weight / h) * stages[j][n], value))));
  }
  const error = stages[stages.length - 1];
  return { next: at.map((value, n) => value + error[n]), error };
}

/** Most steps between two times; reached where an equation has no solution. */
const most = 20_000;

/**
 * The state after a time, by steps as their error allows.
 *
 * @param begin  size of the first step to try
 * @returns  the state, and the size of step to go on with
 * @throws RangeError  where steps become too small or too many
 */
export async function rodas(
  equation: StiffEquation,
  y: Float64Array,
  time: number,
  begin: number,
): Promise<{ y: Float64Array; step: number; steps: number }> {
  let [t, step] = [0, begin];
  for (let steps = 1; steps <= most; steps++) {
    const first = await equation.linearised(y);
    for (;;) {
      const h = Math.min(step, time - t);
      const { next, error } = await rodasStep(equation, y, h, first);
      const size = equation.errorSize(error, y);
      const factor = Number.isFinite(size) ? Math.min(6, Math.max(0.2, 0.9 * size ** -0.25)) : 0.1;
      if (size <= 1) {
        y = next;
        t += h;
        // a step that was cut by the end says nothing against longer ones
        step = h < step ? Math.max(step, h * factor) : h * factor;
        break;
      }
      step = h * Math.min(factor, 0.9);
      if (step < 1e-14 * time) throw new RangeError(`rodas: steps of ${step} at t = ${t}`);
    }
    if (t >= time * (1 - 1e-14)) return { y, step, steps };
  }
  throw new RangeError(`rodas: more than ${most} steps`);
}
