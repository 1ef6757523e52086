/** What optimisers ask of a circuit: values, and gradients, exact or from shots. */
import type { Random } from "../../array/index.ts";
import type { Objective } from "../circuit.ts";
import type { Differentiable } from "./minimise.ts";
import type { Estimate, Sampler } from "./sampler.ts";
import type { Simulation } from "./simulation.ts";

export interface Evaluator {
  readonly parameters: number;
  /** Of estimates no line search is possible, and the lowest on the way is only the luckiest. */
  readonly exact: boolean;
  readonly value: (angles: Float64Array) => number;
  readonly withGradient: Differentiable;
}

/** An objective of the probabilities; exact where these are. */
export const ofProbabilities = (simulation: Simulation, objective: Objective): Evaluator => ({
  parameters: simulation.circuit.parameters,
  exact: simulation.exact,
  value: (angles) => objective(simulation.probabilities(angles)).value,
  withGradient: (angles) => simulation.withGradient(angles, objective),
});

interface Shots {
  readonly shots: number;
  /** Every call draws others. */
  readonly random: Random;
}

/** By the score function: the draws of one circuit give all derivatives, where log p is known, as it is in a simulation. */
export function byScore(sampler: Sampler, estimate: Estimate, { shots, random }: Shots): Evaluator {
  let call = 0;
  return {
    ...{ parameters: sampler.parameters, exact: false },
    value: (angles) => estimate(sampler.draw(angles, shots, random.fold(call++))).value,
    withGradient: (angles) => sampler.withGradient(angles, shots, random.fold(call++), estimate),
  };
}

/**
 * By the shift of every angle, as hardware has it: ∂E/∂θ = (E(θ + π/2) - E(θ - π/2)) / 2 from S shots each, 2P + 1 circuits. Unbiased where
 * the objective is the mean of a cost and an angle stands in one rotation; of variance (V₊ + V₋) / (4S).
 */
export function byShift(sampler: Sampler, mean: Estimate, given: Shots): Evaluator {
  const { value, ...rest } = byScore(sampler, mean, given);
  return {
    ...{ ...rest, value },
    withGradient: (angles) => ({
      value: value(angles),
      gradient: angles.map((_, i) => {
        const [above, below] = [Math.PI / 2, -Math.PI / 2].map((shift) => {
          const moved = angles.slice();
          moved[i] += shift;
          return value(moved);
        });
        return (above - below) / 2;
      }),
    }),
  };
}
