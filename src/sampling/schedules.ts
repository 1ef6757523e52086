/** Schedules 0 = β_0 < … < β_T = 1 of a path. */
import { UserError } from "../errors.ts";

/** β_t = t / T. */
export const linearSchedule = (increments: number): Float64Array => powerSchedule(increments, 1);

/** β_t = (t / T)^p: p > 1 is slow where β is small. */
export function powerSchedule(increments: number, power: number): Float64Array {
  checkIncrements(increments);
  if (!(power > 0 && Number.isFinite(power))) throw new UserError(`powerSchedule: the power ${power} is not positive`);
  return Float64Array.from({ length: increments + 1 }, (_, t) => (t / increments) ** power);
}

/**
 * γ_t = σ(r (2t/T - 1)), β_t = (γ_t - γ_0) / (γ_T - γ_0): slow at both ends, the more so the larger r.
 *
 * @source  Grosse et al., Sandwiching the marginal likelihood (2015), section 5.1
 */
export function sigmoidSchedule(increments: number, radius = 4): Float64Array {
  checkIncrements(increments);
  if (!(radius > 0 && Number.isFinite(radius))) throw new UserError(`sigmoidSchedule: the radius ${radius} is not positive`);
  // σ(a) - σ(-r) = (tanh(a/2) + tanh(r/2)) / 2
  const end = Math.tanh(radius / 2);
  const betas = Float64Array.from(
    { length: increments + 1 },
    (_, t) => (Math.tanh((radius / 2) * ((2 * t) / increments - 1)) / end + 1) / 2,
  );
  betas[0] = 0;
  betas[increments] = 1;
  return betas;
}

/** Fluctuations along a path, from pilot chains. */
export interface PathPilot {
  /** Increasing, in [0, 1]. */
  readonly betas: ArrayLike<number>;
  /** V(β): variance of ∂ log π_β / ∂β under π_β, within one data point. */
  readonly variances: ArrayLike<number>;
}

export interface AdaptiveSchedule {
  readonly betas: Float64Array;
  /** Thermodynamic length Λ = ∫₀¹ √V dβ. */
  readonly length: number;
  /** Λ² / T: the gap between lower and upper bound that perfect transitions would leave, for large T. */
  readonly gap: number;
}

/** Points of the logarithmic grid from 1e-8 to 1. */
const gridPoints = 400;
/** Temperatures whose log variances are averaged: estimates from pairs of chains have a relative error of about √2. */
const smoothing = 11;
/**
 * Smallest share of the largest log-β speed β √V. Where a pilot saw no fluctuation some temperatures are spent nevertheless. A floor on √V
 * itself would be wrong: it spans five decades along a path.
 */
const leastSpeed = 0.02;

/**
 * The schedule of constant thermodynamic speed, Δβ ∝ 1/√V: it minimises Σ Δβ² V, the gap of annealed bounds, at Λ²/T.
 *
 * @param pilot  fluctuations from chains other than those that are reported; `exact` variances are not smoothed
 * @source  Crooks, Phys. Rev. Lett. 99 (2007); Grosse, Maddison & Salakhutdinov, NIPS (2013), section 4
 */
export function adaptiveSchedule(
  pilot: PathPilot,
  increments: number,
  { exact = false }: { readonly exact?: boolean } = {},
): AdaptiveSchedule {
  checkIncrements(increments);
  const speedAt = speedOf(pilot, exact ? 1 : smoothing);
  const grid = gridWith(pilot.betas);
  const most = grid.reduce((top, u) => Math.max(top, u * speedAt(u)), 0);
  if (!(most > 0)) return { betas: linearSchedule(increments), length: 0, gap: 0 };
  const speeds = grid.map((u) => (u > 0 ? Math.max(speedAt(u), (leastSpeed * most) / u) : speedAt(u)));
  const travelled = new Float64Array(grid.length);
  const length = new Float64Array(grid.length);
  for (let i = 1; i < grid.length; i++) {
    const width = grid[i] - grid[i - 1];
    travelled[i] = travelled[i - 1] + (width * (speeds[i] + speeds[i - 1])) / 2;
    length[i] = length[i - 1] + (width * (speedAt(grid[i]) + speedAt(grid[i - 1]))) / 2;
  }
  const total = length[grid.length - 1];
  return { betas: invert(grid, travelled, increments), length: total, gap: (total * total) / increments };
}

function checkIncrements(increments: number): void {
  if (!(Number.isInteger(increments) && increments >= 1)) throw new UserError(`schedule: ${increments} is not a number of increments`);
}

/** √V at any β: log V smoothed over the pilot's temperatures, interpolated in log β, constant below the first positive one. */
function speedOf({ betas, variances }: PathPilot, window: number): (beta: number) => number {
  const given = Array.from(betas, (beta, i) => [beta, variances[i]]).filter(([beta, v]) => beta > 0 && v > 0 && Number.isFinite(v));
  if (given.length === 0) return () => 0;
  const at = given.map(([beta]) => Math.log(beta));
  const logs = smooth(
    given.map(([, v]) => Math.log(v)),
    window,
  );
  return (beta) => {
    const l = beta > 0 ? Math.log(beta) : Number.NEGATIVE_INFINITY;
    const i = at.findIndex((a) => a >= l);
    if (i === 0) return Math.exp(logs[0] / 2);
    if (i < 0) return Math.exp(logs[logs.length - 1] / 2);
    const share = (l - at[i - 1]) / (at[i] - at[i - 1]);
    return (1 - share) * Math.exp(logs[i - 1] / 2) + share * Math.exp(logs[i] / 2);
  };
}

/** Means over a centred window, cut short at the ends so that it stays centred. */
export function smooth(values: readonly number[], window: number): number[] {
  return values.map((_, i) => {
    const half = Math.min((window - 1) >> 1, i, values.length - 1 - i);
    let sum = 0;
    for (let j = i - half; j <= i + half; j++) sum += values[j];
    return sum / (2 * half + 1);
  });
}

/** 0, a logarithmic grid, and the pilot's temperatures. */
function gridWith(betas: ArrayLike<number>): number[] {
  const logarithmic = Array.from({ length: gridPoints }, (_, i) => 1e-8 ** (1 - i / (gridPoints - 1)));
  return [...new Set([0, ...logarithmic, ...Array.from(betas).filter((b) => b > 0 && b < 1), 1])].toSorted((a, b) => a - b);
}

/** β_t at which t / T of the way is travelled. */
function invert(grid: readonly number[], travelled: Float64Array, increments: number): Float64Array {
  const betas = new Float64Array(increments + 1);
  const total = travelled[travelled.length - 1];
  for (let t = 1, i = 1; t < increments; t++) {
    const goal = (t * total) / increments;
    while (travelled[i] < goal) i++;
    const share = (goal - travelled[i - 1]) / (travelled[i] - travelled[i - 1]);
    betas[t] = grid[i - 1] + share * (grid[i] - grid[i - 1]);
  }
  betas[increments] = 1;
  return betas;
}
