/** Paths of densities through snapshots: pairs of neighbouring snapshots, and what lies between a row of one and a row of the next. */

import { type NdArray, ndarray } from "../../array/index.ts";
import type { Cloud } from "./cloud.ts";
import type { PairMotion } from "./pair-costs.ts";
import { type Coupling, cumulate, type Pairs, pairsOf } from "./pairs.ts";

/**
 * "linear": (1 - u) a + u b; "bridge": that and noise σ √(gap u (1 - u)); "mixture": b with probability u, else a
 * (mass fades over, nothing moves).
 */
export type PathShape = "linear" | "bridge" | "mixture";

/**
 * How the total mass goes from Z_0 to Z_1: log Z linear, Z linear, or √Z linear (the path of least growth energy; for unbalanced pairs the
 * geodesic's own mass, to which others scale them).
 */
export type MassCurve = "log" | "linear" | "geodesic";

/** Pairs, and what lies between them. */
export interface PathOptions {
  readonly coupling?: Coupling;
  readonly shape?: PathShape;
  /** σ of bridges and of entropic plans. */
  readonly noise?: number;
  /** λ of unbalanced plans. */
  readonly growth?: number;
  readonly massCurve?: MassCurve;
}

/** A path through snapshots, of which batches are drawn. */
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

const pathDefaults: Required<PathOptions> = { coupling: "ot", shape: "linear", noise: 0, growth: 1, massCurve: "log" };

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

/** Does mass change along the path? */
export const growing = ({ masses, couplings }: Path): boolean =>
  masses.some((z) => z !== masses[0]) || couplings.some((pairs) => pairs?.mass0 !== undefined);
