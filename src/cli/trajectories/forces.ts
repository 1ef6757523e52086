/** What acts on the particles, from the options of the command: costs, free velocities, potentials, interactions and weights in time, in units of the training. */

import { type NdArray, ndarray, type Random, toNumbers } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { nearest, UserError } from "../../errors.ts";
import { concat, grad, jit, type Tensor } from "../../tensor/index.ts";
import {
  accelerationPotential,
  type Cloud,
  densityPotential,
  fittedScale,
  innerTime,
  kernelVelocity,
  type LearnOptions,
  metricCost,
  parseFormula,
  powerCost,
  type ScalarField,
  type Units,
  type VectorField,
  weightedMean,
} from "../../transport/index.ts";

/** The options that this file reads, as text. */
export interface ForceOptions {
  readonly cost?: string;
  readonly drift?: string;
  readonly velocity?: string;
  readonly velocityScale?: string;
  readonly potential?: string;
  readonly interaction?: string;
  readonly timeWeight?: string;
}

/** The data in units of the training, and which snapshots may be looked at. */
interface Setting {
  readonly data: Population;
  readonly units: Units;
  readonly clouds: readonly Cloud[];
  readonly train: readonly number[];
  readonly rng: Random;
}

export interface Forces {
  readonly learn: Pick<LearnOptions, "cost" | "drift" | "potential" | "interaction" | "weight">;
  /** Weights of a quadratic cost; undefined: the cost is another one. */
  readonly metric?: readonly number[];
  /** What the user should know. */
  readonly notes: readonly string[];
}

/** @throws UserError */
export async function forcesOf(options: ForceOptions, setting: Setting): Promise<Forces> {
  const { cost, timeWeight } = options;
  const notes: string[] = [];
  const drift = await driftOf(options, setting, notes);
  const potential = options.potential === undefined ? undefined : await potentialOf(options.potential, setting, notes);
  const { features } = setting.data;
  const plain = cost === undefined || cost.trim() === "quadratic";
  const chosen = plain ? { metric: features.map(() => 1) } : costOf(cost, features);
  const learn = {
    ...(chosen.cost && { cost: chosen.cost }),
    ...(drift && { drift }),
    ...(potential && { potential }),
    ...(options.interaction !== undefined && { interaction: await interactionOf(options.interaction) }),
    ...(timeWeight !== undefined && { weight: await timeWeightOf(timeWeight, setting) }),
  };
  return { learn, metric: chosen.metric, notes };
}

/** `quadratic`, `power Q`, or weights of features such as `pc1=4,pc2=1` (the others 1), which multiply ½ v² of the standardised feature. */
function costOf(text: string, features: readonly string[]): { cost?: LearnOptions["cost"]; metric?: readonly number[] } {
  const power = /^power[\s:]*(.*)$/.exec(text.trim());
  if (power) {
    const q = Number(power[1] || Number.NaN);
    if (!(q > 1 && q <= 10))
      throw new UserError(`--cost "${text}": the power must be a number above 1, at most 10`, 'such as "power 3"; 2 is the quadratic cost');
    return { cost: powerCost(q) };
  }
  const weights = assignments("--cost", text, ",", features);
  if (weights.size === 0)
    throw new UserError(`--cost "${text}" is no cost`, 'use quadratic, "power 3", or weights of features such as "a=4,b=1"');
  const metric = features.map((name) => {
    const value = weights.get(name);
    if (value === undefined) return 1;
    const w = Number(value || Number.NaN);
    if (!(w > 0 && w < 1e6)) throw new UserError(`--cost: the weight of "${name}" must be a positive number (got "${value}")`);
    return w;
  });
  return { cost: metricCost(metric), metric };
}

/** `name=value` pairs; names are features, which may hold any sign but the separator. */
function assignments(option: string, text: string, separator: string, features: readonly string[]): Map<string, string> {
  const byLength = [...features].sort((a, b) => b.length - a.length);
  const found = new Map<string, string>();
  for (const part of text.split(separator).map((p) => p.trim())) {
    if (part === "") continue;
    const name = byLength.find((f) => part.startsWith(f) && part.slice(f.length).trimStart().startsWith("="));
    if (name === undefined) {
      const wrong = part.split("=")[0].trim();
      const guess = part.includes("=") ? nearest(wrong, features) : undefined;
      throw new UserError(
        part.includes("=") ? `${option}: no feature "${wrong}"` : `${option}: "${part}" has no "="`,
        guess ? `did you mean "${guess}"?` : `the features are ${features.slice(0, 8).join(", ")}${features.length > 8 ? ", …" : ""}`,
      );
    }
    if (found.has(name)) throw new UserError(`${option}: "${name}" is given twice`);
    found.set(name, part.slice(name.length).trimStart().slice(1).trim());
  }
  return found;
}

function formulaOf(option: string, text: string, names: readonly string[]): ReturnType<typeof parseFormula> {
  try {
    return parseFormula(text, names);
  } catch (error) {
    throw new UserError(`${option}: ${(error as Error).message}`);
  }
}

/** Columns [B, 1] of the user's time and features at rows in units of the training. */
function named({ data, units }: Setting, t: Tensor, x: Tensor): Record<string, Tensor> {
  const values: Record<string, Tensor> = { t: t.mul(units.interval).add(units.start) };
  data.features.forEach(
    (name, j) =>
      void (values[name] = x
        .slice(null, [j, j + 1])
        .mul(units.deviation[j])
        .add(units.mean[j])),
  );
  return values;
}

async function driftOf(options: ForceOptions, setting: Setting, notes: string[]): Promise<VectorField | undefined> {
  const { drift, velocity, velocityScale } = options;
  if (drift !== undefined && velocity !== undefined)
    throw new UserError("give --drift or --velocity, not both: both are the velocity that costs nothing");
  if (velocityScale !== undefined && velocity === undefined) throw new UserError("--velocity-scale needs --velocity");
  if (velocity !== undefined) return measuredDrift(velocityScale ?? "1", setting, notes);
  return drift === undefined ? undefined : formulaDrift(drift, setting);
}

/** One formula a feature, `x=-y; y=x`, in features a unit of the user's time; features that are not named stay. */
async function formulaDrift(text: string, setting: Setting): Promise<VectorField> {
  const { data, units } = setting;
  const texts = assignments("--drift", text, ";", data.features);
  if (texts.size === 0) throw new UserError("--drift is empty", 'give a formula for each feature that moves, such as "x=-y; y=x"');
  const names = [...data.features, "t"];
  const parsed = new Map([...texts].map(([name, f]) => [name, formulaOf(`--drift, ${name}`, f, names)]));
  const field: VectorField = (t, x) => {
    const values = named(setting, t, x);
    const columns = data.features.map((name, j) =>
      parsed
        .get(name)?.(values)
        .mul(units.interval / units.deviation[j]),
    );
    return columnsOf(columns, x);
  };
  await requireFinite("--drift", setting, (t, x) => field(t, x).sum(1));
  return field;
}

const columnsOf = (columns: readonly (Tensor | undefined)[], x: Tensor): Tensor => {
  // one column after the other; what is missing is zero
  const zero = x.slice(null, [0, 1]).mul(0);
  return concat(
    columns.map((c) => c ?? zero),
    1,
  );
};

/** A kernel regression of the velocities measured at the training particles. */
async function measuredDrift(scale: string, { data, units, clouds, train, rng }: Setting, notes: string[]): Promise<VectorField> {
  const { velocities } = data;
  if (!velocities) throw new UserError("--velocity: the data have no velocities");
  const d = data.features.length;
  const points = stacked(train.map((k) => clouds[k].points));
  const inner = stacked(
    train.map((k) => ({ ...velocities[k], data: velocities[k].data.map((v, i) => (v * units.interval) / units.deviation[i % d]) })),
  );
  if (inner.data.every((v) => v === 0)) throw new UserError("--velocity: all velocities are zero");
  const { field, width, explained } = await kernelVelocity(points, inner, rng);
  notes.push(
    `velocities: kernels of width ${width.toFixed(2)} standard deviations predict a left-out one with R² ${explained.toFixed(2)}${explained < 0.05 ? ": neighbours hardly agree, so this drift is close to one constant or to noise" : ""}`,
  );
  const factor = scale.trim() === "fit" ? await fitted() : Number(scale || Number.NaN);
  if (!Number.isFinite(factor) || factor === 0) throw new UserError(`--velocity-scale "${scale}": expected a number or fit`);
  return factor === 1 ? field : (t, x) => field(t, x).mul(factor);

  async function fitted(): Promise<number> {
    const { scale: best, cosine } = await fittedScale(
      field,
      train.map((k) => innerTime(units, data.times[k])),
      train.map((k) => clouds[k]),
    );
    if (!(best > 0))
      throw new UserError(
        `--velocity-scale fit: the velocities point against the motion of the means (cosine ${cosine.toFixed(2)})`,
        "check their order, sign and units, or give a number",
      );
    notes.push(
      `velocities: scaled by ${best.toPrecision(3)}, which fits the motion of the means of the training snapshots best (cosine ${cosine.toFixed(2)})`,
    );
    return best;
  }
}

function stacked(parts: readonly NdArray<"f32">[]): NdArray<"f32"> {
  const d = parts[0].shape[1];
  const n = parts.reduce((s, p) => s + p.shape[0], 0);
  const data = new Float32Array(n * d);
  let at = 0;
  for (const p of parts) {
    data.set(p.data, at);
    at += p.data.length;
  }
  return ndarray(data, [n, d], "f32");
}

/** `acceleration`, `data` or `data STRENGTH`, or a formula in the user's features and time whose value counts in units of the training. */
async function potentialOf(text: string, setting: Setting, notes: string[]): Promise<ScalarField> {
  const { data, units, clouds, train, rng } = setting;
  if (text === "acceleration") {
    if (train.length < 3) throw new UserError("--potential acceleration needs at least three snapshots to learn from");
    return accelerationPotential(
      train.map((k) => innerTime(units, data.times[k])),
      train.map((k) => weightedMean(clouds[k].points, clouds[k].weights)),
    );
  }
  const dense = /^data(?:\s+(\S+))?$/.exec(text.trim());
  if (dense && !data.features.includes(text.trim())) {
    const strength = Number(dense[1] ?? 1);
    if (!Number.isFinite(strength) || strength === 0)
      throw new UserError(`--potential "${text}": the strength must be a number other than 0`, 'such as "data 0.5"');
    const { field, width } = await densityPotential(stacked(train.map((k) => clouds[k].points)), strength, rng);
    notes.push(`potential: ${strength} log density of the training particles, kernels of width ${width.toFixed(2)} standard deviations`);
    return field;
  }
  const formula = formulaOf("--potential", text, [...data.features, "t"]);
  const field: ScalarField = (t, x) => formula(named(setting, t, x)).squeeze(1);
  await requireFinite("--potential", setting, field);
  return field;
}

/** W(r) of an energy of pairs, a formula in their distance r in units of the training. */
async function interactionOf(text: string): Promise<NonNullable<LearnOptions["interaction"]>> {
  const formula = formulaOf("--interaction", text, ["r"]);
  const program = jit((r: Tensor) => grad((q: Tensor) => formula({ r: q }).sum())(r));
  const grid = Float32Array.from({ length: 401 }, (_, i) => 10 ** (i / 100 - 3));
  const slopes = toNumbers(await program(ndarray(grid, [401], "f32")));
  const bad = slopes.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new UserError(
      `--interaction: the slope of "${text}" is no finite number at r = ${grid[bad].toPrecision(3)}`,
      "r is the distance of two particles in standard deviations, from 0.001 up",
    );
  if (slopes.every((v) => v === 0))
    throw new UserError(`--interaction: "${text}" does not change with the distance r, so that no force comes from it`);
  return (r) => formula({ r });
}

/** w(t) > 0 in the user's time; its size counts for nothing, so that it is divided by its mean. */
async function timeWeightOf(text: string, { data, units, train }: Setting): Promise<(t: Tensor) => Tensor> {
  const formula = formulaOf("--time-weight", text, ["t"]);
  const weight = (t: Tensor): Tensor => formula({ t: t.mul(units.interval).add(units.start) });
  const [first, last] = [train[0], train[train.length - 1]].map((k) => innerTime(units, data.times[k]));
  const grid = Float32Array.from({ length: 201 }, (_, i) => first + ((last - first) * i) / 200);
  const values = toNumbers(await jit(weight)(ndarray(grid, [201, 1], "f32")));
  const bad = values.findIndex((v) => !(Number.isFinite(v) && v >= 0));
  if (bad >= 0)
    throw new UserError(
      `--time-weight: "${text}" is ${values[bad]} at t = ${(grid[bad] * units.interval + units.start).toPrecision(4)}`,
      "a weight is a finite number, not negative",
    );
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (!(mean > 0)) throw new UserError(`--time-weight: "${text}" is zero at all times`);
  return (t) => weight(t).div(mean);
}

/** A formula has to be a number at every particle that is learned from. */
async function requireFinite(option: string, { data, units, clouds, train }: Setting, f: ScalarField): Promise<void> {
  const program = jit(f);
  for (const k of train) {
    const { points } = clouds[k];
    const t = ndarray(new Float32Array(points.shape[0]).fill(innerTime(units, data.times[k])), [points.shape[0], 1], "f32");
    const values = toNumbers(await program(t, points));
    const bad = values.filter((v) => !Number.isFinite(v)).length;
    if (bad > 0)
      throw new UserError(
        `${option}: the formula is no finite number at ${bad} of ${values.length} particles at time ${data.times[k]}`,
        "logarithms and roots need positive values, and divisions values other than zero",
      );
  }
}
