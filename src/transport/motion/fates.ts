/** Where particles end up: groups of the last snapshot that moved particles arrive among. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import { particlesOf } from "./particles.ts";
import type { TrainedModel } from "./push.ts";

/** The groups of reference points, by name, and their weights (absent: equal). */
export interface Reference {
  readonly points: NdArray<"f32">;
  readonly groups: readonly string[];
  readonly weights?: ArrayLike<number>;
}

/**
 * Probability that a point belongs to each group: the share of its k nearest reference points of positive weight, by weight.
 *
 * @param x  [n, d]
 * @returns  [n, groups], row-major, in the order of `names`
 */
export function membership(x: NdArray<"f32">, { points, groups, weights }: Reference, names: readonly string[], k = 15): Float64Array {
  const [n, d] = x.shape;
  const m = points.shape[0];
  const index = new Map(names.map((name, j) => [name, j]));
  const result = new Float64Array(n * names.length);
  const distance = new Float64Array(m);
  const order = Int32Array.from({ length: m }, (_, j) => j).filter((j) => !weights || weights[j] > 0);
  const nearest = new Int32Array(Math.min(k, order.length));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let square = 0;
      for (let c = 0; c < d; c++) square += (x.data[i * d + c] - points.data[j * d + c]) ** 2;
      distance[j] = square;
    }
    fillNearest(nearest, order, distance);
    const share = nearest.reduce((sum, j) => sum + (weights ? weights[j] : 1), 0);
    const row = result.subarray(i * names.length, (i + 1) * names.length);
    for (const j of nearest) row[index.get(groups[j]) as number] += weights ? weights[j] : 1;
    row.forEach((w, g) => void (row[g] = w / share)); // divided last, so that the share of an only group is 1 without rounding
  }
  return result;
}

/** The entries of `order` of least distance, nearest first; of equal ones the earlier. */
function fillNearest(nearest: Int32Array, order: Int32Array, distance: Float64Array): void {
  let count = 0;
  for (const j of order) {
    if (count === nearest.length && !(distance[j] < distance[nearest[count - 1]])) continue;
    let at = count < nearest.length ? count++ : count - 1;
    for (; at > 0 && distance[j] < distance[nearest[at - 1]]; at--) nearest[at] = nearest[at - 1];
    nearest[at] = j;
  }
}

/** Probabilities of ending in each group, from each starting group. */
export interface FateMatrix {
  readonly starts: readonly string[];
  readonly ends: readonly string[];
  /** [starts, ends]; rows add up to one. */
  readonly probability: readonly (readonly number[])[];
  /** Mass at the end over that at the start, for each starting group. */
  readonly expansion: readonly number[];
}

/**
 * The fates of the starting groups, from those of their particles.
 *
 * @param starts     group of each particle at the start
 * @param fates      memberships at the end, [n, ends]
 * @param weights    of each particle at the end
 * @param first      and at the start
 */
export function fateMatrix(
  starts: readonly string[],
  ends: readonly string[],
  fates: Float64Array,
  weights: ArrayLike<number>,
  first: ArrayLike<number>,
): FateMatrix {
  const names = [...new Set(starts)].sort();
  const probability = names.map(() => new Array<number>(ends.length).fill(0));
  const total = names.map(() => 0);
  const start = names.map(() => 0);
  starts.forEach((group, i) => {
    const s = names.indexOf(group);
    total[s] += weights[i];
    start[s] += first[i];
    ends.forEach((_, e) => void (probability[s][e] += weights[i] * fates[i * ends.length + e]));
  });
  return {
    starts: names,
    ends,
    probability: probability.map((row, s) => row.map((p) => (total[s] > 0 ? p / total[s] : 0))),
    expansion: names.map((_, s) => total[s] / start[s]),
  };
}

/** Probabilities of ending in each group of the last snapshot. */
export interface Fates {
  readonly names: readonly string[];
  /** Of each particle of each snapshot, [n_k, names]. */
  readonly perSnapshot: readonly Float64Array[];
  /** From groups of the first snapshot. */
  readonly matrix: FateMatrix;
}

/**
 * Where every particle ends: groups among its nearest neighbours in the last snapshot, after it was moved there. With noise, the mean of 20
 * futures. Undefined for data without groups.
 */
export async function fates(
  { model, push, params }: TrainedModel,
  data: Pick<Population, "groups">,
  { clouds, times }: Pick<PreparedPopulation, "clouds" | "times">,
  rng: Random,
): Promise<Fates | undefined> {
  if (!data.groups) return undefined;
  const last = data.groups.length - 1;
  const reference = { ...clouds[last], groups: data.groups[last] };
  const names = [...new Set(data.groups[last])].sort();
  const repeats = model.noise > 0 ? 20 : 1;
  const perSnapshot: Float64Array[] = [];
  let weights: ArrayLike<number> = [];
  for (let k = 0; k <= last; k++) {
    const total = new Float64Array(clouds[k].points.shape[0] * names.length);
    for (let r = 0; r < repeats; r++) {
      const moved = k === last ? undefined : (await push(params, particlesOf(clouds[k]), times[k], [times[last]], { rng })).clouds[0];
      if (k === 0 && moved) weights = moved.logWeight.data.map(Math.exp);
      membership(moved?.x ?? clouds[k].points, reference, names).forEach((p, i) => void (total[i] += p / repeats));
      if (k === last) {
        total.forEach((v, i) => void (total[i] = v * repeats));
        break;
      }
    }
    perSnapshot.push(total);
  }
  return {
    names,
    perSnapshot,
    matrix: fateMatrix(data.groups[0], names, perSnapshot[0], weights, particlesOf(clouds[0]).logWeight.data.map(Math.exp)),
  };
}
