/** Everything that is asked of a trained model. */
import type { Random } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { quadraticCost } from "../lagrangian/costs.ts";
import type { ActionValue } from "../learning/action-value.ts";
import { has, type LearnOptions, type MethodName } from "../learning/methods.ts";
import type { Model } from "../learning/model.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import type { GaussianMixture } from "../motion/base-density.ts";
import { cellDensities } from "../motion/cell-densities.ts";
import { type Fates, fates } from "../motion/fates.ts";
import { type FeatureCurve, featureCurves } from "../motion/features.ts";
import { type Fields, fieldsAt, fieldsProgram } from "../motion/fields.ts";
import { type Frame, frames, type MassAt, massInTime } from "../motion/frames.ts";
import { type Landscape, landscape } from "../motion/landscape.ts";
import type { TrainedModel } from "../motion/push.ts";
import { solverError } from "../motion/solver-error.ts";
import { type Stream, streamLines } from "../motion/stream.ts";
import { type GroupTransition, transition } from "../motion/transitions.ts";
import type { TimePair, TimeSplit } from "../paths/split.ts";
import { type Balance, balances } from "./balance.ts";
import { type EnergyCurve, energyInTime } from "./energy-balance.ts";
import { type Fit, fits } from "./fit.ts";
import { leastAction } from "./least-action.ts";
import { fieldsAlong } from "./new-population.ts";
import { type Prediction, predict } from "./predict.ts";
import { warningsOf } from "./warnings.ts";

/** A learned motion and what is known of it; all in the user's units unless it says otherwise. */
export interface Assessment {
  readonly predictions: readonly Prediction[];
  readonly frames: readonly Frame[];
  /** Fields at the moved particles of each frame, and at the particles of each snapshot. */
  readonly along: readonly Fields[];
  readonly fields: readonly Fields[];
  /** Log densities of the particles of each snapshot. */
  readonly density?: readonly Float64Array[];
  readonly fates?: Fates;
  readonly transitions: readonly GroupTransition[];
  readonly curves: readonly FeatureCurve[];
  readonly mass: readonly MassAt[];
  /** Of more than one feature. */
  readonly stream?: Stream;
  readonly landscape?: Landscape;
  /** In units of the training, as are the next four. */
  readonly value?: ActionValue;
  readonly least?: { readonly lower: number; readonly upper: number };
  readonly solverError: number;
  readonly fit: readonly Fit[];
  readonly balance: readonly Balance[];
  /** Of mechanics: the energies of the moved particles. */
  readonly energy?: EnergyCurve;
  /** Besides those of the preparation. */
  readonly warnings: readonly string[];
}

/** What a run is asked for besides. */
export interface AskedOf {
  /** Density of the first snapshot, if those of all particles are asked for. */
  readonly base?: GaussianMixture;
  /** Pairs of times whose transitions are asked for, and the groups of all particles. */
  readonly lineage?: Lineage;
}

/** Two times each, and groups, a list a snapshot. */
export interface Lineage {
  readonly pairs: readonly TimePair[];
  readonly groups: readonly (readonly string[])[];
}

/** Predictions, particles and fields in time, fates, values and diagnostics of a trained model. */
export async function assess(
  method: MethodName,
  trained: TrainedModel & { readonly model: Model },
  state: unknown,
  data: Population,
  prepared: PreparedPopulation,
  split: TimeSplit,
  rng: Random,
  { base, lineage }: AskedOf = {},
): Promise<Assessment> {
  const { model } = trained;
  const predictions = await predict(method, trained, data, prepared, split, rng.fold("scores"));
  const all = await frames(trained, data, prepared, rng.fold("frames"));
  const program = fieldsProgram(model);
  const fields = [];
  for (const [k, cloud] of prepared.clouds.entries())
    fields.push(await fieldsAt(trained, program, prepared, cloud.points, prepared.times[k]));
  const along = await fieldsAlong(trained, all, prepared);
  const mass = massInTime(all);
  const plane = data.features.length > 1;
  const found = {
    ...{ predictions, frames: all, along, fields, mass },
    fit: await trainingFit(method, trained, data, prepared, split, rng.fold("fit")),
    value: await model.value?.(state, rng.fold("value")),
    solverError: await solverError(trained, prepared, rng.fold("solver")),
    balance: await namedBalance(method, trained, data, prepared, split),
    energy: await energyInTime(trained, all, prepared),
  };
  return {
    ...found,
    density: base && (await cellDensities(trained, base, prepared, rng.fold("density"))),
    fates: await fates(trained, data, prepared, rng.fold("fates")),
    transitions: await transitionsOf(trained, data, prepared, lineage, rng.fold("transitions")),
    curves: await featureCurves(data, all),
    least: free(method, prepared.learn) ? await leastThrough(method, prepared, split, rng.fold("least")) : undefined,
    stream: plane ? streamLines(data, fields) : undefined,
    landscape: plane && fields[0].action ? await landscape(trained, program, data, prepared) : undefined,
    warnings: warningsOf(method, { ...found, note: model.note?.(state) }, data, prepared, split),
  };
}

async function transitionsOf(
  trained: TrainedModel,
  data: Population,
  prepared: PreparedPopulation,
  lineage: Lineage | undefined,
  rng: Random,
): Promise<GroupTransition[]> {
  const found: GroupTransition[] = [];
  for (const [i, pair] of (lineage?.pairs ?? []).entries())
    found.push(await transition(trained, data, lineage as Lineage, prepared, pair, rng.fold(i))); // pairs are the lineage's
  return found;
}

/** The fit at the snapshots that are learned from, in the user's times. */
async function trainingFit(
  method: MethodName,
  trained: TrainedModel,
  data: Population,
  { clouds, times }: PreparedPopulation,
  { train }: TimeSplit,
  rng: Random,
): Promise<Fit[]> {
  const inner = train.map((k) => times[k]);
  const found = await fits(
    method,
    trained,
    inner,
    train.map((k) => clouds[k]),
    rng,
  );
  return found.map((f, i) => ({ ...f, time: data.times[train[i + 1]] }));
}

/** The balance at the snapshots that are learned from, in the user's times and names of features. */
async function namedBalance(
  method: MethodName,
  { model, params }: TrainedModel,
  data: Population,
  prepared: PreparedPopulation,
  { train }: TimeSplit,
): Promise<Balance[]> {
  const kept = train.map((k) => prepared.clouds[k]);
  const times = train.map((k) => prepared.times[k]);
  const tested = await balances(model, params, times, has(method, "growth") ? kept : kept.map((c) => ({ ...c, mass: 1 })));
  return tested.map((b) => ({
    ...b,
    time: data.times[train[times.indexOf(b.time)]],
    test: b.test.replace(/^x(\d+)/, (_, j) => data.features[j - 1]),
  }));
}

/** Is the least action known: without noise and forces, and with growth for the quadratic cost? */
const free = (method: MethodName, { cost, drift }: LearnOptions): boolean =>
  /^(wlf|u?am)/.test(method) && !has(method, "noise") && !has(method, "potential") && !drift && !(cost && has(method, "growth"));

const leastThrough = (method: MethodName, { clouds, times, learn }: PreparedPopulation, { train }: TimeSplit, rng: Random) =>
  leastAction(
    train.map((k) => times[k]),
    train.map((k) => clouds[k]),
    { growth: has(method, "growth") ? learn.growth! : 0, cost: learn.cost ?? quadraticCost },
    rng,
  );
