/** How a wave function learns: the flow, its solver, its walkers. */
import type { CostName } from "../flows/costs.ts";
import type { SolverName } from "../solvers/solver.ts";
import type { Moves } from "../walkers/walk.ts";

export const flowNames = ["wfr", "w", "fr"] as const;
export type FlowName = (typeof flowNames)[number];

export interface LearningSettings {
  /** Wasserstein-Fisher-Rao, Wasserstein, or Fisher-Rao, which is ordinary variational Monte Carlo. */
  readonly flow: FlowName;
  /** w_W and w_FR; w_W goes from the first to the second value over the run. */
  readonly transportWeight: readonly [number, number];
  readonly reweightingWeight: number;
  readonly cost: CostName;
  /** κ of the cost. */
  readonly kappa?: number;
  readonly solver: SolverName;
  /** η, at first: η / (1 + t / delay). */
  readonly rate: number;
  readonly delay: number;
  /** λ. */
  readonly damping: number;
  /** C of η² c² vᵀg ≤ C. */
  readonly normConstraint: number;
  /** Energies are clipped, and scores masked, beyond so many mean absolute deviations from the median. */
  readonly clip: number;
  readonly walkers: number;
  readonly moves: Moves;
  /** Steps of the chain between two steps of the flow. */
  readonly movesPerStep: number;
  /** Steps on known orbitals first; 0 for none. */
  readonly pretrainSteps: number;
  /** Steps of the flow. */
  readonly steps: number;
  /** Steps of the long evaluation with frozen parameters. */
  readonly evaluationSteps: number;
  /** h: walkers are carried by -h u before the chain goes on; 0 for none. */
  readonly carry: number;
  /** The Wasserstein gradient is taken at walkers carried by -h u, of this time h; 0 for where they are. */
  readonly lookAhead: number;
}

/** Pretraining and equilibration come before the flow, the evaluation after it, in steps of the same learner. */
export const equilibrationSteps = 20;
/** Where the parts of a run begin, and its end. */
export function partsOf({ pretrainSteps, steps, evaluationSteps }: LearningSettings) {
  const flow = pretrainSteps + equilibrationSteps;
  return { equilibration: pretrainSteps, flow, evaluation: flow + steps, end: flow + steps + evaluationSteps };
}
