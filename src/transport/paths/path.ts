/** Paths of densities through snapshots: pairs of neighbouring snapshots, and what lies between a row of one and a row of the next. */

import { type NdArray, ndarray } from "../../array/index.ts";
import { chainsThrough, type DrawnChains, drawable, pairsAlong } from "./chains.ts";
import { type Cloud, stacked } from "./cloud.ts";
import { type Curve, knotVelocities } from "./curves.ts";
import type { PairMotion } from "./pair-costs.ts";
import { backward, type Coupling, cumulate, isJoint, overlapOf, type Pairs, pairsOf } from "./pairs.ts";
import { smoothPairs } from "./smooth-pairs.ts";

/**
 * "linear": (1 - u) a + u b, or its point on the curve; "bridge": that and noise σ √(gap u (1 - u)); "mixture": b with probability u, else
 * a (mass fades over, nothing moves).
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
  /**
   * What chains of rows through all snapshots lie on. Along curves, unbalanced pairs change their mass as ((1 - u) √m_0 + u √m_1)², which is
   * monotone, scaled to the total that is prescribed ("geodesic": to none).
   */
  readonly curve?: Curve;
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
  /**
   * All snapshots one below the other, [N, d], and where each begins; one more at the end. On Hermite curves the measured velocities of all
   * rows follow, [2 N, d], 0 where there are none.
   */
  readonly points: NdArray<"f32">;
  readonly offsets: readonly number[];
  /** Total masses, the first of them 1. */
  readonly masses: readonly number[];
  /** Cumulated weights of the particles of each snapshot; undefined: equal. */
  readonly weights: readonly (Float64Array | undefined)[];
  readonly couplings: readonly (Pairs | undefined)[];
  /** Chains of rows whose law is not that of their pairs alone. */
  readonly chains?: DrawnChains;
  /** What the user should know of it. */
  readonly note?: string;
  /** On curves: the weights of a chain's points, and of its measured velocities if there are any, in the velocity at each knot. */
  readonly knots?: readonly Float64Array[];
  /** On curves of unbalanced pairs: the same pairs, sorted by their later rows. */
  readonly back?: readonly Pairs[];
  readonly options: Required<PathOptions>;
}

const pathDefaults: Required<PathOptions> = {
  coupling: "ot",
  shape: "linear",
  curve: "linear",
  noise: 0,
  growth: 1,
  massCurve: "log",
};

/**
 * @param times   ascending, one per snapshot
 * @param clouds  points [n_k, d], or clouds with weights and masses
 * @param options  with the drift and the cost of the Lagrangian, pairs are those of its own least action
 * @throws RangeError  for a mixture along curves, and Hermite curves without a measured velocity
 */
export async function pathThrough(
  times: readonly number[],
  clouds: readonly (NdArray<"f32"> | Cloud)[],
  { drift, cost, ...options }: PathOptions & PairMotion = {},
): Promise<Path> {
  const o = { ...pathDefaults, ...options };
  const all = clouds.map((c): Cloud => ("points" in c ? c : { points: c, mass: 1 }));
  refuse(o, all);
  const offsets = [0];
  for (const { points } of all) offsets.push(offsets[offsets.length - 1] + points.shape[0]);
  const masses = all.map(({ mass }) => mass / all[0].mass);
  const chains = o.coupling === "multimarginal" ? await chainsThrough(times, all) : undefined;
  const couplings = chains
    ? all.slice(1).map((_, k) => pairsAlong(chains, k, all[k].points.shape[0]))
    : await pairsThrough(times, all, masses, { ...o, drift, cost });
  return {
    times,
    points: stacked([...all.map(({ points }) => points), ...(o.curve === "hermite" ? all.map(velocitiesOf) : [])]),
    offsets,
    masses,
    weights: all.map(({ weights }) => weights && cumulate(weights)),
    couplings,
    ...(chains && { chains: drawable(chains) }),
    ...(chains?.note && { note: chains.note }),
    ...curveThrough(times, all, couplings, o),
    options: o,
  };
}

/** Pairs of neighbours. */
async function pairsThrough(
  times: readonly number[],
  clouds: readonly Cloud[],
  masses: readonly number[],
  { coupling, ...o }: Required<PathOptions> & PairMotion,
): Promise<(Pairs | undefined)[]> {
  const plans: (Pairs | undefined)[] = [];
  for (let k = 0; k + 1 < clouds.length; k++) {
    const [x, y] = [k, k + 1].map((j) => ({ ...clouds[j], mass: masses[j] }));
    const pairs = await pairsOf(x, y, { ...o, coupling: isJoint(coupling) ? "ot" : coupling, start: times[k], end: times[k + 1] });
    // mass on curves does not know the angle on the cone
    plans.push(pairs?.mass0 && o.curve !== "linear" ? { ...pairs, overlap: overlapOf(x, y, pairs, 0) } : pairs);
  }
  return coupling === "smooth" ? smoothPairs(times, clouds, plans as Pairs[]) : plans;
}

const velocitiesOf = ({ points, velocities }: Cloud): NdArray<"f32"> =>
  velocities ?? ndarray(new Float32Array(points.data.length), points.shape, "f32");

/** What chains need to lie on curves. */
function curveThrough(
  times: readonly number[],
  clouds: readonly Cloud[],
  couplings: readonly (Pairs | undefined)[],
  { curve }: Required<PathOptions>,
): Pick<Path, "knots" | "back"> {
  if (curve === "linear") return {};
  const measured = clouds.map(({ velocities }) => curve === "hermite" && velocities !== undefined);
  const width = curve === "hermite" ? 2 * times.length : times.length;
  const back = couplings.flatMap((pairs, k) => (pairs?.mass0 ? [backward(pairs, clouds[k + 1].points.shape[0])] : []));
  return { knots: knotVelocities(times, measured).map((row) => row.subarray(0, width)), ...(back.length && { back }) };
}

/** Do pairs, noise and velocities go with the curve? */
function refuse({ curve, shape }: Required<PathOptions>, clouds: readonly Cloud[]): void {
  if (curve === "linear") return;
  if (shape === "mixture") throw new RangeError("pathThrough: in a mixture nothing moves, along a curve or not");
  if (curve === "hermite" && !clouds.some(({ velocities }) => velocities))
    throw new RangeError("pathThrough: Hermite curves need measured velocities");
}

/** Does mass change along the path? */
export const growing = ({ masses, couplings }: Path): boolean =>
  masses.some((z) => z !== masses[0]) || couplings.some((pairs) => pairs?.mass0 !== undefined);
