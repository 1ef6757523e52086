/** A training as it is asked for: circuit and objective by name. */
import { UserError } from "../../errors.ts";
import { allToAll, brick, linearChain, product, qaoa } from "../ansatz.ts";
import type { Circuit, Objective } from "../circuit.ts";
import { rangeOf } from "../landscape/optima.ts";
import type { Cost } from "../search/counter.ts";
import { sampledDiscrepancy, sampledFreeEnergy, sampledMean } from "./estimates.ts";
import { cvar, discrepancy, freeEnergy, gibbs, meanCost } from "./objectives.ts";
import type { Estimate } from "./sampler.ts";

export const ansatzNames = ["brick", "product", "linear", "all", "qaoa"] as const;
export const objectiveNames = ["mean", "cvar", "gibbs", "elbo", "mmd"] as const;

export interface CircuitSettings {
  readonly ansatz: (typeof ansatzNames)[number];
  /** Of the brick circuit, two rows each. */
  readonly layers: number;
}

export interface ObjectiveSettings {
  readonly objective: (typeof objectiveNames)[number];
  /** Best part of the probability, of CVaR. */
  readonly alpha: number;
  /** In inverse units of the cost, of Gibbs. */
  readonly eta: number;
  /** In units of the cost, of the free energy and of the discrepancy. */
  readonly temperature: number;
}

/** A training's circuit, its objective, and how a value of that is read in units of the cost. */
export interface Training {
  readonly circuit: Circuit;
  readonly objective: Objective;
  readonly inUnits: (value: number) => number;
  /** A cost as the objective sees it. */
  readonly scaled: (cost: number) => number;
}

/** The circuit of a family. @param table  of QAOA's phases */
export function circuitOf(n: number, { ansatz, layers }: CircuitSettings, table = new Float64Array(0)): Circuit {
  const circuits: Readonly<Record<CircuitSettings["ansatz"], () => Circuit>> = {
    brick: () => brick(n, 2 * layers),
    product: () => product(n),
    linear: () => linearChain(n, layers),
    all: () => allToAll(n, layers),
    qaoa: () => qaoa(n, layers, table),
  };
  return circuits[ansatz]();
}

/** Optimisers see costs (C - mean) / (max - min), QAOA's circuit (C - min) / (max - min). */
export function trainingOf(costs: Float64Array, settings: CircuitSettings, asked: ObjectiveSettings): Training {
  const { minimum, maximum, mean } = rangeOf(costs);
  const range = maximum - minimum || 1;
  const scale = (cost: number): number => (cost - mean) / range;
  const scaled = costs.map(scale);
  const objectives: Readonly<Record<ObjectiveSettings["objective"], () => Objective>> = {
    mean: () => meanCost(scaled),
    cvar: () => cvar(scaled, asked.alpha),
    gibbs: () => gibbs(scaled, asked.eta * range),
    elbo: () => freeEnergy(scaled, asked.temperature / range),
    mmd: () => discrepancy(scaled, asked.temperature / range),
  };
  const phases = settings.ansatz === "qaoa" ? costs.map((c) => (c - minimum) / range) : undefined;
  return {
    circuit: circuitOf(Math.log2(costs.length), settings, phases),
    objective: objectives[asked.objective](),
    inUnits: (value) => mean + range * value,
    scaled: scale,
  };
}

/** The objective from drawn strings, which those have that are means over p. @throws UserError  for CVaR and Gibbs' */
export function estimateOf(
  { objective, temperature }: Pick<ObjectiveSettings, "objective" | "temperature">,
  cost: Cost,
  bits: number,
): Estimate {
  if (objective === "mean") return sampledMean(cost);
  if (objective === "elbo") return sampledFreeEnergy(cost, temperature);
  if (objective === "mmd") return sampledDiscrepancy(cost, bits, temperature);
  throw new UserError(
    `--objective ${objective} is no mean over strings: a finite sample biases it`,
    "with shots there are mean, elbo and mmd",
  );
}
