/** Snapshots and settings in the units of a training. */

import { type NdArray, randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { UserError } from "../../errors.ts";
import { type Acting, forcesOf } from "../forces/forces.ts";
import { noiseOf } from "../forces/noise.ts";
import type { Cloud } from "../paths/cloud.ts";
import type { MassCurve } from "../paths/path.ts";
import type { TimeSplit } from "../paths/split.ts";
import { innerTime, type Scaling, scalingFor, type Units, unitsOf, whiten, whitenVelocities } from "../paths/units.ts";
import { cautions } from "./cautions.ts";
import { checkCurve, curveNotes } from "./check-curve.ts";
import { checkLearnable, frictionOf } from "./check-mechanics.ts";
import { type Asked, checkAsked } from "./checks.ts";
import { descriptionOf, has, type LearnOptions, type MethodName, sizesOf } from "./methods.ts";
import { type Room, roomOf } from "./room.ts";

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
  /** σ, a number or a formula of the user's time. */
  readonly noise: number | string;
  readonly growth: number;
  readonly steps: number;
  /** Default: the method's, as are those of the networks. */
  readonly learningRate?: number;
  readonly inner: number;
  readonly rateRatio: number;
  readonly layers?: number;
  readonly width?: number;
  readonly threads?: number;
  /** Time up to which the motion is followed, in the user's unit; absent: the last of the data. */
  readonly until?: number;
}

/** A population ready to be learned from. */
export interface PreparedPopulation {
  readonly units: Units;
  /** All snapshots, held-out ones too, with weights and masses. */
  readonly clouds: readonly Cloud[];
  /** All times. */
  readonly times: readonly number[];
  readonly learn: LearnOptions;
  /** Where moved particles are kept. */
  readonly room: Room;
  /** Time up to which the motion is followed, if that is beyond the data. */
  readonly until?: number;
  /** Factor of measured velocities, if they have one. */
  readonly velocityScale?: number;
  readonly warnings: readonly string[];
}

/**
 * All snapshots in units of the training, with weights and masses, and their times.
 *
 * @throws UserError  for a feature that is constant in the snapshots that are learned from, and for masses that the data do not have
 */
export function cloudsOf(data: Population, { scale, mass }: Pick<PrepareOptions, "scale" | "mass">, { train }: Pick<TimeSplit, "train">) {
  const units = unitsOfTraining(data, scale, train);
  const clouds = data.snapshots.map((points, k): Cloud => cloudOf(data, mass, k, whiten(units, points), units.interval));
  return { units, clouds, times: data.times.map((t) => innerTime(units, t)) };
}

/**
 * The population in units of the training, and what the learner is given. Units and forces are made from the snapshots that are learned
 * from alone.
 *
 * @throws UserError  for options that do not fit the method or the data
 */
export async function preparePopulation(data: Population, options: PrepareOptions, split: TimeSplit): Promise<PreparedPopulation> {
  const { method } = options;
  const { train } = split;
  checkAsked(options, method);
  const sizes = train.map((k) => data.snapshots[k].shape[0]);
  checkCurve(options, method, sizes);
  const second = descriptionOf(method).family === "mechanics";
  const { velocities, weights } = data;
  if (second) checkLearnable({ snapshots: train.length, velocities: !!velocities, weights: !!weights }, options, method);
  const kept = <T>(all: readonly T[]): T[] => train.map((k) => all[k]);
  const { units, clouds: still, times } = cloudsOf(data, options, split);
  const notes = [...massNotes(data, options, still, train), ...priorNotes(data, options, units, train), ...curveNotes(options, sizes)];
  const rng = randomStream(options.seed).fold("forces");
  const forces = await forcesOf(options, { data, units, clouds: still, train, rng });
  const clouds = options.path === "hermite" || second ? withVelocities(still, data, units, forces.velocityScale) : still;
  const noise = await noiseOf(options.noise, { data, units, clouds, train });
  const learn = {
    ...learnOptions(options, train.length - 1, forces.acting),
    ...(has(method, "noise") && noise),
    ...(second && mechanicsOptions(options, units)),
  };
  const cautious = await cautions({
    method,
    clouds: kept(clouds),
    times: kept(times),
    shown: kept(data.times),
    features: data.features,
    learn,
    metric: forces.metric,
  });
  const last = times[train[train.length - 1]];
  const end = Math.max(times[times.length - 1], options.until === undefined ? 0 : innerTime(units, options.until));
  const forecast = (end - last) / (last - times[train[0]]);
  const { drift, potential, interaction } = forces.acting;
  const curved = options.path !== undefined && options.path !== "linear";
  const bent = curved || second || drift !== undefined || potential !== undefined || interaction !== undefined;
  const room = roomOf(kept(clouds), bent, forecast);
  const until = end > times[times.length - 1] ? end : undefined;
  const { velocityScale } = forces;
  return { units, clouds, times, learn, room, until, velocityScale, warnings: [...data.warnings, ...notes, ...forces.notes, ...cautious] };
}

/** Snapshots with the measured velocities of their particles. */
const withVelocities = (clouds: readonly Cloud[], { velocities }: Population, units: Units, factor?: number): Cloud[] =>
  clouds.map((cloud, k) => ({ ...cloud, ...(velocities && { velocities: whitenVelocities(units, velocities[k], factor) }) }));

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

/** Fold change an interval, as a logarithm, above which rates are hardly what they are taken for. */
const mostGrowth = 20;

/** What growth is known beforehand. @throws UserError  for rates that no population has */
function priorNotes(
  { growthRates, times }: Population,
  { priorGrowth }: PrepareOptions,
  { interval }: Units,
  train: readonly number[],
): string[] {
  if (!growthRates) return [];
  const all = train.slice(0, -1).flatMap((k) => Array.from(growthRates[k].data)); // what is at the end grows no more
  const [low, high] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  const longest = Math.max(...train.slice(1).map((k, i) => times[k] - times[train[i]]), interval);
  const worst = Math.abs(low) > Math.abs(high) ? low : high;
  if (Math.abs(worst) * longest > mostGrowth)
    throw new UserError(
      `--prior-growth: column "${priorGrowth}" has a rate of ${worst.toPrecision(3)}, e^${(worst * longest).toFixed(0)} in an interval of ${longest}`,
      "give logarithmic rates a unit of time: ln(offspring) / time, births less deaths",
    );
  const what = `growth rates from column "${priorGrowth}", ${low.toPrecision(3)} to ${high.toPrecision(3)} a unit of time, decide the pairs`;
  return [
    low === high ? `${what}: all are equal, which changes nothing` : `${what}: only differences among the particles of a snapshot count`,
  ];
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
  const { batch, inner, rateRatio, growth, times, threads, steps } = options;
  const usual = sizesOf(options.method);
  const { learningRate = usual.learningRate, layers = usual.layers, width = usual.width } = options;
  const { massCurve, coupling, objective, head, path } = options;
  return {
    ...{ batch, learningRate, inner, rateRatio, layers, width, growth, times, threads, steps },
    ...(massCurve && { massCurve }),
    ...(coupling && { coupling }),
    ...(path && { path }),
    ...(objective && { objective }),
    ...(options.action && { intervals: options.action === "global" ? 1 : intervals }),
    ...(head && { head }),
    ...acting,
  };
}

/** Friction an interval, and what is learned of the energy. */
function mechanicsOptions({ energy, friction }: PrepareOptions, { interval }: Units): Pick<LearnOptions, "energy" | "friction"> {
  const rate = frictionOf(friction);
  return { ...(energy && { energy }), friction: rate === "fit" ? rate : rate * interval };
}

function cloudOf(data: Population, mass: PrepareOptions["mass"], k: number, points: NdArray<"f32">, interval: number): Cloud {
  const weights = data.weights?.[k].data;
  if (mass === "weight" && !weights) throw new UserError("--mass weight needs a column of weights", "name it with --weight");
  const total = mass === "counts" ? points.shape[0] : mass === "weight" ? Array.from(weights!).reduce((a, b) => a + b, 0) : 1;
  const rates = data.growthRates?.[k].data.map((r) => r * interval);
  return { points, mass: total, ...(weights && { weights }), ...(rates && { rates }) };
}
