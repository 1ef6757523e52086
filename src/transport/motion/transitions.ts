/** Where the mass of groups goes between two times, and where it comes from. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Snapshots } from "../../data/snapshots.ts";
import { spread } from "../../distances/index.ts";
import { UserError } from "../../errors.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import type { TimePair } from "../paths/split.ts";
import { membership } from "./fates.ts";
import { particlesOf, type WeightedParticles } from "./particles.ts";
import type { TrainedModel } from "./push.ts";

/** A matrix of numbers, and their standard errors over resampled particles. */
export interface Estimated {
  readonly value: readonly (readonly number[])[];
  readonly error: readonly (readonly number[])[];
}

/** Mass on its way from the groups of one snapshot, `starts`, to those of a later one, `ends`. */
export interface GroupTransition {
  /** In the user's times. */
  readonly from: number;
  readonly to: number;
  readonly starts: readonly string[];
  readonly ends: readonly string[];
  /** [starts, ends]: mass that arrives, where all mass of the earlier snapshot is one; its sum is the growth of the whole. */
  readonly mass: Estimated;
  /** [starts, ends]: where descendants of each start are; rows add up to one. */
  readonly descendants: Estimated;
  /** [ends, starts]: where ancestors of each end were; rows add up to one. */
  readonly ancestors: Estimated;
  /** Of each particle of the earlier snapshot: shares of its descendants [n, ends], and their mass over its own. */
  readonly forward: { readonly shares: Float64Array; readonly offspring: Float64Array };
  /** Of each particle of the later snapshot: shares of its ancestors [n, starts]. */
  readonly backward: Float64Array;
}

/** Futures that are averaged where particles move with noise. */
const futures = 20;

/** Transitions between the groups of two snapshots. */
export interface Groups {
  /** Of each particle, a list a snapshot. */
  readonly groups: readonly (readonly string[])[];
}

/**
 * Descendants: particles of the earlier snapshot are moved to the later time, where each belongs to the groups of its 15 nearest neighbours.
 * Ancestors: those of the later one are moved back; or, where the motion has noise and knows no way back, they are the nearest that
 * arrived. From a time to itself nothing moves, and every particle has its own group.
 *
 * @throws UserError  if the motion does not stay finite
 */
export async function transition(
  { model, push, params }: TrainedModel,
  data: Pick<Snapshots, "times">,
  { groups }: Groups,
  { clouds, times }: Pick<PreparedPopulation, "clouds" | "times">,
  { from, to }: TimePair,
  rng: Random,
): Promise<GroupTransition> {
  const [first, last] = [particlesOf(clouds[from]), particlesOf(clouds[to])];
  const [starts, ends] = [from, to].map((k) => [...new Set(groups[k])].sort(byNumber));
  const [before, after] = [weightsOf(first), weightsOf(last)];
  const move = async (particles: WeightedParticles, a: number, b: number, random: Random): Promise<WeightedParticles> => {
    if (a === b) return particles;
    const [moved] = (await push(params, particles, times[a], [times[b]], { rng: random })).clouds;
    if (!moved.x.data.every(Number.isFinite))
      throw new UserError("the trajectories do not stay finite", "train longer, or lower --learning-rate");
    return moved;
  };
  // with own groups there is nothing to look for
  const among = (x: NdArray<"f32">, k: number, names: readonly string[], reference: NdArray<"f32">, weights?: ArrayLike<number>) =>
    from === to ? oneHot(groups[k], names) : membership(x, { points: reference, groups: groups[k], weights }, names);

  const count = model.noise > 0 && from !== to ? futures : 1;
  const arrived = new Float64Array(before.length);
  const shares = new Float64Array(before.length * ends.length);
  const backward = new Float64Array(after.length * starts.length);
  for (let r = 0; r < count; r++) {
    const moved = await move(first, from, to, rng.fold(r));
    const weights = weightsOf(moved);
    const arrives = among(moved.x, to, ends, clouds[to].points, clouds[to].weights);
    arrives.forEach((p, i) => void (shares[i] += (p * weights[Math.floor(i / ends.length)]) / count));
    weights.forEach((w, i) => void (arrived[i] += w / count));
    if (model.noise === 0) continue;
    among(clouds[to].points, from, starts, moved.x, weights).forEach((p, i) => void (backward[i] += p / count));
  }
  if (model.noise === 0) {
    const origin = await move(last, to, from, rng);
    backward.set(among(origin.x, from, starts, clouds[from].points, clouds[from].weights));
  }
  shares.forEach((v, i) => {
    const mass = arrived[Math.floor(i / ends.length)];
    shares[i] = mass > 0 ? v / mass : 0;
  });
  const gone = tally(groups[from], starts, shares, arrived, before, rng.fold("descendants"));
  const come = tally(groups[to], ends, backward, after, after, rng.fold("ancestors"));
  return {
    ...{ from: data.times[from], to: data.times[to], starts, ends },
    ...{ mass: gone.mass, descendants: gone.share, ancestors: come.share },
    forward: { shares, offspring: arrived.map((w, i) => (before[i] > 0 ? w / before[i] : 0)) },
    backward,
  };
}

const weightsOf = ({ logWeight }: WeightedParticles): Float64Array => Float64Array.from(logWeight.data, Math.exp);

const byNumber = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

const oneHot = (groups: readonly string[], names: readonly string[]): Float64Array =>
  Float64Array.from(groups.flatMap((group) => names.map((name) => Number(name === group))));

/** Resamples of the particles that standard errors come from. */
const resamples = 200;

/**
 * Sums over the particles of each group, mass Σ w_i p_ij / Σ u_i and share Σ w_i p_ij / Σ w_i, with their spread over particles drawn anew
 * with replacement. A group that a resample misses has no share there, and is left out of its spread; shares of a group of one particle
 * have no error.
 *
 * @param shares  p [n, columns], rows adding up to one
 * @param weights  w, masses that are shared out
 * @param total  u, of which the mass is a part
 */
export function tally(
  groups: readonly string[],
  names: readonly string[],
  shares: Float64Array,
  weights: Float64Array,
  total: Float64Array,
  rng: Random,
): { mass: Estimated; share: Estimated } {
  const n = groups.length;
  const columns = shares.length / n;
  const index = new Map(names.map((name, g) => [name, g]));
  const group = Int32Array.from(groups, (name) => index.get(name) ?? -1);
  const summed = (drawn: ArrayLike<number>): { mass: Float64Array; share: Float64Array } => {
    const mass = new Float64Array(names.length * columns);
    const own = new Float64Array(names.length);
    let all = 0;
    for (let i = 0; i < n; i++) {
      if (drawn[i] === 0) continue;
      const w = drawn[i] * weights[i];
      own[group[i]] += w;
      all += drawn[i] * total[i];
      for (let j = 0; j < columns; j++) mass[group[i] * columns + j] += w * shares[i * columns + j];
    }
    const share = mass.map((m, e) => m / own[Math.floor(e / columns)]);
    return { mass: mass.map((m) => m / all), share };
  };
  const value = summed(new Float64Array(n).fill(1));
  const again = Array.from({ length: resamples }, (_, r) => {
    const drawn = new Int32Array(n);
    for (const u of rng.fold(r).uniform([n], "f64").data) drawn[Math.min(n - 1, Math.floor(u * n))]++;
    return summed(drawn);
  });
  const matrix = (entry: (e: number) => number): number[][] =>
    names.map((_, g) => Array.from({ length: columns }, (_v, j) => entry(g * columns + j)));
  const size = new Int32Array(names.length);
  for (const g of group) size[g]++;
  // drawing one particle anew gives the same one, which says nothing of the share of others
  const known = (key: "mass" | "share", e: number): boolean => key === "mass" || size[Math.floor(e / columns)] > 1;
  const estimated = (key: "mass" | "share"): Estimated => ({
    value: matrix((e) => value[key][e]),
    error: matrix((e) => (known(key, e) ? deviation(again.map((a) => a[key][e]).filter(Number.isFinite)) : Number.NaN)),
  });
  return { mass: estimated("mass"), share: estimated("share") };
}

/** Standard deviation, 0 for numbers that are equal but for rounding; NaN of fewer than two. */
function deviation(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const found = spread(values.map((v) => v - mean));
  return found < 1e-12 ? 0 : found;
}
