/** Snapshots and options of the command in the units of the training. */
import { UserError } from "../../data/errors.ts";
import type { NdArray, Tensor } from "../../tensor/index.ts";
import {
  accelerationPotential,
  type Cloud,
  has,
  innerTime,
  type LearnOptions,
  type MethodName,
  parseFormula,
  type ScalarField,
  type Units,
  unitsOf,
  whiten,
} from "../../transport/index.ts";
import type { TrajectoriesOptions } from "../trajectories.ts";
import type { Split } from "./holdout.ts";
import type { Population } from "./load.ts";

/** Most pairs of points for exact couplings of two snapshots: some seconds and 200 MB. */
const mostPairs = 25_000_000;

export interface Prepared {
  readonly units: Units;
  /** All snapshots, held-out ones too, with weights and masses. */
  readonly clouds: readonly Cloud[];
  /** All times. */
  readonly times: readonly number[];
  readonly learn: LearnOptions;
  readonly warnings: readonly string[];
}

/** @throws UserError  for options that do not fit the method or the data */
export function prepare(data: Population, options: TrajectoriesOptions, { train }: Split): Prepared {
  const method = options.method as MethodName;
  const warnings = [...data.warnings];
  const units = unitsOf(
    train.map((k) => data.times[k]),
    train.map((k) => data.snapshots[k]),
    options.scale,
  );
  const flat = units.deviation.findIndex((s) => !(s > 0));
  if (flat >= 0) throw new UserError(`feature "${data.features[flat]}" is constant in the snapshots that are learned from`, "leave it out of --features"); // biome-ignore format: one line
  const clouds = data.snapshots.map((points, k): Cloud => cloudOf(data, options, k, whiten(units, points)));
  const grows = has(method, "growth");
  const masses = new Set(clouds.map((c) => c.mass));
  if (!grows && masses.size > 1) warnings.push(`${method} has no growth: the total mass of every snapshot counts as one`);
  const sizes = train.map((k) => data.snapshots[k].shape[0]);
  for (const k of train)
    if (data.snapshots[k].shape[0] < 10)
      warnings.push(`the snapshot at ${data.times[k]} has only ${data.snapshots[k].shape[0]} particles`);
  if (options.mass === "equal" && grows && Math.max(...sizes) > 1.5 * Math.min(...sizes))
    warnings.push("snapshots differ in size but count as equal masses; if cells were counted alike, use --mass counts");
  let coupling = options.coupling;
  if (coupling !== "independent" && sizes.some((n, i) => i > 0 && n * sizes[i - 1] > mostPairs)) {
    warnings.push("snapshots are too large for an exact coupling: pairs are drawn independently");
    coupling = "independent";
  }
  const { steps, batch, learningRate, inner, rateRatio, layers, width, noise, growth, massCurve, objective, times, threads } = options; // biome-ignore format: one line
  const learn: LearnOptions = {
    ...{ batch, learningRate, inner, rateRatio, layers, width, noise, growth, times, threads, coupling },
    steps: options.quick ? Math.min(steps, 300) : steps,
    ...(massCurve && { massCurve }),
    ...(objective && { objective }),
    ...(options.perInterval && { intervals: train.length - 1 }),
    ...(has(method, "potential") && { potential: potentialOf(data, options, units, clouds, train) }),
  };
  if (options.potential !== undefined && !has(method, "potential"))
    throw new UserError(`--potential: the method ${method} has none`, "use --method wlf-potential or wlf-uot-potential");
  return { units, clouds, times: data.times.map((t) => innerTime(units, t)), learn, warnings };
}

function cloudOf(data: Population, { mass }: TrajectoriesOptions, k: number, points: NdArray<"f32">): Cloud {
  const weights = data.weights?.[k].data as ArrayLike<number> | undefined;
  if (mass === "weight" && !weights) throw new UserError("--mass weight needs a column of weights", "name it with --weight");
  const total = mass === "counts" ? points.shape[0] : mass === "weight" ? Array.from(weights!).reduce((a, b) => a + b, 0) : 1;
  if (!(total > 0)) throw new UserError(`the weights at time ${data.times[k]} add up to zero`);
  return { points, mass: total, ...(weights && { weights }) };
}

/** The potential of --potential, in units of the training; a formula is in the user's features and time. */
function potentialOf(
  data: Population,
  { potential, method }: TrajectoriesOptions,
  units: Units,
  clouds: readonly Cloud[],
  train: readonly number[],
): ScalarField {
  if (potential === undefined)
    throw new UserError(`the method ${method} needs --potential`, 'a formula such as "pc1^2", or acceleration');
  if (potential === "acceleration") {
    if (train.length < 3) throw new UserError("--potential acceleration needs at least three snapshots to learn from");
    const means = train.map((k) => meanOf(clouds[k]));
    return accelerationPotential(train.map((k) => innerTime(units, data.times[k])), means); // biome-ignore format: one line
  }
  const names = [...data.features, "t"];
  let formula: ReturnType<typeof parseFormula>;
  try {
    formula = parseFormula(potential, names);
  } catch (error) {
    throw new UserError(`--potential: ${(error as Error).message}`);
  }
  // energies are squared lengths over squared times: a formula counts standardised features and mean intervals in the user's units
  return (t: Tensor, x: Tensor) => {
    const values: Record<string, Tensor> = { t: t.mul(units.interval).add(units.start) };
    data.features.forEach((name, j) => void (values[name] = x.slice(null, [j, j + 1]).mul(units.deviation[j]).add(units.mean[j]))); // biome-ignore format: one line
    return formula(values).squeeze(1);
  };
}

function meanOf({ points, weights }: Cloud): number[] {
  const [n, d] = points.shape;
  const w = weights ?? new Float64Array(n).fill(1);
  const total = Array.from(w).reduce((a, b) => a + b, 0);
  return Array.from({ length: d }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += w[i] * points.data[i * d + j];
    return sum / total;
  });
}
