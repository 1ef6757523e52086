/** What a training comes to: the restart that ended lowest, what it found, and whether cheap searches did better. */
import type { Random } from "../../array/index.ts";
import { shotMean } from "../counts.ts";
import { optimumOf } from "../landscape/optima.ts";
import { entropy, sampleShots, shotsFor99, wilson } from "../sample.ts";
import type { Baseline } from "../search/baselines.ts";
import type { Cost } from "../search/counter.ts";
import { meanCost, success } from "./objectives.ts";
import { ranked, support } from "./readout.ts";
import type { Restart } from "./restart.ts";
import type { Training } from "./settings.ts";
import type { Simulation } from "./simulation.ts";

/** A restart in units of the cost, measured. Plain data. */
export interface Measured extends Omit<Restart, "value" | "trace"> {
  readonly layers: number;
  readonly value: number;
  readonly trace: readonly number[];
  /** Mean cost. */
  readonly energy: number;
  /** Probability of the set of all optima. */
  readonly pOptimal: number;
  readonly entropy: number;
  readonly support: number;
  readonly gates: number;
}

/** A restart with what its circuit yields. */
export function measured(
  restart: Restart,
  { inUnits }: Training,
  { circuit, probabilities }: Simulation,
  layers: number,
  costs: Float64Array,
): Measured {
  const p = probabilities(Float64Array.from(restart.angles));
  return {
    ...restart,
    layers,
    value: inUnits(restart.value),
    trace: restart.trace.map(inUnits),
    energy: meanCost(costs)(p).value,
    pOptimal: Math.min(1, success(optimumOf(costs).set)(p).value),
    entropy: entropy(p),
    support: support(p),
    gates: circuit.gates.length,
  };
}

/** A configuration that the circuit yields. */
export interface Candidate {
  readonly index: number;
  readonly loss: number;
  readonly probability: number;
  /** How often it was measured, where shots were asked for. */
  readonly count?: number;
}

export interface ReadOut {
  /** By loss. */
  readonly candidates: readonly Candidate[];
  readonly shotsFor99: number;
  /** Of measurements: how many were optimal, and a 95 % interval of their probability. */
  readonly shots?: {
    readonly shots: number;
    readonly optimal: number;
    readonly interval: readonly [number, number];
    readonly mean: number;
  };
}

const most = 20;

/** Configurations of probability above 1/1000, or those that were measured. */
export function readOut(p: Float64Array, costs: Float64Array, shots: number, rng: Random): ReadOut {
  const { set } = optimumOf(costs);
  const needed = shotsFor99(Math.min(1, success(set)(p).value));
  const candidate = (index: number): Candidate => ({ index, loss: costs[index], probability: p[index] });
  if (shots === 0) return { candidates: ranked(p, costs, most).map(candidate), shotsFor99: needed };
  const drawn = sampleShots(p, shots, rng);
  const counts = drawn.states.map((index, i) => ({ ...candidate(index), count: drawn.counts[i] }));
  const members = new Set(set);
  const optimal = counts.reduce((sum, { index, count }) => sum + (members.has(index) ? count : 0), 0);
  return {
    candidates: counts.sort((a, b) => a.loss - b.loss || b.count - a.count).slice(0, most),
    shotsFor99: needed,
    shots: { shots, optimal, interval: wilson(optimal, shots), mean: shotMean(drawn, costs).mean },
  };
}

/** From a configuration to the best neighbour at one flip, while it is better. Classical. */
export function polish(
  cost: Cost,
  bits: number,
  from: number,
): { readonly index: number; readonly loss: number; readonly evaluations: number } {
  let [k, loss, evaluations] = [from, cost(from), 0];
  for (;;) {
    const start = k;
    for (let bit = 0; bit < bits; bit++) {
      const next = cost(start ^ (1 << bit));
      if (next < loss) [k, loss] = [start ^ (1 << bit), next];
    }
    evaluations += bits;
    if (k === start) return { index: k, loss, evaluations };
  }
}

/** What a circuit came to, as the searches are told. */
export interface Achieved {
  readonly loss: number;
  /** Costs that were asked for, or that a simulation needed. */
  readonly evaluations: number;
  /** "its simulation needed all 1,024". */
  readonly said: string;
}

/** Of a simulation that begins with all costs. */
export const byAll = (loss: number, costs: number): Achieved => ({
  ...{ loss, evaluations: costs },
  said: `its simulation needed all ${costs.toLocaleString("en")}`,
});

/** What has to be said first: a search that found a better configuration, or as good a one with fewer costs. */
export function verdict({ loss: best, evaluations, said }: Achieved, baselines: readonly Baseline[], range: number): string | undefined {
  const tolerance = 1e-10 * range;
  const tell = ({ name, loss, evaluations: asked }: Baseline): string =>
    `${name} search`.replace("descent search", "descent") +
    ` found ${loss.toPrecision(6)} with ${asked.toLocaleString("en")} ${asked === 1 ? "evaluation" : "evaluations"}`;
  const own = `the circuit found ${best.toPrecision(6)}, and ${said}`;
  const ahead = baselines.filter((b) => b.loss < best - tolerance).sort((a, b) => a.loss - b.loss || a.evaluations - b.evaluations);
  if (ahead.length) return `A classical baseline was better: ${tell(ahead[0])}; ${own}`;
  const even = baselines
    .filter((b) => b.loss <= best + tolerance && b.evaluations < evaluations)
    .sort((a, b) => a.evaluations - b.evaluations);
  return even.length ? `A classical baseline was as good for less: ${tell(even[0])}; ${own}` : undefined;
}
