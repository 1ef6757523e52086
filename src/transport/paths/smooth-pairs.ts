/**
 * Pairs of chains that turn least: of neighbouring plans together, not each for itself.
 *
 * The change of velocity at knot k of a chain costs |v_k - v_{k-1}|² / h_k with v_k = (x_{k+1} - x_k) / gap_k and h_k the mean of both gaps,
 * the discrete ∫ |x''|² dt. All plans but one fixed, that cost of a pair (x, y) is quadratic too: with x⁺, the place that x would reach by going
 * on as it came, and y⁻, the place from which y would have come to go on as it does,
 *
 *   c(x, y) = |y - x⁺|² / h_k + |y⁻ - x|² / h_{k+1},
 *
 * which is plain optimal transport of (x⁺ / √h_k, x / √h_{k+1}) to (y / √h_k, y⁻ / √h_{k+1}). Where a particle has several partners, their mean
 * counts. The first sweep looks back alone, or chains that plain transport has turned back would hold each other there; the others only lower
 * the cost, to a local minimum.
 */
import { type NdArray, ndarray } from "../../array/index.ts";
import type { Cloud } from "./cloud.ts";
import { type Pairs, pairsOf } from "./pairs.ts";

/** Sweeps that look both ways: from the third on, the cost of 200 chains of turning particles fell by less than 1 %. */
const sweeps = 2;

/**
 * @param times   of the clouds, ascending
 * @param plans   pairs of neighbouring clouds to begin with
 */
export async function smoothPairs(times: readonly number[], clouds: readonly Cloud[], plans: readonly Pairs[]): Promise<Pairs[]> {
  const pairs = [...plans];
  for (let sweep = 0; sweep <= sweeps; sweep++)
    for (let k = sweep === 0 ? 1 : 0; k < pairs.length; k++) {
      const [x, y] = states(times, clouds, pairs, k, sweep > 0);
      // only independent rows have no pairs
      pairs[k] = (await pairsOf(x, y, { coupling: "ot", start: times[k], end: times[k + 1] })) as Pairs;
    }
  return pairs;
}

/** Both clouds of an interval, as points between which plain transport turns chains least. */
function states(times: readonly number[], clouds: readonly Cloud[], pairs: readonly Pairs[], k: number, ahead: boolean): [Cloud, Cloud] {
  const [x, y] = [clouds[k], clouds[k + 1]];
  const gap = (j: number): number => times[j + 1] - times[j];
  const columns: { x: NdArray<"f32">; y: NdArray<"f32">; weight: number }[] = [];
  if (k > 0) {
    const came = partners(pairs[k - 1].to, pairs[k - 1].from, pairs[k - 1], x, clouds[k - 1]);
    columns.push({ x: onward(came, x, gap(k) / gap(k - 1)), y: y.points, weight: 2 / (gap(k - 1) + gap(k)) });
  }
  if (ahead && k + 1 < pairs.length) {
    const goes = partners(pairs[k + 1].from, pairs[k + 1].to, pairs[k + 1], y, clouds[k + 2]);
    columns.push({ x: x.points, y: onward(goes, y, gap(k) / gap(k + 1)), weight: 2 / (gap(k) + gap(k + 1)) });
  }
  // two snapshots have no chain that could turn
  if (columns.length === 0) return [x, y];
  const joined = (side: "x" | "y"): NdArray<"f32"> => beside(columns.map((c) => ({ points: c[side], factor: Math.sqrt(c.weight) })));
  return [
    { ...x, points: joined("x") },
    { ...y, points: joined("y") },
  ];
}

/** Mean partner of each row of a cloud in the neighbouring one; of rows without any, the row itself. */
function partners(of: Int32Array, partner: Int32Array, { cumulated }: Pairs, cloud: Cloud, other: Cloud): Float64Array {
  const [n, d] = cloud.points.shape;
  const [sums, masses] = [new Float64Array(n * d), new Float64Array(n)];
  for (let e = 0; e < of.length; e++) {
    const mass = cumulated[e] - (e > 0 ? cumulated[e - 1] : 0);
    masses[of[e]] += mass;
    for (let j = 0; j < d; j++) sums[of[e] * d + j] += mass * other.points.data[partner[e] * d + j];
  }
  return sums.map((sum, i) => (masses[Math.floor(i / d)] > 0 ? sum / masses[Math.floor(i / d)] : cloud.points.data[i]));
}

/** Beyond each row on the line from its partner, `ratio` times as far. */
const onward = (partner: Float64Array, { points }: Cloud, ratio: number): NdArray<"f32"> => ({
  ...points,
  data: points.data.map((v, i) => v + ratio * (v - partner[i])),
});

/** Columns of several arrays of as many rows, each times its factor. */
function beside(parts: readonly { points: NdArray<"f32">; factor: number }[]): NdArray<"f32"> {
  const [n, d] = parts[0].points.shape;
  const width = d * parts.length;
  const data = Float32Array.from({ length: n * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const { points, factor } = parts[Math.floor(column / d)];
    return factor * points.data[row * d + (column % d)];
  });
  return ndarray(data, [n, width], "f32");
}
