/** What a user should know of a learned motion, each with its threshold. */
import type { NdArray } from "../../array/index.ts";
import type { Snapshots } from "../../data/snapshots.ts";
import type { ActionValue } from "../learning/action-value.ts";
import { has, hasAction, type MethodName } from "../learning/methods.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import type { Fields } from "../motion/fields.ts";
import type { Frame, MassAt } from "../motion/frames.ts";
import type { TimeSplit } from "../paths/split.ts";
import { timeText, type Units } from "../paths/units.ts";
import type { Balance } from "./balance.ts";
import { inexact, leaving, misses, unbalanced, wideGap } from "./diagnostics.ts";
import { type EnergyCurve, lostEnergy } from "./energy-balance.ts";
import type { Fit } from "./fit.ts";
import type { Prediction } from "./predict.ts";
import { verdicts } from "./verdicts.ts";

/** What is looked at. */
export interface Judged {
  readonly predictions: readonly Prediction[];
  readonly frames: readonly Pick<Frame, "time" | "inner">[];
  readonly fields: readonly Pick<Fields, "velocity">[];
  readonly mass: readonly MassAt[];
  readonly fit: readonly Fit[];
  readonly solverError: number;
  readonly balance: readonly Balance[];
  readonly value?: ActionValue;
  readonly energy?: EnergyCurve;
  /** What happened in the training. */
  readonly note?: string;
}

/** All warnings of a trained model, those that make the most of the rest worthless first. */
export function warningsOf(
  method: MethodName,
  { predictions, frames, fields, mass, fit, solverError, balance, value, energy, note }: Judged,
  { times, features }: Pick<Snapshots, "times" | "features">,
  { units, room, until }: Pick<PreparedPopulation, "units" | "room" | "until">,
  split: TimeSplit,
): string[] {
  return [
    ...leaving(frames, room, features),
    ...speeds(
      fields.map((f) => f.velocity),
      units,
      times,
    ),
    ...(note ? [note] : []),
    ...inexact(solverError),
    ...lostEnergy(energy),
    ...misses(fit, hasAction(method)),
    ...unbalanced(balance, hasAction(method)),
    ...(value ? wideGap(value) : []),
    ...thinWeights(mass),
    ...(has(method, "growth") ? dip(mass) : []),
    ...forecasts(times, split, until === undefined ? undefined : until * units.interval + units.start),
    ...(predictions.length ? verdicts(predictions) : []),
  ];
}

/**
 * Standard deviations an interval, in the root mean square over features, above which a motion is faster than any that data of order one
 * suggest.
 */
const fastest = 10;

/** @param velocities  of the particles of each snapshot, in the user's units */
export function speeds(velocities: readonly NdArray<"f32">[], { deviation, interval }: Units, shown: readonly number[]): string[] {
  const d = deviation.length;
  const rms = velocities.map(({ data }) =>
    Math.sqrt(data.reduce((sum, v, i) => sum + ((v * interval) / deviation[i % d]) ** 2, 0) / data.length),
  );
  const k = rms.findIndex((v) => v > fastest);
  return k < 0
    ? []
    : [
        `at time ${shown[k]} the learned motion has ${rms[k].toFixed(0)} standard deviations an interval: training diverged, or the ` +
          "path has (nearly) infinite action there, as where a snapshot is a point; lower --learning-rate, or look at that snapshot",
      ];
}

/** Effective part of the particles, relative to the first one, below which a few of them stand for all. */
const fewest = 0.05;

function thinWeights(mass: readonly MassAt[]): string[] {
  const lowest = Math.min(...mass.map((m) => m.effective));
  return lowest < fewest * mass[0].effective
    ? [`the weights leave only ${(100 * lowest).toFixed(1)} % of the particles effective: growth dominates; lower --growth`]
    : [];
}

/** Part of the smaller end that the mass may not fall below on the way. */
const deepest = 0.5;

function dip(mass: readonly MassAt[]): string[] {
  const thinnest = Math.min(...mass.map((m) => m.mass));
  return thinnest < deepest * Math.min(1, mass[mass.length - 1].mass)
    ? [
        `the total mass dips to ${(100 * thinnest).toFixed(0)} % between the snapshots: most particles die and are born again instead of ` +
          "moving; lower --growth, or compare with --mass counts",
      ]
    : [];
}

function forecasts(times: readonly number[], { train, held }: TimeSplit, until?: number): string[] {
  const last = train[train.length - 1];
  const beyond = [...held.filter((k) => k > last).map((k) => times[k]), ...(until === undefined ? [] : [timeText(until)])];
  return beyond.length
    ? [
        `${beyond.join(", ")}: a forecast beyond the last snapshot that is learned from (${times[last]}), ` +
          "where nothing holds the motion",
      ]
    : [];
}
