/** Snapshots and settings in the units of a training. */

import { type NdArray, randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { UserError } from "../../errors.ts";
import { type Acting, forcesOf } from "../forces/forces.ts";
import type { Cloud } from "../paths/cloud.ts";
import type { MassCurve } from "../paths/path.ts";
import type { TimeSplit } from "../paths/split.ts";
import { innerTime, type Scaling, scalingFor, type Units, unitsOf, whiten } from "../paths/units.ts";
import { cautions } from "./cautions.ts";
import { type Asked, checkAsked } from "./checks.ts";
import { has, type LearnOptions, type MethodName } from "./methods.ts";

/** What a learner is asked for, in the user's words. */
export interface PrepareOptions extends Asked {
  readonly method: MethodName;
  readonly seed: number;
  /** Total mass of a snapshot: one, its number of particles, or the sum of their weights. */
  readonly mass: "equal" | "counts" | "weight";
  /** Default: that of the data, see `scalingFor`. */
  readonly scale?: Scaling;
  readonly massCurve?: MassCurve;
  readonly objective?: "flow" | "action";
  /** One action for all times, or one for each interval. */
  readonly action?: "global" | "per-interval";
  readonly times: "even" | "adaptive";
  readonly noise: number;
  readonly growth: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly inner: number;
  readonly rateRatio: number;
  readonly layers: number;
  readonly width: number;
  readonly threads?: number;
}

/** A population ready to be learned from. */
export interface PreparedPopulation {
  readonly units: Units;
  /** All snapshots, held-out ones too, with weights and masses. */
  readonly clouds: readonly Cloud[];
  /** All times. */
  readonly times: readonly number[];
  readonly learn: LearnOptions;
  readonly warnings: readonly string[];
}

/**
 * The population in units of the training, and what the learner is given. Units and forces are made from the snapshots that are learned
 * from alone.
 *
 * @throws UserError  for options that do not fit the method or the data
 */
export async function preparePopulation(data: Population, options: PrepareOptions, { train }: TimeSplit): Promise<PreparedPopulation> {
  const { method } = options;
  checkAsked(options, method);
  const kept = <T>(all: readonly T[]): T[] => train.map((k) => all[k]);
  const units = unitsOfTraining(data, options.scale, train);
  const clouds = data.snapshots.map((points, k): Cloud => cloudOf(data, options.mass, k, whiten(units, points)));
  const notes = massNotes(data, options, clouds, train);
  const rng = randomStream(options.seed).fold("forces");
  const forces = await forcesOf(options, { data, units, clouds, train, rng });
  const learn = learnOptions(options, train.length - 1, forces.acting);
  const times = data.times.map((t) => innerTime(units, t));
  const cautious = await cautions({
    method,
    clouds: kept(clouds),
    times: kept(times),
    shown: kept(data.times),
    features: data.features,
    learn,
    metric: forces.metric,
  });
  return { units, clouds, times, learn, warnings: [...data.warnings, ...notes, ...forces.notes, ...cautious] };
}

function unitsOfTraining(data: Population, scale: Scaling | undefined, train: readonly number[]): Units {
  const units = unitsOf(
    train.map((k) => data.times[k]),
    train.map((k) => data.snapshots[k]),
    scale ?? scalingFor(data),
    data.weights && train.map((k) => data.weights![k].data),
  );
  const flat = units.deviation.findIndex((s) => !(s > 0));
  if (flat >= 0)
    throw new UserError(
      `feature "${data.features[flat]}" is constant in the snapshots that are learned from`,
      "leave it out of --features",
    );
  return units;
}

/** Do the masses that the method sees say what the user means? */
function massNotes(data: Population, { method, mass }: PrepareOptions, clouds: readonly Cloud[], train: readonly number[]): string[] {
  const notes: string[] = [];
  const grows = has(method, "growth");
  if (!grows && new Set(clouds.map((c) => c.mass)).size > 1)
    notes.push(`${method} has no growth: the total mass of every snapshot counts as one`);
  const sizes = train.map((k) => data.snapshots[k].shape[0]);
  if (mass === "equal" && grows && Math.max(...sizes) > 1.5 * Math.min(...sizes))
    notes.push("snapshots differ in size but count as equal masses; if cells were counted alike, use --mass counts");
  return notes;
}

function learnOptions(options: PrepareOptions, intervals: number, acting: Acting): LearnOptions {
  const { batch, learningRate, inner, rateRatio, layers, width, noise, growth, times, threads, steps } = options;
  const { massCurve, coupling, objective, head } = options;
  return {
    ...{ batch, learningRate, inner, rateRatio, layers, width, noise, growth, times, threads, steps },
    ...(massCurve && { massCurve }),
    ...(coupling && { coupling }),
    ...(objective && { objective }),
    ...(options.action && { intervals: options.action === "global" ? 1 : intervals }),
    ...(head && { head }),
    ...acting,
  };
}

function cloudOf(data: Population, mass: PrepareOptions["mass"], k: number, points: NdArray<"f32">): Cloud {
  const weights = data.weights?.[k].data;
  if (mass === "weight" && !weights) throw new UserError("--mass weight needs a column of weights", "name it with --weight");
  const total = mass === "counts" ? points.shape[0] : mass === "weight" ? Array.from(weights!).reduce((a, b) => a + b, 0) : 1;
  return { points, mass: total, ...(weights && { weights }) };
}
