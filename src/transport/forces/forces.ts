/** What acts on the particles: costs, free velocities, potentials, interactions and weights in time, in units of the training. */

import type { Tensor } from "../../tensor/index.ts";
import type { PairPotential } from "../lagrangian/interaction.ts";
import type { Lagrangian } from "../lagrangian/lagrangian.ts";
import { costOf } from "./cost.ts";
import { type DriftOptions, driftOf } from "./drift.ts";
import { interactionOf, potentialOf } from "./energies.ts";
import type { ForceSetting } from "./setting.ts";
import { timeWeightOf } from "./time-weight.ts";

/** The user's words for what acts. */
export interface ForceOptions extends DriftOptions {
  readonly cost?: string;
  readonly potential?: string;
  readonly interaction?: string;
  readonly timeWeight?: string;
}

/** What a learner is given of it. */
export interface Acting extends Partial<Pick<Lagrangian, "cost" | "drift" | "potential">> {
  readonly interaction?: PairPotential;
  readonly weight?: (t: Tensor) => Tensor;
}

/** All that acts, and what the user should know of it. */
export interface Forces {
  readonly acting: Acting;
  /** Weights of a quadratic cost; undefined: the cost is another one. */
  readonly metric?: readonly number[];
  /** Factor of the measured velocities. */
  readonly velocityScale?: number;
  /** What the user should know. */
  readonly notes: readonly string[];
}

/** @throws UserError */
export async function forcesOf(options: ForceOptions, setting: ForceSetting): Promise<Forces> {
  const notes: string[] = [];
  const { drift, velocityScale } = await driftOf(options, setting, notes);
  const potential = options.potential === undefined ? undefined : await potentialOf(options.potential, setting, notes);
  const { cost, metric } = costOf(options.cost ?? "quadratic", setting.data.features);
  const acting = {
    ...(cost && { cost }),
    ...(drift && { drift }),
    ...(potential && { potential }),
    ...(options.interaction !== undefined && { interaction: await interactionOf(options.interaction) }),
    ...(options.timeWeight !== undefined && { weight: await timeWeightOf(options.timeWeight, setting) }),
  };
  return { acting, metric, velocityScale, notes };
}
