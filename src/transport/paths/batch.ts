/** Batches of a path. */

import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { findLevel, type Pairs, partnerOf } from "./pairs.ts";
import { growing, type Path } from "./path.ts";
import { evenTimes, invertDensity } from "./times.ts";

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
  /**
   * Total masses at both ends of the interval and the overlap of its pairs, [B, 3]; only if pairs change their mass and the total is
   * prescribed.
   */
  readonly totals?: T;
  /** Density of the times relative to uniform ones; absent: 1. */
  readonly density?: T;
  /** On curves: the rows of `points` that give the velocities at both ends, i32 [B, C], and their weights, [B, 2, C]. */
  readonly chain?: T;
  readonly slopes?: T;
  /** Normal noise [B, d] of bridges. */
  readonly noise?: T;
  /** Uniform numbers of mixtures. */
  readonly coin?: T;
}

/**
 * A batch at times spread evenly over the path, or by a density. Rows are drawn as chains through all snapshots, i_0, i_1 | i_0, …: every
 * snapshot's rows have their right distribution because every plan has the right margins.
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
  const curves = curvesOf(path, batch);
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
    if (path.back) alongPlans(path, draws, i * K, k, chain);
    curves?.set(i, k, chain);
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
    ...curves?.drawn,
    ...(options.shape === "bridge" && { noise: rng.normal([batch, path.points.shape[1]]) }),
    ...(options.shape === "mixture" && { coin: rng.uniform([batch, 1]) }),
  };
}

/** One row a snapshot, from K uniform numbers that begin at `at`. */
function drawChain({ offsets, weights, couplings, chains }: Path, draws: Float64Array, at: number, chain: Int32Array): void {
  if (chains) {
    const { rows, cumulated } = chains;
    const c = findLevel(cumulated, draws[at] * cumulated[cumulated.length - 1]);
    for (let k = 0; k < chain.length; k++) chain[k] = rows[k][c];
    return;
  }
  for (let k = 0; k < chain.length; k++) {
    const pairs = k > 0 ? couplings[k - 1] : undefined;
    const sums = weights[k];
    const u = draws[at + k];
    if (pairs && !pairs.mass0) chain[k] = pairs.to[partnerOf(pairs, chain[k - 1], u)];
    else if (sums) chain[k] = findLevel(sums, u * sums[sums.length - 1]);
    else chain[k] = Math.floor(u * (offsets[k + 1] - offsets[k]));
  }
}

/** Rows and weights of the curves of a batch, to be filled in. */
function curvesOf({ knots, offsets, times: { length: K } }: Path, batch: number) {
  if (!knots) return undefined;
  const C = knots[0].length;
  const rows = new Int32Array(batch * C);
  const weights = new Float32Array(batch * 2 * C);
  return {
    drawn: { chain: ndarray(rows, [batch, C], "i32"), slopes: ndarray(weights, [batch, 2, C], "f32") },
    set(i: number, k: number, chain: Int32Array): void {
      // measured velocities lie below the points, in the same order
      for (let c = 0; c < C; c++) rows[i * C + c] = offsets[c % K] + chain[c % K] + (c < K ? 0 : offsets[K]);
      weights.set(knots[k], 2 * i * C);
      weights.set(knots[k + 1], (2 * i + 1) * C);
    },
  };
}

/**
 * The rest of the chain of a pair between k and k + 1 that was drawn by its mass, by the plans of the other intervals: forward and backward,
 * so that at every snapshot chains that come have the same law as chains that go. Uniform numbers: the first has drawn the pair.
 */
function alongPlans({ couplings, back }: Path, draws: Float64Array, at: number, k: number, chain: Int32Array): void {
  for (let j = k + 2; j < chain.length; j++) {
    const pairs = couplings[j - 1]!;
    chain[j] = pairs.to[partnerOf(pairs, chain[j - 1], draws[at + j])];
  }
  for (let j = k - 1; j >= 0; j--) {
    const pairs = back![j];
    chain[j] = pairs.to[partnerOf(pairs, chain[j + 1], draws[at + j + 1])];
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
