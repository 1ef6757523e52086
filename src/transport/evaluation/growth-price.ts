/**
 * λ, the price of growth, from the data. Carrying a mass ΔM over a distance D costs ½ D² ΔM, growing it (2/λ) Σ (√M₁ - √M₀)², so that the
 * right λ falls like 1/D²: in standardised units it depends on the data, and on their dimension.
 */
import { type Random, randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { spread, w1Deviations, wasserstein } from "../../distances/index.ts";
import { formatNumber } from "../../numbers.ts";
import type { ForceOptions } from "../forces/forces.ts";
import { cloudsOf, type PrepareOptions } from "../learning/prepare.ts";
import { type Cloud, weighted } from "../paths/cloud.ts";
import type { TimeSplit } from "../paths/split.ts";
import { timeText } from "../paths/units.ts";
import { unbalancedDisplacement } from "./displacement.ts";
import { plusMinus, type ResultTable } from "./results.ts";
import { subsampled } from "./thinning.ts";

/** A λ, and how near the midpoints of unbalanced transport with it come to inner snapshots left out. */
export interface PricedGrowth {
  readonly growth: number;
  /** Mean W1, in units of the training. */
  readonly w1: number;
  /** W1 less that of the best λ, and the standard error of the difference over the same resamples of the snapshots. */
  readonly behind: number;
  readonly error: number;
  /** |log| of the mass there over the observed one, averaged. */
  readonly massError: number;
}

/** What a λ is chosen for. */
export type PricedPopulation = Pick<PrepareOptions, "scale" | "mass" | "seed"> & ForceOptions;

/** The λ that is taken, and why. */
export interface GrowthPrice {
  readonly growth: number;
  readonly why: string;
  /** Empty where no snapshot can be left out. */
  readonly table: readonly PricedGrowth[];
}

/** From nearly balanced to mostly growth: above 4 no mass is carried farther than π/2 standard deviations. */
const grid = [0.03, 0.1, 0.3, 0.5, 1, 2, 4];

/** Most particles of a snapshot that are looked at, and most snapshots that are left out in turn. */
const most = 250;
const mostFolds = 4;

/** Inner snapshots to leave out in turn, at most four, spread evenly. */
export function leftOut({ train }: Pick<TimeSplit, "train">): number[] {
  const inner = train.slice(1, -1);
  return inner.filter((_, i) => i % Math.ceil(inner.length / mostFolds) === 0);
}

/** Forces that the midpoint of unbalanced transport does not know. */
const forces = ["drift", "velocity", "cost", "potential", "interaction"] as const;

/** How many plans of transport `growthFromData` makes: none where λ has a formula. */
export const growthTrials = (options: ForceOptions, split: TimeSplit): number =>
  forces.some((name) => options[name] !== undefined) ? 0 : grid.length * leftOut(split).length;

/**
 * The smallest λ whose mean W1 is within one standard error of the lowest: the midpoint of the discrete unbalanced transport between the
 * neighbours of an inner training snapshot, to that snapshot. The smallest, because a greater λ than the data ask for lets mass dip on the
 * way. Where no snapshot can be left out, or forces act, 2 / Σ σ_j² over the features: then the greatest distance that mass is carried,
 * π/√λ, is 2.2 times the particles' root mean square distance from their centre.
 *
 * @param progress  told after each plan how many of how many are done
 */
export async function growthFromData(
  data: Population,
  options: PricedPopulation,
  split: TimeSplit,
  progress?: (done: number, total: number) => void,
): Promise<GrowthPrice> {
  const { clouds, times } = cloudsOf(data, options, split);
  const folds = leftOut(split);
  const force = forces.find((name) => options[name] !== undefined);
  if (folds.length === 0 || force !== undefined) {
    const variance = totalVariance(split.train.map((k) => clouds[k]));
    const growth = Number((2 / variance).toPrecision(2));
    const reason = force ? `--${force} moves particles, which midpoints do not know` : "there is no inner snapshot to leave out";
    return { growth, table: [], why: `2 over the variance of the particles (${formatNumber(variance)}), because ${reason}` };
  }
  const rng = randomStream(options.seed).fold("growth");
  const total = grid.length * folds.length;
  let done = 0;
  progress?.(done, total);
  const scores: Scored[][] = [];
  for (const growth of grid) {
    const row: Scored[] = [];
    for (const held of folds) {
      row.push(await scoreAt(growth, clouds, times, split, held, rng));
      progress?.(++done, total);
    }
    scores.push(row);
  }
  const table = compared(scores);
  const lowest = table.reduce((a, b) => (b.w1 < a.w1 ? b : a));
  const { growth } = table.find((r) => r.behind <= r.error) as PricedGrowth;
  const shown = table.map((r) => `${r.growth}: ${r.w1.toFixed(3)}`).join(", ");
  const why =
    `the smallest whose mean W1 is within one standard error of the lowest (at ${lowest.growth}), of midpoints of unbalanced transport ` +
    `at ${folds.map((k) => timeText(data.times[k])).join(", ")}, ${folds.length > 1 ? "each " : ""}left out (${shown})`;
  return { growth, why, table };
}

interface Scored {
  readonly w1: number;
  readonly deviations: Float64Array;
  readonly mass: number;
}

async function scoreAt(
  growth: number,
  clouds: readonly Cloud[],
  times: readonly number[],
  { train }: TimeSplit,
  held: number,
  rng: Random,
): Promise<Scored> {
  const at = train.indexOf(held);
  const [before, after] = [train[at - 1], train[at + 1]];
  // the same particles and resamples for every λ
  const random = rng.fold(held);
  const [a, b, truth] = [before, after, held].map((k, i) => subsampled(clouds[k], random.fold(i), most));
  const fraction = (times[held] - times[before]) / (times[after] - times[before]);
  const moved = await unbalancedDisplacement(a, b, fraction, growth, random.fold("pairs"), times[after] - times[before]);
  const w1 = wasserstein(moved.x, truth.points, { power: 1, weights: { x: moved.weights, y: truth.weights } });
  return { w1, deviations: w1Deviations(moved, weighted(truth), random.fold("bootstrap")), mass: moved.mass / clouds[held].mass };
}

/** Means over the snapshots left out, and differences to the best λ. */
function compared(scores: readonly (readonly Scored[])[]): PricedGrowth[] {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const means = scores.map((folds) => mean(folds.map((s) => s.w1)));
  const best = means.indexOf(Math.min(...means));
  return scores.map((folds, i) => {
    const errors = folds.map(({ deviations }, k) => spread(deviations.map((v, r) => v - scores[best][k].deviations[r])));
    const error = Math.hypot(...errors) / folds.length;
    return {
      ...{ growth: grid[i], w1: means[i], behind: means[i] - means[best] },
      error: Number.isFinite(error) ? error : 0, // too few particles to resample: the lowest is taken
      massError: mean(folds.map((s) => Math.abs(Math.log(s.mass)))),
    };
  });
}

/** Σ_j σ_j² of all particles, every snapshot by its number of particles. */
function totalVariance(clouds: readonly Cloud[]): number {
  const d = clouds[0].points.shape[1];
  const weights = clouds.map(({ points: { shape }, weights: w }) => {
    const sum = w ? Array.from(w).reduce((a, b) => a + b, 0) : shape[0];
    return (row: number): number => ((w ? w[row] : 1) * shape[0]) / sum;
  });
  const count = clouds.reduce((n, c) => n + c.points.shape[0], 0);
  let total = 0;
  for (let j = 0; j < d; j++) {
    let [first, second] = [0, 0];
    for (const [k, { points }] of clouds.entries())
      for (let i = 0; i < points.shape[0]; i++) {
        const x = points.data[i * d + j];
        first += weights[k](i) * x;
        second += weights[k](i) * x * x;
      }
    total += second / count - (first / count) ** 2;
  }
  return total;
}

/** The choice as a line of text. */
export const growthText = ({ growth, why }: GrowthPrice): string => `price of growth λ = ${growth} (--growth): ${why}`;

/** The choice as a table, where snapshots were left out. */
export const growthTable = ({ growth, why, table }: GrowthPrice): ResultTable => ({
  title: "Price of growth",
  columns: ["λ", "mean W1", "more than the lowest", "±", "mass off by", ""],
  rows: table.map((r) => [
    r.growth,
    r.w1,
    r.behind,
    r.error,
    `${(100 * Math.expm1(r.massError)).toFixed(1)} %`,
    r.growth === growth ? "taken" : "",
  ]),
  caption: `λ = ${growth}: ${why}. In units of the training, ${plusMinus.difference}; nothing was learned for it.`,
});
