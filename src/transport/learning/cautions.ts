/** What the data and the options say about a training before it begins: refusals, and notes for the report. */

import { type NdArray, ndarray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import { stiffness } from "../lagrangian/conjugate.ts";
import type { ScalarField } from "../lagrangian/lagrangian.ts";
import type { Cloud } from "../paths/cloud.ts";
import { descriptionOf, has, type LearnOptions, type MethodName } from "./methods.ts";

/** A training that is about to begin. */
export interface CautionSetting {
  readonly method: MethodName;
  /** Snapshots that are learned from, in units of the training. */
  readonly clouds: readonly Cloud[];
  readonly times: readonly number[];
  /** Times as the user has them. */
  readonly shown: readonly number[];
  readonly features: readonly string[];
  readonly learn: LearnOptions;
  /** Weights of a quadratic cost; undefined: the cost is not quadratic. */
  readonly metric?: readonly number[];
}

/**
 * Notes on a training before it begins.
 *
 * @throws UserError  for an action that is not bounded below
 */
export async function cautions(setting: CautionSetting): Promise<string[]> {
  return [
    ...(await conjugatePoints(setting)),
    ...wideNoise(setting),
    ...shortReach(setting),
    ...noAction(setting),
    ...shifts(setting),
    ...repeats(setting),
    ...outliers(setting),
  ];
}

/** Particles of a snapshot at which forces are looked at. */
const most = 200;

/** ω T against π, with the longest interval T between snapshots. */
async function conjugatePoints({ method, clouds, times, learn, metric }: CautionSetting): Promise<string[]> {
  const { potential, interaction } = learn;
  // mechanics begin with velocities and minimise nothing
  if (!(potential || interaction) || !metric || descriptionOf(method).family === "mechanics") return [];
  const longest = Math.max(...times.slice(1).map((t, k) => t - times[k]));
  const found = [];
  for (const [k, { points }] of clouds.entries()) {
    const x = head(points);
    const field: ScalarField = (t, z) => {
      const own = potential?.(t, z);
      const pairs = interaction && meanOver(interaction, z, x);
      return own && pairs ? own.add(pairs) : (own ?? (pairs as Tensor));
    };
    found.push(await stiffness(field, ndarray(new Float32Array(x.shape[0]).fill(times[k]), [x.shape[0], 1], "f32"), x, metric));
  }
  const angle = (omegaSquared: number): number => Math.sqrt(Math.max(0, omegaSquared)) * longest;
  const [least, greatest] = [Math.min(...found.map((f) => f.lowest)), Math.max(...found.map((f) => f.highest))].map(angle);
  const what = `${potential ? "--potential" : ""}${potential && interaction ? " and " : ""}${interaction ? "--interaction" : ""}`;
  const critical = (Math.PI / longest) ** 2;
  // a ten-thousandth for the rounding of second derivatives
  if (least >= Math.PI * 0.9999)
    throw new UserError(
      `${what}: the force pulls back too strongly for the longest interval between snapshots: its ω T is at least ` +
        `${least.toFixed(2)} at every particle, and from π on no path has least action`,
      `the largest curvature for these times is ω² = ${critical.toPrecision(3)} in units of the training (standard deviations, mean ` +
        "intervals): make it weaker",
    );
  return greatest > Math.PI
    ? [
        `${what}: at some particles the force pulls back with ω T = ${greatest.toFixed(2)} over the longest interval, above π; where ` +
          "it does so along a whole path, that path has no least action",
      ]
    : [];
}

/** (1/n) Σ W(|z - X_j|), [B]. */
function meanOver(w: NonNullable<LearnOptions["interaction"]>, z: Tensor, x: NdArray<"f32">): Tensor {
  const [n, d] = x.shape;
  const between = z.expandDims(1).sub({ ...x, shape: [1, n, d] });
  return w(between.square().sum(2).add(1e-6).sqrt()).mean(1);
}

const head = ({ data, shape: [n, d] }: NdArray<"f32">): NdArray<"f32"> => {
  const kept = Math.min(n, most);
  const stride = Math.floor(n / kept);
  const rows = Float32Array.from({ length: kept * d }, (_, i) => data[Math.floor(i / d) * stride * d + (i % d)]);
  return ndarray(rows, [kept, d], "f32");
};

interface Moments {
  readonly mean: number[];
  readonly deviation: number[];
}

function momentsOf({ points: { data, shape }, weights }: Cloud): Moments {
  const [n, d] = shape;
  const total = weights ? Array.from(weights).reduce((a, b) => a + b, 0) : n;
  const expect = (f: (i: number) => number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (weights ? weights[i] : 1) * f(i);
    return sum / total;
  };
  const mean = Array.from({ length: d }, (_, j) => expect((i) => data[i * d + j]));
  return { mean, deviation: mean.map((m, j) => Math.sqrt(expect((i) => (data[i * d + j] - m) ** 2))) };
}

/** Snapshots with enough particles to have a deviation. */
const measured = ({ points }: Cloud): boolean => points.shape[0] >= 10;

function wideNoise({ method, clouds, shown, features, learn }: CautionSetting): string[] {
  if (!has(method, "noise") || descriptionOf(method).family === "mechanics") return [];
  const sigma = learn.noise as number;
  for (const [k, cloud] of clouds.entries()) {
    const { deviation } = momentsOf(cloud);
    const j = deviation.findIndex((s) => s < sigma);
    if (measured(cloud) && j >= 0)
      return [
        `σ = ${sigma} is larger than the standard deviation ${deviation[j].toFixed(2)} of "${features[j]}" at time ${shown[k]}: the ` +
          "drift has to gather what the noise scatters; a smaller --noise is easier to learn",
      ];
  }
  return [];
}

function shortReach({ method, clouds, shown, learn }: CautionSetting): string[] {
  if (!has(method, "growth")) return [];
  const reach = Math.PI / Math.sqrt(learn.growth as number);
  const means = clouds.map((c) => momentsOf(c).mean);
  const k = means.slice(1).findIndex((m, i) => Math.hypot(...m.map((v, j) => v - means[i][j])) > reach);
  return k < 0
    ? []
    : [
        `no mass is carried farther than π/√λ = ${reach.toFixed(2)} standard deviations, but the mean moves farther from time ` +
          `${shown[k]} to ${shown[k + 1]}: this is mostly dying and being born; lower --growth`,
      ];
}

function noAction({ method }: CautionSetting): string[] {
  return descriptionOf(method).path?.shape === "mixture"
    ? [
        `${method}: a mixture that fades over has no finite action, since mass appears where there was none; no action is told, and the ` +
          "loss falls without end",
      ]
    : [];
}

/** A snapshot that holds mostly the points of the one before. */
function repeats({ clouds, shown }: CautionSetting): string[] {
  const rows = ({ points: { data, shape } }: Cloud): string[] =>
    Array.from({ length: shape[0] }, (_, i) => data.subarray(i * shape[1], (i + 1) * shape[1]).join(","));
  return clouds.slice(1).flatMap((cloud, k) => {
    const before = new Set(rows(clouds[k]));
    const all = rows(cloud);
    const same = all.filter((r) => before.has(r)).length / all.length;
    return same > 0.5
      ? [
          `${(100 * same).toFixed(0)} % of the particles at time ${shown[k + 1]} are where particles at ${shown[k]} are: is a ` +
            "snapshot in the file twice? Between equal snapshots nothing moves",
        ]
      : [];
  });
}

/**
 * Share of the variance of a feature that one particle may hold. Beyond one half the unit of the feature, one standard deviation, says
 * more of this particle than of all others. Of 40 normal particles one does by chance once in 70,000 features, z²/Σz² being Beta(½, 19).
 */
const mostOfVariance = 0.5;

function outliers({ clouds, shown, features }: CautionSetting): string[] {
  const total = clouds.reduce((n, { points }) => n + points.shape[0], 0);
  if (total < 40) return [];
  return features.flatMap((feature, j) => {
    const values = clouds.map(({ points: { data, shape } }) => Float64Array.from({ length: shape[0] }, (_, i) => data[i * shape[1] + j]));
    const mean = values.reduce((s, column) => s + column.reduce((a, b) => a + b, 0), 0) / total;
    const squares = values.map((column) => column.map((v) => (v - mean) ** 2));
    const greatest = squares.map((column) => Math.max(...column));
    const k = greatest.indexOf(Math.max(...greatest));
    const share = greatest[k] / squares.reduce((s, column) => s + column.reduce((a, b) => a + b, 0), 0);
    return share > mostOfVariance
      ? [
          `one particle at time ${shown[k]} holds ${(100 * share).toFixed(0)} % of the variance of "${feature}": it sets the units and ` +
            "the motion of all others; if it is an error, take its row out of the file",
        ]
      : [];
  });
}

/** Within-snapshot deviations between means above which neighbours hardly overlap. */
const apart = 4;

function shifts({ clouds, shown, features }: CautionSetting): string[] {
  const moments = clouds.map(momentsOf);
  const found = moments.slice(1).flatMap((next, k) => {
    if (!measured(clouds[k]) || !measured(clouds[k + 1])) return [];
    return next.mean.map((m, j) => {
      const within = Math.sqrt((next.deviation[j] ** 2 + moments[k].deviation[j] ** 2) / 2);
      return { k, j, size: within > 0 ? Math.abs(m - moments[k].mean[j]) / within : 0 };
    });
  });
  const largest = found.reduce((a, b) => (b.size > a.size ? b : a), { k: 0, j: 0, size: 0 });
  if (largest.size < apart) return [];
  const { k, j, size } = largest;
  return [
    `from time ${shown[k]} to ${shown[k + 1]} the mean of "${features[j]}" moves by ${size.toFixed(1)} of the snapshots' own ` +
      "deviations: they hardly overlap, what lies between is a guess, and a batch effect would look the same",
  ];
}
