/** A training as it is asked for: circuit and objective by name. */
import { allToAll, brick, linearChain, product, qaoa } from "../ansatz.ts";
import type { Circuit, Objective } from "../circuit.ts";
import { rangeOf } from "../landscape/optima.ts";
import { cvar, discrepancy, freeEnergy, gibbs, meanCost } from "./objectives.ts";

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
}

/** Optimisers see costs (C - mean) / (max - min), QAOA's circuit (C - min) / (max - min). */
export function trainingOf(costs: Float64Array, { ansatz, layers }: CircuitSettings, asked: ObjectiveSettings): Training {
  const { minimum, maximum, mean } = rangeOf(costs);
  const range = maximum - minimum || 1;
  const n = Math.log2(costs.length);
  const scaled = costs.map((c) => (c - mean) / range);
  const circuits: Readonly<Record<CircuitSettings["ansatz"], () => Circuit>> = {
    brick: () => brick(n, 2 * layers),
    product: () => product(n),
    linear: () => linearChain(n, layers),
    all: () => allToAll(n, layers),
    qaoa: () =>
      qaoa(
        n,
        layers,
        costs.map((c) => (c - minimum) / range),
      ),
  };
  const objectives: Readonly<Record<ObjectiveSettings["objective"], () => Objective>> = {
    mean: () => meanCost(scaled),
    cvar: () => cvar(scaled, asked.alpha),
    gibbs: () => gibbs(scaled, asked.eta * range),
    elbo: () => freeEnergy(scaled, asked.temperature / range),
    mmd: () => discrepancy(scaled, asked.temperature / range),
  };
  return { circuit: circuits[ansatz](), objective: objectives[asked.objective](), inUnits: (value) => mean + range * value };
}
