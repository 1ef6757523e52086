/** Snapshots and options of the command in the units of the training. */

import { type NdArray, randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { UserError } from "../../errors.ts";
import {
  type Cloud,
  type GaussianMixture,
  has,
  innerTime,
  type LearnOptions,
  type MethodName,
  methods,
  type Scaling,
  together,
  type Units,
  unitsOf,
  whiten,
} from "../../transport/index.ts";
import type { TrajectoriesOptions } from "../trajectories.ts";
import { cautions } from "./cautions.ts";
import { baseDensity } from "./density.ts";
import { forcesOf } from "./forces.ts";
import type { Split } from "./holdout.ts";

export interface Prepared {
  readonly units: Units;
  /** All snapshots, held-out ones too, with weights and masses. */
  readonly clouds: readonly Cloud[];
  /** All times. */
  readonly times: readonly number[];
  readonly learn: LearnOptions;
  /** Density of the first snapshot, for --density. */
  readonly base?: GaussianMixture;
  readonly warnings: readonly string[];
}

/** @throws UserError  for options that do not fit the method or the data */
export async function prepare(data: Population, options: TrajectoriesOptions, { train }: Split): Promise<Prepared> {
  const method = options.method as MethodName;
  checkForces(options, method);
  checkHead(options, method);
  checkPairs(options, method);
  if (options.coupling === "unbalanced" && !has(method, "growth"))
    throw new UserError(`--coupling unbalanced: ${method} has no growth`, "use a method with growth, such as wlf-uot or uam");
  const warnings = [...data.warnings];
  const units = unitsOf(
    train.map((k) => data.times[k]),
    train.map((k) => data.snapshots[k]),
    options.scale ?? scalingOf(data),
    data.weights && train.map((k) => data.weights![k].data as ArrayLike<number>),
  );
  const flat = units.deviation.findIndex((s) => !(s > 0));
  if (flat >= 0)
    throw new UserError(
      `feature "${data.features[flat]}" is constant in the snapshots that are learned from`,
      "leave it out of --features",
    );
  const clouds = data.snapshots.map((points, k): Cloud => cloudOf(data, options, k, whiten(units, points)));
  const grows = has(method, "growth");
  const masses = new Set(clouds.map((c) => c.mass));
  if (!grows && masses.size > 1) warnings.push(`${method} has no growth: the total mass of every snapshot counts as one`);
  const sizes = train.map((k) => data.snapshots[k].shape[0]);
  if (options.mass === "equal" && grows && Math.max(...sizes) > 1.5 * Math.min(...sizes))
    warnings.push("snapshots differ in size but count as equal masses; if cells were counted alike, use --mass counts");
  const rng = randomStream(options.seed).fold("forces");
  const forces = await forcesOf(options, { data, units, clouds, train, rng });
  warnings.push(...forces.notes);
  const { steps, batch, learningRate, inner, rateRatio, layers, width, noise, growth, massCurve, objective, times, threads } = options;
  const learn: LearnOptions = {
    ...{ batch, learningRate, inner, rateRatio, layers, width, noise, growth, times, threads },
    steps: options.quick ? Math.min(steps, 300) : steps,
    ...(massCurve && { massCurve }),
    ...(options.coupling && { coupling: options.coupling }),
    ...(objective && { objective }),
    ...(options.action && { intervals: options.action === "global" ? 1 : train.length - 1 }),
    ...(options.head && { head: options.head }),
    ...forces.learn,
  };
  const innerTimes = data.times.map((t) => innerTime(units, t));
  const kept = <T>(all: readonly T[]): T[] => train.map((k) => all[k]);
  const { metric } = forces;
  warnings.push(
    ...(await cautions({
      method,
      clouds: kept(clouds),
      times: kept(innerTimes),
      shown: kept(data.times),
      features: data.features,
      learn,
      metric,
    })),
  );
  const base = options.density && { base: await baseDensity(options.density, method, clouds[0]) };
  return { units, clouds, times: innerTimes, learn, warnings, ...base };
}

/** Components and embeddings have one unit: their distances mean something, and those that vary little are mostly noise. */
export const scalingOf = ({ components, annotated }: Population): Scaling => (components || annotated ? "common" : "each");

/** Can the action have the form that was asked for? */
function checkHead({ head }: TrajectoriesOptions, method: MethodName): void {
  if (head === undefined || head === "scalar") return;
  const { family } = methods[method];
  if (family !== "action matching" && family !== "Lagrangian flow")
    throw new UserError(
      `--head: ${method} is ${family}, which has no action`,
      "use action matching (am, …) or a Lagrangian flow (wlf-ot, …)",
    );
  if (has(method, "growth"))
    throw new UserError(
      `--head ${head}: ${method} learns growth, and this form of the action cannot represent growth rates`,
      "use --head scalar",
    );
}

/** Has the method pairs of its own, and do they go with the forces? */
function checkPairs(options: TrajectoriesOptions, method: MethodName): void {
  const { path } = methods[method] as { path?: { coupling?: string } };
  if (options.coupling !== undefined && path?.coupling !== undefined && path.coupling !== options.coupling)
    throw new UserError(
      `--coupling ${options.coupling}: ${method} has pairs of its own, ${path.coupling} ones`,
      "leave --coupling out, or choose another method",
    );
  const force = (["drift", "velocity", "cost"] as const).find((key) => options[key] !== undefined);
  if (force && (options.coupling ?? path?.coupling) === "unbalanced")
    throw new UserError(
      `--${force}: pairs of unbalanced transport do not follow it`,
      path?.coupling ? "use uam or wlf-uot" : "use --coupling ot",
    );
}

/** Does the method take the forces that were asked for? */
function checkForces(options: TrajectoriesOptions, method: MethodName): void {
  const { family } = methods[method];
  const withAction = family === "action matching" || family === "Lagrangian flow";
  const given = (["cost", "drift", "velocity"] as const).find((key) => options[key] !== undefined);
  if (given && !withAction)
    throw new UserError(
      `--${given}: ${method} is ${family}, which has no action`,
      "use action matching (am, …) or a Lagrangian flow (wlf-ot, …)",
    );
  if (options.timeWeight !== undefined && family !== "action matching")
    throw new UserError(
      `--time-weight: ${method} is ${family}; only the loss of action matching has weights in time`,
      "use am, eam, uam or another am-* method",
    );
  const energy = (["potential", "interaction"] as const).find((key) => options[key] !== undefined);
  if (energy && !has(method, "potential"))
    throw new UserError(`--${energy}: the method ${method} has none`, "use --method wlf-potential or wlf-uot-potential");
  if (!energy && has(method, "potential"))
    throw new UserError(
      `the method ${method} needs --potential or --interaction`,
      'a potential is a formula such as "pc1^2", data, or acceleration',
    );
  if (options.interaction !== undefined && options.batch % together !== 0)
    throw new UserError(
      `--batch ${options.batch}: with --interaction it must be a multiple of ${together}, the particles that share a time`,
    );
}

function cloudOf(data: Population, { mass }: TrajectoriesOptions, k: number, points: NdArray<"f32">): Cloud {
  const weights = data.weights?.[k].data as ArrayLike<number> | undefined;
  if (mass === "weight" && !weights) throw new UserError("--mass weight needs a column of weights", "name it with --weight");
  const total = mass === "counts" ? points.shape[0] : mass === "weight" ? Array.from(weights!).reduce((a, b) => a + b, 0) : 1;
  return { points, mass: total, ...(weights && { weights }) };
}
