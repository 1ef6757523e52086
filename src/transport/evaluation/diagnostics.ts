/** Numbers that say whether a learned motion can be believed, each with the limit beyond which a run says so first, and its reason. */
import type { NdArray } from "../../array/index.ts";
import type { ActionValue } from "../learning/action-value.ts";
import type { Room } from "../learning/room.ts";
import type { Frame } from "../motion/frames.ts";
import { timeText } from "../paths/units.ts";
import type { Balance } from "./balance.ts";
import type { Fit } from "./fit.ts";

/**
 * Part of the particles at one time that may be outside of the data's box by more than a fifth of the margin (a tenth of its extent): above
 * it they are no extremes of a sample but have left.
 */
const mostOutside = 0.05;

/** Particles that are held back far outside of the data, or many that are outside at all. */
export function leaving(frames: readonly Pick<Frame, "time" | "inner">[], room: Room, features: readonly string[]): string[] {
  const d = features.length;
  const beyond = (x: NdArray<"f32">, share: number): { rows: number; worst: number } => {
    const per = new Float64Array(d);
    let rows = 0;
    for (let i = 0; i < x.shape[0]; i++) {
      let left = false;
      for (let j = 0; j < d; j++) {
        const v = x.data[i * d + j];
        const out = Math.max(v - room.high[j], room.low[j] - v) > share * room.margin[j];
        if (out) per[j]++;
        left ||= out;
      }
      if (left) rows++;
    }
    return { rows, worst: per.indexOf(Math.max(...per)) };
  };
  // from the middle of the margin on, what carries a particle out is held back
  const held = frames.map(({ inner }) => beyond(inner, 0.5));
  const most = held.reduce((a, b, k) => (b.rows > held[a].rows ? k : a), 0);
  if (held[most].rows > 0)
    return [
      `${held[most].rows} of ${frames[most].inner.shape[0]} particles leave the range of the data at time ${timeText(frames[most].time)}, ` +
        `most in "${features[held[most].worst]}", and are held back there: so far from the data the motion is a guess; raise --steps, or ` +
        "look for outliers and for features on which the groups are far apart",
    ];
  const outside = frames.map(({ inner }) => beyond(inner, 0.2).rows / inner.shape[0]);
  const k = outside.indexOf(Math.max(...outside));
  return outside[k] > mostOutside
    ? [
        `${percent(outside[k])} of the particles are outside of the range of the data at time ${timeText(frames[k].time)}, where the motion ` +
          "is a guess; raise --steps",
      ]
    : [];
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** Standard deviations by which two ways of solving the same equations may differ: more than a plot shows. */
const largestSolverError = 0.05;

/** @param error  root mean square, in units of the training */
export const inexact = (error: number): string[] =>
  error <= largestSolverError
    ? []
    : [
        `the particles' equations are solved with an error of ${error.toPrecision(2)} standard deviations, more than the ` +
          `${largestSolverError} that a picture shows: the motion is stiff; raise --steps or lower --learning-rate, or with noise lower it`,
      ];

/**
 * What may be left of the way to a snapshot that was learned from: a quarter; where snapshots overlap, a quarter of the sampling floor, by
 * which samples of one size differ among themselves. And what mass may be off.
 */
const leftOfTheWay = 0.25;
const aboveTheFloor = 0.25;
const massOff = 0.25;

/**
 * Snapshots that the motion does not meet although it has learned from them.
 *
 * @param mayJump  whether the method has an action that may jump at snapshots
 */
export function misses(fit: readonly Fit[], mayJump: boolean): string[] {
  const limit = ({ copy, floor }: Fit): number => floor + Math.max(leftOfTheWay * (copy - floor), aboveTheFloor * floor);
  const far = fit.filter((f) => f.w1 > limit(f));
  const wrong = fit.filter((f) => f.mass !== undefined && !(Math.abs(Math.log(f.mass)) < Math.log(1 + massOff)));
  const farthest = far.reduce((a, b) => (b.w1 / limit(b) > a.w1 / limit(a) ? b : a), far[0]);
  const worst = wrong.reduce((a, b) => (Math.abs(Math.log(b.mass!)) > Math.abs(Math.log(a.mass!)) ? b : a), wrong[0]);
  const several = (all: readonly Fit[]): string => (all.length > 1 ? ` (and ${all.length - 1} others)` : "");
  return [
    ...(far.length
      ? [
          `the motion misses a snapshot that it was learned from, at time ${timeText(farthest.time)}${several(far)}: W1 ` +
            `${farthest.w1.toPrecision(3)} standard deviations from the one before it, ${farthest.copy.toPrecision(3)} without any ` +
            `motion, ${farthest.floor.toPrecision(3)} the sampling floor; raise --steps or --width${orJump(mayJump)}`,
        ]
      : []),
    ...(wrong.length
      ? [
          `the mass at time ${timeText(worst.time)}${several(wrong)}, which was learned from, is ${worst.mass!.toPrecision(3)} times what ` +
            "was observed: raise --steps, or change --growth",
        ]
      : []),
  ];
}

const orJump = (mayJump: boolean): string => (mayJump ? ", or use --action per-interval" : "");

/** Standard errors, and units of the training an interval, by which rates may lie outside of the changes before and after. */
const errorsOutside = 5;
const rateOutside = 0.25;

/**
 * The worst rate of change that no bend in time explains. Five errors: among hundreds of test functions chance hardly reaches them. A
 * quarter: less shows in no picture.
 */
export function unbalanced(balance: readonly Balance[], mayJump: boolean): string[] {
  const wrong = balance.filter((b) => b.outside > errorsOutside * b.error && b.outside > rateOutside);
  if (wrong.length === 0) return [];
  const worst = wrong.reduce((a, b) => (b.outside > a.outside ? b : a));
  return [
    `at time ${timeText(worst.time)} the motion changes the mean of ${worst.test} by ${worst.predicted.toPrecision(3)} an interval, the ` +
      `snapshots by ${worst.observed.toPrecision(3)} (standard deviations; see Balance): raise --steps${orJump(mayJump)}`,
  ];
}

/** Part of the action of a path that an action may leave unexplained, and the size below which that matters to nobody. */
const unexplained = 0.25;
const smallGap = 0.1;

/** A gap between the bounds of the action that is wide, or that cannot be. */
export function wideGap({ primal, gap }: ActionValue): string[] {
  if (primal === undefined || gap === undefined) return [];
  if (gap.bound < -4 * gap.error - 1e-3)
    return [`the upper bound of the action is below the lower one, by ${(-gap.bound).toPrecision(2)}: believe neither, and tell us`];
  return gap.bound - 2 * gap.error > Math.max(smallGap, unexplained * Math.abs(primal))
    ? [
        `the learned action leaves ${gap.bound.toPrecision(3)} of the path's ${primal.toPrecision(3)} unexplained: its pairs cross, or ` +
          "it is not learned yet; raise --steps, use --action per-interval, or another --coupling than independent",
      ]
    : [];
}
