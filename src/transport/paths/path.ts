/** Paths of densities through snapshots: what lies between a row of one snapshot and a row of the next. */

import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import * as t from "../../tensor/index.ts";
import { jvp, type Tensor, take } from "../../tensor/index.ts";
import type { Cloud } from "./cloud.ts";
import type { PairMotion } from "./pair-costs.ts";
import { type Coupling, cumulate, findLevel, type Pairs, pairsOf, partnerOf } from "./pairs.ts";
import { evenTimes, invertDensity } from "./times.ts";
import { coneGeodesic } from "./unbalanced.ts";

/**
 * "linear": (1 - u) a + u b; "bridge": that and noise σ √(gap u (1 - u)); "mixture": b with probability u, else a (mass fades over, nothing moves).
 */
export type Shape = "linear" | "bridge" | "mixture";

/**
 * How the total mass goes from Z_0 to Z_1: log Z linear, Z linear, or √Z linear (the path of least growth energy; for unbalanced pairs the geodesic's own mass,
 * to which others scale them).
 */
export type MassCurve = "log" | "linear" | "geodesic";

export interface PathOptions {
  readonly coupling?: Coupling;
  readonly shape?: Shape;
  /** σ of bridges and of entropic plans. */
  readonly noise?: number;
  /** λ of unbalanced plans. */
  readonly growth?: number;
  readonly massCurve?: MassCurve;
}

export interface Path {
  /** Times of the snapshots, ascending. */
  readonly times: readonly number[];
  /** All snapshots one below the other, [N, d], and where each begins; one more at the end. */
  readonly points: NdArray<"f32">;
  readonly offsets: readonly number[];
  /** Total masses, the first of them 1. */
  readonly masses: readonly number[];
  /** Cumulated weights of the particles of each snapshot; undefined: equal. */
  readonly weights: readonly (Float64Array | undefined)[];
  readonly couplings: readonly (Pairs | undefined)[];
  readonly options: Required<PathOptions>;
}

export const pathDefaults: Required<PathOptions> = { coupling: "ot", shape: "linear", noise: 0, growth: 1, massCurve: "log" };

/**
 * @param times   ascending, one per snapshot
 * @param clouds  points [n_k, d], or clouds with weights and masses
 * @param options  with the drift and the cost of the Lagrangian, pairs are those of its own least action
 */
export async function pathThrough(
  times: readonly number[],
  clouds: readonly (NdArray<"f32"> | Cloud)[],
  { drift, cost, ...options }: PathOptions & PairMotion = {},
): Promise<Path> {
  const o = { ...pathDefaults, ...options };
  const all = clouds.map((c): Cloud => ("points" in c ? c : { points: c, mass: 1 }));
  const d = all[0].points.shape[1];
  const offsets = [0];
  for (const { points } of all) offsets.push(offsets[offsets.length - 1] + points.shape[0]);
  const data = new Float32Array(offsets[all.length] * d);
  all.forEach(({ points }, k) => data.set(points.data, offsets[k] * d));
  const masses = all.map(({ mass }) => mass / all[0].mass);
  const couplings: (Pairs | undefined)[] = [];
  for (let k = 0; k + 1 < all.length; k++) {
    const [x, y] = [k, k + 1].map((j) => ({ ...all[j], mass: masses[j] }));
    couplings.push(await pairsOf(x, y, { ...o, drift, cost, start: times[k], end: times[k + 1] }));
  }
  return {
    times,
    points: ndarray(data, [offsets[all.length], d], "f32"),
    offsets,
    masses,
    weights: all.map(({ weights }) => weights && cumulate(weights)),
    couplings,
    options: o,
  };
}

/** A batch of a path as indices and numbers: programs gather the points themselves. Columns are [B, 1]. */
export interface PathBatch<T = NdArray> {
  /** Rows of `points` at both ends of the interval, and in the first and the last snapshot, i32 [B]. */
  readonly from: T;
  readonly to: T;
  readonly first: T;
  readonly last: T;
  /** Place between the two snapshots, their distance in time, and the time itself. */
  readonly u: T;
  readonly gap: T;
  readonly t: T;
  /** One-hot rows of the interval, [B, K - 1]. */
  readonly interval: T;
  /** Masses at both ends of the pair, and of the first and last snapshot; absent where mass is conserved. */
  readonly mass0?: T;
  readonly mass1?: T;
  /** Total masses at both ends of the interval and the overlap of its pairs, [B, 3]; only if pairs change their mass and the total is prescribed. */
  readonly totals?: T;
  /** Density of the times relative to uniform ones; absent: 1. */
  readonly density?: T;
  /** Normal noise [B, d] of bridges. */
  readonly noise?: T;
  /** Uniform numbers of mixtures. */
  readonly coin?: T;
}

/** Does mass change along the path? */
export const growing = ({ masses, couplings }: Path): boolean =>
  masses.some((z) => z !== masses[0]) || couplings.some((pairs) => pairs?.mass0 !== undefined);

/**
 * A batch at times spread evenly over the path, or by a density. Rows are drawn as chains through all snapshots, i_0, i_1 | i_0, …: every snapshot's rows
 * have their right distribution because every plan has the right margins.
 *
 * @param density   at equally spaced knots, of mean one
 * @param together  neighbouring rows that share a time, a divisor of the batch
 */
export function drawPath(path: Path, rng: Random, batch: number, density?: ArrayLike<number>, together = 1): PathBatch {
  const { times, offsets, couplings, masses, options } = path;
  const K = times.length;
  const columns = () => ndarray(new Float32Array(batch), [batch, 1], "f32");
  const [u, gap, at, mass0, mass1, relative] = Array.from({ length: 6 }, columns);
  const rows = Array.from({ length: 4 }, () => new Int32Array(batch));
  const interval = ndarray(new Float32Array(batch * (K - 1)), [batch, K - 1], "f32");
  const places = evenTimes(rng, batch / together);
  const draws = rng.uniform([batch, K], "f64").data;
  const prescribed = options.coupling === "unbalanced" && options.massCurve !== "geodesic";
  const totals = new Float32Array(prescribed ? 3 * batch : 0);
  const chain = new Int32Array(K);
  const [start, duration] = [times[0], times[K - 1] - times[0]];
  for (let i = 0; i < batch; i++) {
    const place = places[Math.floor(i / together)];
    const drawn = density && invertDensity(density, place);
    const time = start + duration * (drawn ? drawn.u : place);
    let k = 0;
    while (k < K - 2 && time >= times[k + 1]) k++;
    drawChain(path, draws, i * K, chain);
    rows[2][i] = chain[0];
    rows[3][i] = offsets[K - 1] + chain[K - 1];
    const pair = couplings[k]?.mass0 ? pairByMass(couplings[k]!, draws[i * K], chain, k) : undefined;
    rows[0][i] = offsets[k] + chain[k];
    rows[1][i] = offsets[k + 1] + chain[k + 1];
    gap.data[i] = times[k + 1] - times[k];
    at.data[i] = time;
    u.data[i] = Math.min(1, (time - times[k]) / gap.data[i]);
    relative.data[i] = drawn ? drawn.density : 1;
    mass0.data[i] = pair?.mass0 ?? masses[k];
    mass1.data[i] = pair?.mass1 ?? masses[k + 1];
    interval.data[i * (K - 1) + k] = 1;
    if (prescribed) totals.set([masses[k], masses[k + 1], couplings[k]?.overlap ?? 0], 3 * i);
  }
  const [from, to, first, last] = rows.map((r) => ndarray(r, [batch], "i32"));
  return {
    ...{ from, to, first, last, u, gap, t: at, interval },
    ...(growing(path) && { mass0, mass1 }),
    ...(prescribed && { totals: ndarray(totals, [batch, 3], "f32") }),
    ...(density && { density: relative }),
    ...(options.shape === "bridge" && { noise: rng.normal([batch, path.points.shape[1]]) }),
    ...(options.shape === "mixture" && { coin: rng.uniform([batch, 1]) }),
  };
}

/** One row a snapshot, from K uniform numbers that begin at `at`. */
function drawChain({ offsets, weights, couplings }: Path, draws: Float64Array, at: number, chain: Int32Array): void {
  for (let k = 0; k < chain.length; k++) {
    const pairs = k > 0 ? couplings[k - 1] : undefined;
    const sums = weights[k];
    const u = draws[at + k];
    if (pairs && !pairs.mass0) chain[k] = pairs.to[partnerOf(pairs, chain[k - 1], u)];
    else if (sums) chain[k] = findLevel(sums, u * sums[sums.length - 1]);
    else chain[k] = Math.floor(u * (offsets[k + 1] - offsets[k]));
  }
}

/** Pairs that change their mass are drawn by the mass of the plan, whose margins are not those of the snapshots. */
function pairByMass(pairs: Pairs, draw: number, chain: Int32Array, k: number): { mass0: number; mass1: number } {
  const { cumulated, from, to, mass0, mass1 } = pairs;
  const entry = findLevel(cumulated, draw * cumulated[cumulated.length - 1]);
  chain[k] = from[entry];
  chain[k + 1] = to[entry];
  return { mass0: mass0![entry], mass1: mass1![entry] };
}

/** Points of a path with what is known of them. */
export interface PathPoints {
  readonly x: Tensor;
  /** dx/dt; absent for mixtures. */
  readonly v?: Tensor;
  /** Mass and its rate, [B, 1]; absent where mass is conserved. */
  readonly mass?: Tensor;
  readonly massRate?: Tensor;
}

/** Mass between Z_0 and Z_1. */
export function massBetween(curve: MassCurve, z0: Tensor, z1: Tensor, u: Tensor): Tensor {
  const rest = u.neg().add(1);
  if (curve === "linear") return z0.mul(rest).add(z1.mul(u));
  if (curve === "log") return t.exp(t.log(z0).mul(rest).add(t.log(z1).mul(u)));
  return t.sqrt(z0).mul(rest).add(t.sqrt(z1).mul(u)).square();
}

/** The prescribed total mass over that of the geodesics. */
function rescaled(totals: Tensor, curve: MassCurve, u: Tensor): Tensor {
  const [z0, z1, overlap] = [0, 1, 2].map((j) => totals.slice(null, [j, j + 1]));
  const rest = u.neg().add(1);
  const own = z0.mul(rest.square()).add(z1.mul(u.square())).add(overlap.mul(rest).mul(u).mul(2));
  return massBetween(curve, z0, z1, u).div(own);
}

/** Points x_t [B, d] of a batch, their velocities, masses and growth. */
export function pathPoints(points: Tensor, batch: PathBatch<Tensor>, options: Required<PathOptions>): PathPoints {
  const { from, to, u, gap, mass0, mass1, noise, coin } = batch;
  const [a, b] = [take(points, from), take(points, to)];
  const rate = gap.mul(0).add(1).div(gap);
  if (options.coupling === "unbalanced" && mass0 && mass1) {
    const along = (place: Tensor) => {
      const { x, mass } = coneGeodesic(a, b, mass0, mass1, place, options.growth);
      return { x, mass: batch.totals ? mass.mul(rescaled(batch.totals, options.massCurve, place)) : mass };
    };
    const [now, change] = jvp(along, [u], [rate]);
    return { x: now.x, v: change.x, mass: now.mass, massRate: change.mass };
  }
  const grown = mass0 && mass1 && jvp((place: Tensor) => massBetween(options.massCurve, mass0, mass1, place), [u], [rate]);
  const mass = grown && { mass: grown[0], massRate: grown[1] };
  if (coin) return { x: t.where(t.less(coin, u), b, a), ...mass };
  const place = (w: Tensor): Tensor => {
    const line = a.add(b.sub(a).mul(w));
    if (!noise) return line;
    // 1e-6 keeps the velocity finite at the knots, where the bridge is a thousandth of σ wide
    const width = t.sqrt(w.mul(w.neg().add(1)).add(1e-6).mul(gap)).mul(options.noise);
    return line.add(noise.mul(width));
  };
  const [x, v] = jvp(place, [u], [rate]);
  return { x, v, ...mass };
}
