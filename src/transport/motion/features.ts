/**
 * Features in time: their moments over the moved particles and over the snapshots; of genes, through the components that they were made
 * into.
 */

import { type NdArray, ndarray, toNumbers } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { nearest, UserError } from "../../errors.ts";
import { jit, maximum, sqrt, type Tensor } from "../../tensor/index.ts";
import type { Frame } from "./frames.ts";

/** Mean and standard deviation of a feature at a time. */
export interface Moment {
  readonly time: number;
  readonly mean: number;
  readonly deviation: number;
}

/** A feature in time. */
export interface FeatureCurve {
  readonly feature: string;
  /** Weighted mean and standard deviation over the moved particles, and over the snapshots. */
  readonly learned: readonly Moment[];
  readonly observed: readonly Moment[];
}

/** Of all features at one time. */
interface Moments {
  readonly time: number;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Names of the features that a user knows: those of the file, or those that its components were made from. */
const namesOf = ({ components, features }: Pick<Population, "components" | "features">): readonly string[] =>
  components?.features ?? features;

/**
 * Weighted means and standard deviations of c + z W, [features], for rows z [n, d] with weights [n]: of z only the mean and the covariance
 * are needed.
 */
const moments = jit((z: Tensor, weights: Tensor, c: Tensor, W: Tensor) => {
  const share = weights.div(weights.sum()).expandDims(1);
  const mean = z.mul(share).sum(0, true);
  const off = z.sub(mean);
  const covariance = off.mul(share).transpose().matmul(off);
  return { mean: mean.matmul(W).squeeze(0).add(c), deviation: sqrt(maximum(covariance.matmul(W).mul(W).sum(0), 0)) };
});

const double = (data: ArrayLike<number>, shape: readonly number[]): NdArray => ndarray(Float64Array.from(data), shape, "f64");

/** What is known of the features at the particles. */
type Described = Pick<Population, "times" | "snapshots" | "weights" | "features" | "components">;

/** All features of the data, in their order. */
export async function featureCurves(data: Described, all: readonly Frame[]): Promise<FeatureCurve[]> {
  const { components } = data;
  const names = namesOf(data);
  const d = data.features.length;
  const c = double(components?.mean ?? new Float64Array(d), [names.length]);
  const W = double(components?.directions ?? Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0)), [
    d,
    names.length,
  ]);
  const at = async (time: number, cloud: NdArray<"f32">, weights: ArrayLike<number>): Promise<Moments> => {
    const { mean, deviation } = await moments(double(cloud.data, cloud.shape), double(weights, [cloud.shape[0]]), c, W);
    return { time, mean: toNumbers(mean), deviation: toNumbers(deviation) };
  };
  const learned: Moments[] = [];
  for (const { time, cloud, logWeight } of all) learned.push(await at(time, cloud, logWeight.data.map(Math.exp)));
  const observed: Moments[] = [];
  for (const [k, s] of data.snapshots.entries())
    observed.push(await at(data.times[k], s, data.weights?.[k].data ?? new Float64Array(s.shape[0]).fill(1)));
  const curve = (from: readonly Moments[], j: number): Moment[] =>
    from.map(({ time, mean, deviation }) => ({ time, mean: mean[j], deviation: deviation[j] }));
  return names.map((feature, j) => ({ feature, learned: curve(learned, j), observed: curve(observed, j) }));
}

/** Most features in the picture. */
const most = 8;

/**
 * The features that are asked for, in a list such as `SOX2,PAX6`.
 *
 * @throws UserError  for names that are no features
 */
export function shownFeatures(data: Pick<Population, "components" | "features">, show: string | undefined): string[] | undefined {
  const names = namesOf(data);
  return show?.split(",").map((text) => {
    const name = text.trim();
    if (names.includes(name)) return name;
    const guess = nearest(name, names);
    const known = data.components ? `${names.length} features that the components were made from` : "features";
    throw new UserError(
      `--show: "${name}" is not among the ${known}`,
      guess ? `did you mean "${guess}"?` : `they are ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}`,
    );
  });
}

/** The curves to draw: those asked for, or the ones whose observed means move most. */
export function curvesToDraw(curves: readonly FeatureCurve[], shown: readonly string[] | undefined): FeatureCurve[] {
  if (!shown && curves.length <= most) return [...curves];
  if (shown) return shown.map((name) => curves.find((c) => c.feature === name) as FeatureCurve);
  const way = ({ observed }: FeatureCurve): number => {
    const means = observed.map((o) => o.mean);
    return Math.max(...means) - Math.min(...means);
  };
  const order = curves.map((curve, j) => ({ curve, j, way: way(curve) })).sort((a, b) => b.way - a.way);
  return order.slice(0, most).map((o) => o.curve);
}
