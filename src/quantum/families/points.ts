/** Labelled points: what networks of a family are judged by. */
import { UserError } from "../../errors.ts";
import { normalQuantile } from "../../sampling/index.ts";
import type { Family } from "./family.ts";
import type { BinaryNetwork } from "./network.ts";
import { logits, unitsOn } from "./network.ts";

export interface Points {
  readonly count: number;
  readonly inputs: number;
  /** [count, inputs]. */
  readonly x: Float64Array;
  /** 0 or 1. */
  readonly y: Uint8Array;
  /** Of sum 1. */
  readonly weights: Float64Array;
}

/** @throws UserError  for labels other than 0 and 1, rows without a number, or nothing at all */
export function points(x: Float64Array, labels: ArrayLike<number>, weights?: ArrayLike<number>): Points {
  const count = labels.length;
  if (count === 0) throw new UserError("there are no points");
  const inputs = x.length / count;
  const odd = Array.from(labels).findIndex((y) => y !== 0 && y !== 1);
  if (odd >= 0) throw new UserError(`row ${odd + 1}: the label is ${labels[odd]}`, "labels are 0 and 1");
  const wrong = x.findIndex((v) => !Number.isFinite(v));
  if (wrong >= 0) throw new UserError(`row ${Math.floor(wrong / inputs) + 1}, feature ${(wrong % inputs) + 1}: ${x[wrong]} is no number`);
  const raw = Float64Array.from({ length: count }, (_, i) => weights?.[i] ?? 1);
  const sum = raw.reduce((a, b) => a + b, 0);
  return { count, inputs, x, y: Uint8Array.from(labels), weights: raw.map((w) => w / sum) };
}

/** Rows that are equal, label included, as one with the sum of their weights. */
export function mergeRows({ inputs, count, x, y, weights }: Points): Points {
  const rows = new Map<string, number>();
  const [from, sums]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    const key = `${x.subarray(i * inputs, (i + 1) * inputs).join()} ${y[i]}`;
    const at = rows.get(key) ?? rows.size;
    if (at === rows.size) {
      rows.set(key, at);
      from.push(i);
      sums.push(0);
    }
    sums[at] += weights[i];
  }
  const merged = new Float64Array(from.length * inputs);
  from.forEach((row, at) => merged.set(x.subarray(row * inputs, (row + 1) * inputs), at * inputs));
  return { count: from.length, inputs, x: merged, y: Uint8Array.from(from, (i) => y[i]), weights: Float64Array.from(sums) };
}

/** log(1 + e^z), stable. */
export const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/**
 * Mean loss of one network. With a = (1 - 2 y) z of logit z, cross-entropy is log(1 + e^a) and the squared error σ(a)².
 */
export function lossOf({ spec }: Pick<Family, "spec">, network: BinaryNetwork, { x, y, weights }: Points): number {
  const z = logits(network, x);
  const loss = spec.loss === "squared" ? (a: number) => (1 / (1 + Math.exp(-a))) ** 2 : softplus;
  return z.reduce((sum, v, i) => sum + weights[i] * loss((1 - 2 * y[i]) * v), spec.unitPenalty * unitsOn(network));
}

/**
 * Share of the points that are decided rightly: for class 1 where its probability is above one half, else for class 0. Rectified networks say class 0
 * by a logit of exactly 0, a probability of one half.
 */
export function accuracyOf(network: BinaryNetwork, { x, y, weights }: Points): number {
  const [right, all] = logits(network, x).reduce(
    ([hits, sum], z, i) => [hits + weights[i] * Number(z > 0 === (y[i] === 1)), sum + weights[i]],
    [0, 0],
  );
  return right / all; // the same sum in both, so that all right is 1
}

/**
 * Four Gaussians of variance 0.1 as lattices of K x K quantiles: class 0 around (-1, -2), of half the weight, class 1 around (-2, 1),
 * (1, 1) and (2, -2): a fixed stand-in for the paper's sample.
 */
export function gaussianLattice(k = 16): Points {
  const q = Array.from({ length: k }, (_, i) => Math.sqrt(0.1) * exactQuantile((i + 0.5) / k));
  const centres = [
    { at: [-1, -2], y: 0, weight: 1 / 2 },
    { at: [-2, 1], y: 1, weight: 1 / 6 },
    { at: [1, 1], y: 1, weight: 1 / 6 },
    { at: [2, -2], y: 1, weight: 1 / 6 },
  ];
  const rows = centres.flatMap(({ at: [a, b], y, weight }) => q.flatMap((u) => q.map((v) => ({ x: [a + u, b + v], y, weight }))));
  return points(
    Float64Array.from(rows.flatMap((r) => r.x)),
    rows.map((r) => r.y),
    rows.map((r) => r.weight),
  );
}

/** Φ⁻¹ to rounding: a step of Newton with Φ(x) = 1/2 + φ(x) Σ_k x^{2k+1} / (2k+1)!!. */
function exactQuantile(p: number): number {
  const x = normalQuantile(p);
  let [sum, term] = [x, x];
  for (let k = 3; Math.abs(term) > 1e-18; k += 2) sum += term *= (x * x) / k;
  const density = Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI);
  return x - (0.5 + density * sum - p) / density;
}
