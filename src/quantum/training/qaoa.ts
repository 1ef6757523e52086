/** QAOA as a baseline: two angles a layer, trained from a few starts, read out by shots. */
import type { Random } from "../../array/index.ts";
import { qaoa } from "../ansatz.ts";
import { rangeOf } from "../landscape/optima.ts";
import { sampleShots } from "../sample.ts";
import { probabilities } from "../simulate.ts";
import { ofProbabilities } from "./evaluators.ts";
import { meanCost } from "./objectives.ts";
import { type Restart, restart } from "./restart.ts";
import { noiseless } from "./simulation.ts";

export interface QaoaResult {
  readonly index: number;
  readonly loss: number;
  /** Mean cost of the trained circuit. */
  readonly mean: number;
  readonly probabilities: Float64Array;
}

const shots = 1000;

/**
 * Yields between steps; the best of a thousand shots from the start that ended lowest.
 * @param costs  are scaled to [0, 1]
 */
export function* qaoaBaseline(
  costs: Float64Array,
  rng: Random,
  { layers = 2, starts = 3, iterations = 40 } = {},
): Generator<undefined, QaoaResult> {
  const { minimum, maximum } = rangeOf(costs);
  const scaled = costs.map((c) => (c - minimum) / (maximum - minimum || 1));
  const circuit = qaoa(Math.log2(costs.length), layers, scaled);
  let best: Restart | undefined;
  for (let start = 0; start < starts; start++) {
    const steps = restart(ofProbabilities(noiseless(circuit), meanCost(scaled)), { optimiser: "lbfgs", iterations }, rng.fold(start));
    let step = steps.next();
    for (; !step.done; step = steps.next()) yield undefined;
    if (!best || step.value.value < best.value) best = step.value;
  }
  const p = probabilities(circuit, Float64Array.from(best!.angles));
  const index = sampleShots(p, shots, rng.fold("shots")).states.reduce((a, b) => (costs[b] < costs[a] ? b : a));
  return { index, loss: costs[index], mean: minimum + (maximum - minimum) * best!.value, probabilities: p };
}
