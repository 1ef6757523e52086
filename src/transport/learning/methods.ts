/** Every way to learn trajectories by name, with the settings that define it: one call gives a model. */
import type { NdArray } from "../../array/index.ts";
import type { EnergyKind } from "../lagrangian/energy.ts";
import { freeMotion, type Lagrangian, type ScalarField, type VectorField } from "../lagrangian/lagrangian.ts";
import type { Cloud } from "../paths/cloud.ts";
import type { Curve } from "../paths/curves.ts";
import { type Coupling, isJoint } from "../paths/pairs.ts";
import { type Path, type PathOptions, pathThrough } from "../paths/path.ts";
import { actionDefaults } from "./action-model.ts";
import { type FlowMatchingOptions, flowMatching } from "./flow-matching.ts";
import { type LagrangianFlowOptions, lagrangianFlow } from "./lagrangian-flow.ts";
import { type MatchOptions, matching } from "./match.ts";
import { matchedDefaults, matchedMechanics } from "./matched-mechanics.ts";
import { mechanics, mechanicsDefaults } from "./mechanics.ts";
import { type Model, trainDefaults } from "./model.ts";
import { simulateAndMatch } from "./simulate.ts";

/** What a method is. */
export interface Description {
  readonly title: string;
  readonly family: "action matching" | "Lagrangian flow" | "flow matching" | "simulation" | "mechanics";
  readonly noise?: true;
  readonly growth?: true;
  readonly potential?: true;
  /** Mechanics whose accelerations are those of given paths. */
  readonly matched?: true;
  /** Pairs and paths that belong to the method. */
  readonly path?: PathOptions;
  /** Pairs unless others are asked for. */
  readonly coupling?: Coupling;
}

/** The methods by name. */
export const methods = {
  am: { title: "action matching", family: "action matching" },
  eam: { title: "entropic action matching", family: "action matching", noise: true },
  uam: { title: "unbalanced action matching", family: "action matching", growth: true, coupling: "unbalanced" },
  euam: { title: "entropic unbalanced action matching", family: "action matching", noise: true, growth: true, coupling: "unbalanced" },
  "am-sb": {
    title: "action matching on Schrödinger bridges",
    family: "action matching",
    noise: true,
    path: { coupling: "sinkhorn", shape: "bridge" },
  },
  "am-wfr": { title: "action matching on unbalanced transport", family: "action matching", growth: true, path: { coupling: "unbalanced" } },
  "am-mix": {
    title: "unbalanced action matching on mixtures",
    family: "action matching",
    growth: true,
    path: { coupling: "independent", shape: "mixture" },
  },
  "wlf-ot": { title: "Lagrangian flow, optimal transport", family: "Lagrangian flow" },
  "wlf-sb": { title: "Lagrangian flow, Schrödinger bridge", family: "Lagrangian flow", noise: true },
  "wlf-uot": { title: "Lagrangian flow, unbalanced transport", family: "Lagrangian flow", growth: true, coupling: "unbalanced" },
  "wlf-usb": {
    title: "Lagrangian flow, noise and growth (heuristic)",
    family: "Lagrangian flow",
    noise: true,
    growth: true,
    coupling: "unbalanced",
  },
  "wlf-potential": { title: "Lagrangian flow with a potential", family: "Lagrangian flow", potential: true },
  "wlf-uot-potential": {
    title: "Lagrangian flow, growth and a potential",
    family: "Lagrangian flow",
    growth: true,
    potential: true,
    coupling: "unbalanced",
  },
  "i-cfm": { title: "flow matching, independent pairs", family: "flow matching", path: { coupling: "independent" } },
  "ot-cfm": { title: "flow matching, optimal-transport pairs", family: "flow matching", path: { coupling: "ot" } },
  "sb-cfm": {
    title: "flow matching on Schrödinger bridges",
    family: "flow matching",
    noise: true,
    path: { coupling: "sinkhorn", shape: "bridge" },
  },
  sf2m: {
    title: "flow and score matching ([SF]²M)",
    family: "flow matching",
    noise: true,
    path: { coupling: "sinkhorn", shape: "bridge" },
  },
  simulate: { title: "simulate and match", family: "simulation", path: { coupling: "independent" } },
  mechanics: { title: "second-order mechanics", family: "mechanics", path: { coupling: "independent" } },
  "am-mechanics": { title: "mechanics by matched accelerations", family: "mechanics", matched: true },
  langevin: { title: "underdamped Langevin dynamics", family: "mechanics", noise: true, path: { coupling: "independent" } },
} as const satisfies Record<string, Description>;

/** The name of a method. */
export type MethodName = keyof typeof methods;
/** All names. */
export const methodNames = Object.keys(methods) as MethodName[];

/** The method of a name. */
export const descriptionOf = (name: MethodName): Description => methods[name];

/** Does it learn an action, which may jump at snapshots? */
export function hasAction(method: MethodName): boolean {
  const { family } = descriptionOf(method);
  return family === "action matching" || family === "Lagrangian flow";
}

/** Does the method learn growth (noise, …)? */
export const has = (method: MethodName, what: "noise" | "growth" | "potential"): boolean => descriptionOf(method)[what] === true;

/** Networks and rate of learning unless others are asked for. Simulation goes through a network hundreds of times a step. */
export function sizesOf(method: MethodName): { readonly layers: number; readonly width: number; readonly learningRate: number } {
  const { layers, width, learningRate } =
    descriptionOf(method).family === "mechanics"
      ? descriptionOf(method).matched
        ? matchedDefaults
        : mechanicsDefaults
      : { ...actionDefaults, learningRate: trainDefaults.learningRate };
  return { layers, width, learningRate };
}

/** Settings of all methods; each takes its own. */
export interface LearnOptions
  extends Omit<MatchOptions, "lagrangian">,
    Omit<LagrangianFlowOptions, "lagrangian">,
    Omit<FlowMatchingOptions, "score"> {
  /** σ in units of the training, for methods with noise, and σ(t) over it if it depends on time; bridges know constant noise alone. */
  readonly noise?: number;
  readonly noiseShape?: Lagrangian["noiseShape"];
  /** λ, for methods with growth. */
  readonly growth?: number;
  readonly coupling?: Coupling;
  readonly massCurve?: PathOptions["massCurve"];
  /** What chains of rows lie on, for methods that are given their paths. */
  readonly path?: Curve;
  /** V(t, x) and b(t, x), in units of the training. */
  readonly potential?: ScalarField;
  readonly drift?: VectorField;
  readonly cost?: Lagrangian["cost"];
  /** What of the energy of mechanics is learned, and γ an interval. */
  readonly energy?: EnergyKind;
  readonly friction?: number | "fit";
}

/** Settings unless others are asked for. */
export const learnDefaults = { noise: 0.1, growth: 0.1, coupling: "ot" } as const;

/** Is the method given paths along which particles move, which may then curve? Those of `am-wfr` are geodesics by definition. */
export function curves(method: MethodName): boolean {
  const { family, path, matched } = descriptionOf(method);
  return (
    (family === "action matching" || family === "flow matching" || matched === true) && path?.shape !== "mixture" && method !== "am-wfr"
  );
}

/** σ of a method with noise, 0 of one without. */
const noiseOf = (method: MethodName, options: LearnOptions): number => (has(method, "noise") ? (options.noise ?? learnDefaults.noise) : 0);

/**
 * A model of a method.
 *
 * @param times   ascending, in units of the training
 * @param clouds  snapshots in units of the training, with weights and masses if there are any
 */
export async function learner(
  method: MethodName,
  times: readonly number[],
  clouds: readonly (NdArray<"f32"> | Cloud)[],
  options: LearnOptions = {},
): Promise<Model> {
  const description = descriptionOf(method);
  const noise = noiseOf(method, options);
  if (description.family === "mechanics") return mechanicsOf(description, times, clouds, noise, options);
  const growth = has(method, "growth") ? (options.growth ?? learnDefaults.growth) : 0;
  const { potential, drift, cost } = options;
  const forced = drift !== undefined || cost !== undefined;
  // plans of unbalanced transport know neither drift nor cost
  const coupling = options.coupling ?? (forced ? learnDefaults.coupling : (description.coupling ?? learnDefaults.coupling));
  const pairs = description.path?.coupling ?? coupling;
  if (forced && (pairs === "unbalanced" || isJoint(pairs)))
    throw new RangeError(`learner: ${pairs} pairs (${method}) know neither drift nor cost`);
  if (options.noiseShape && description.path?.shape === "bridge")
    throw new RangeError(`learner: the bridges of ${method} have constant noise`);
  const curve = options.path ?? "linear";
  if (curve !== "linear" && !curves(method)) throw new RangeError(`learner: paths of ${method} do not curve`);
  if (coupling === "unbalanced" && growth === 0)
    throw new RangeError(`learner: ${method} has no growth, which pairs of unbalanced transport need`);
  // Snapshots of a method without growth have equal masses, whatever was counted.
  const used = clouds.map((c) => ("points" in c ? { ...c, mass: growth > 0 ? c.mass : 1 } : c));
  const path = await pathThrough(times, used, {
    coupling,
    curve,
    massCurve: options.massCurve ?? (method === "am-wfr" || description.family === "Lagrangian flow" ? "geodesic" : "log"),
    noise,
    growth: growth || 1,
    drift,
    cost,
    ...description.path,
  });
  const lagrangian: Lagrangian = {
    ...freeMotion,
    noise,
    growth,
    ...(noise > 0 && options.noiseShape && { noiseShape: options.noiseShape }),
    ...(potential && { potential }),
    ...(drift && { drift }),
    ...(cost && { cost }),
  };
  return noted(learnerAlong(method, path, { ...options, lagrangian }), path);
}

/** A model that learns from a path. */
function learnerAlong(method: MethodName, path: Path, options: LearnOptions & { readonly lagrangian: Lagrangian }): Model {
  switch (descriptionOf(method).family) {
    case "action matching": {
      const model = matching(path, options);
      return path.options.shape === "mixture" ? withoutValue(model) : model;
    }
    case "Lagrangian flow":
      // with one action for all times, the path bends where a smooth action cannot follow the kinks at snapshots, and costs more than it
      // has to
      return lagrangianFlow(path, { intervals: path.times.length - 1, ...options });
    case "flow matching":
      return flowMatching(path, { ...options, score: method === "sf2m" });
    default: {
      const { energy: _, ...rest } = options; // that of mechanics
      return simulateAndMatch(path, rest);
    }
  }
}

/** What is to be told of a path is told of the training on it. */
function noted(model: Model, { note }: Path): Model {
  if (note === undefined) return model;
  return { ...model, note: (state) => [note, model.note?.(state)].filter((n) => n !== undefined).join("; ") };
}

/** Mechanics by simulation pair nothing: they are given the snapshots. Others are given curves, along which there are accelerations. */
async function mechanicsOf(
  { matched }: Description,
  times: readonly number[],
  clouds: readonly (NdArray<"f32"> | Cloud)[],
  noise: number,
  options: LearnOptions,
): Promise<Model> {
  const { potential, interaction, drift } = options;
  const given = { ...(potential && { potential }), ...(interaction && { interaction }) };
  const all = clouds.map((c) => ("points" in c ? { ...c, mass: 1 } : { points: c, mass: 1 }));
  if (!matched) return mechanics(times, all, { ...options, noise, given });
  const curve = options.path ?? (all.some((c) => "velocities" in c && c.velocities) ? "hermite" : "spline");
  const path = await pathThrough(times, all, { coupling: options.coupling ?? learnDefaults.coupling, curve, drift });
  return noted(matchedMechanics(path, { ...options, given }), path);
}

/**
 * The action of a mixture is infinite where the snapshots do not overlap: mass u that grows where there was none costs ∫ du / (2λu). What a
 * training finds of it is only how far it has come.
 */
function withoutValue({ value: _, ...model }: Model): Model {
  return model;
}
