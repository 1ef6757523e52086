/** What a training comes to: the restart that ended lowest, what it found, and whether cheap searches did better. */
import type { Random } from "../../array/index.ts";
import { shotMean } from "../counts.ts";
import { optimumOf } from "../landscape/optima.ts";
import { entropy, sampleShots, shotsFor99, wilson } from "../sample.ts";
import type { Baseline } from "../search/baselines.ts";
import { probabilities } from "../simulate.ts";
import { meanCost, success } from "./objectives.ts";
import { ranked, support } from "./readout.ts";
import type { Restart } from "./restart.ts";
import type { Training } from "./settings.ts";

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
export function measured(restart: Restart, { circuit, inUnits }: Training, layers: number, costs: Float64Array): Measured {
  const p = probabilities(circuit, Float64Array.from(restart.angles));
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
export function polish(costs: Float64Array, from: number): { readonly index: number; readonly loss: number; readonly evaluations: number } {
  const bits = Math.log2(costs.length);
  let [k, evaluations] = [from, 0];
  for (;;) {
    let next = k;
    for (let bit = 0; bit < bits; bit++) if (costs[k ^ (1 << bit)] < costs[next]) next = k ^ (1 << bit);
    evaluations += bits;
    if (next === k) return { index: k, loss: costs[k], evaluations };
    k = next;
  }
}

/**
 * What has to be said first: a search that found a better configuration, or as good a one with fewer costs.
 * @param evaluations  costs that the simulation needed: all of them
 */
export function verdict(best: number, evaluations: number, baselines: readonly Baseline[], range: number): string | undefined {
  const tolerance = 1e-10 * range;
  const tell = ({ name, loss, evaluations: asked }: Baseline): string =>
    `${name} search`.replace("descent search", "descent") +
    ` found ${loss.toPrecision(6)} with ${asked.toLocaleString("en")} ${asked === 1 ? "evaluation" : "evaluations"}`;
  const own = `the circuit found ${best.toPrecision(6)}, and its simulation needed all ${evaluations.toLocaleString("en")}`;
  const ahead = baselines.filter((b) => b.loss < best - tolerance).sort((a, b) => a.loss - b.loss || a.evaluations - b.evaluations);
  if (ahead.length) return `A classical baseline was better: ${tell(ahead[0])}; ${own}`;
  const even = baselines
    .filter((b) => b.loss <= best + tolerance && b.evaluations < evaluations)
    .sort((a, b) => a.evaluations - b.evaluations);
  return even.length ? `A classical baseline was as good for less: ${tell(even[0])}; ${own}` : undefined;
}
