/** Losses by name: whose texts they need, and what is made of them. */
import { array } from "../../array/index.ts";
import * as t from "../../tensor/index.ts";
import { constant, scalar, type Tensor, takeAlong } from "../../tensor/index.ts";
import { type HeadParameters, head } from "../twists/head.ts";
import {
  approximatePositives,
  contrastive,
  controlledDecoding,
  discriminator,
  distributional,
  logVariance,
  noiseContrastive,
  type Positives,
  pathConsistency,
  policyGradient,
  regression,
  softQ,
  type Twisted,
} from "./losses.ts";
import type { Rollout } from "./rollout.ts";

/** Texts of a step: from q or p0, exact draws of σ where there are such, and texts of p0 for noise. */
export interface Batch<T = Tensor> {
  readonly main: Rollout<T>;
  readonly exact?: Rollout<T>;
  readonly noise?: Rollout<T>;
}

export interface Objective {
  readonly title: string;
  /** Whom the texts of a step come from. */
  readonly law: "proposal" | "model";
  /** Needs texts of p0 besides. */
  readonly noise?: boolean;
  /** Learns from texts that stand for σ: exact draws help. */
  readonly positives?: boolean;
  /** Needs log ψ and log p0 of every next token. */
  readonly everyToken?: boolean;
  /** Needs log φ > -∞ everywhere. */
  readonly finite?: boolean;
  /** φ must be a probability. */
  readonly bounded?: boolean;
  /** Only a proposal is learned: ψ is right up to a factor of every prefix. */
  readonly proposalOnly?: boolean;
  readonly loss: (params: HeadParameters, twists: { main: Twisted; positive: Positives; noise?: Twisted }, groups: number) => Tensor;
}

/** All but PPO, which takes several steps on the same texts. */
export const objectives = {
  ctl: {
    title: "contrastive twist learning",
    ...{ law: "proposal", positives: true },
    loss: (_, { main, positive }, groups) => contrastive(positive, main, groups),
  },
  rl: { title: "soft Q-learning", law: "proposal", everyToken: true, finite: true, loss: (_, { main }) => softQ(main) },
  "cd-q": {
    title: "soft Q-learning without logarithms",
    law: "proposal",
    everyToken: true,
    loss: (_, { main }) => controlledDecoding(main),
  },
  pcl: {
    title: "path consistency",
    ...{ law: "proposal", everyToken: true, finite: true },
    loss: (params, { main }) => pathConsistency(main, params.logZ, 1),
  },
  tb: {
    title: "trajectory balance",
    ...{ law: "proposal", everyToken: true, finite: true, proposalOnly: true },
    loss: (params, { main }) => pathConsistency(main, params.logZ, Number.POSITIVE_INFINITY),
  },
  "log-variance": {
    title: "log-variance divergence",
    ...{ law: "proposal", everyToken: true, finite: true, proposalOnly: true },
    loss: (_, { main }, groups) => logVariance(main, groups),
  },
  sixo: {
    title: "noise-contrastive twists",
    ...{ law: "proposal", noise: true, positives: true },
    loss: (_, { positive, noise }, groups) => noiseContrastive(positive, noise!, groups),
  },
  fudge: { title: "future discriminator", law: "model", bounded: true, loss: (_, { main }) => discriminator(main) },
  "cd-fudge": { title: "future regression", law: "model", loss: (_, { main }) => regression(main) },
  dpg: {
    title: "distributional policy gradient",
    ...{ law: "proposal", positives: true, everyToken: true, proposalOnly: true },
    loss: (_, { positive }, groups) => distributional(positive, groups),
  },
  reinforce: {
    title: "policy gradient of KL(q ‖ σ)",
    ...{ law: "proposal", everyToken: true, finite: true, proposalOnly: true },
    loss: (_, { main }, groups) => policyGradient(main, groups),
  },
} as const satisfies Record<string, Objective>;

export type ObjectiveName = keyof typeof objectives | "ppo";

/** PPO's part of the table: its loss needs advantages. */
const clipped: Omit<Objective, "loss"> = {
  title: "clipped policy gradient (PPO)",
  ...{ law: "proposal", everyToken: true, finite: true, proposalOnly: true },
};

export const objectiveNames: readonly ObjectiveName[] = [...(Object.keys(objectives) as (keyof typeof objectives)[]), "ppo"];
export const objectiveOf = (name: ObjectiveName): Omit<Objective, "loss"> => (name === "ppo" ? clipped : objectives[name]);

/** log ψ of a rollout by a head. */
export function twistedBy(
  params: HeadParameters,
  rollout: Rollout,
  options: { readonly everyToken?: boolean; readonly bounded?: boolean },
): Twisted {
  const [K, T, width] = rollout.hidden.shape;
  const bounded = options.bounded ?? false;
  if (options.everyToken) {
    const all = head.all(params, rollout.hidden, { bounded });
    return { rollout, all, selected: takeAlong(all, rollout.tokens.expandDims(2)).reshape([K, T]) };
  }
  const selected = head.selected(params, rollout.hidden.reshape([K * T, width]), rollout.tokens.reshape([K * T]), { bounded });
  return { rollout, selected: selected.reshape([K, T]) };
}

/** The loss of a batch. */
export function lossOf(name: keyof typeof objectives, params: HeadParameters, { main, exact, noise }: Batch, groups: number): Tensor {
  const objective: Objective = objectives[name];
  const own = twistedBy(params, main, objective);
  const positive: Positives = exact
    ? { ...twistedBy(params, exact, objective), weights: uniformWeights(exact, groups) }
    : { ...own, weights: approximatePositives(main, groups) };
  return objective.loss(params, { main: own, positive, ...(noise && { noise: twistedBy(params, noise, objective) }) }, groups);
}

const uniformWeights = ({ logPotential }: Rollout, groups: number): Tensor => {
  const n = logPotential.shape[0];
  return t.broadcastTo(scalar(groups / n, logPotential.dtype), [n]);
};

/** Generalised advantages A_t = Σ_l λˡ δ_{t+l} of the rewards log p0 - log q and log φ at the end; returns are A + V. Schulman et al., 2016. */
export function advantages(values: Tensor, rollout: Rollout, lambda: number): { advantage: Tensor; returns: Tensor } {
  const { active, logModel, logProposal, logPotential, logPassed } = rollout;
  const [K, T] = active.shape;
  const none = t.broadcastTo(scalar(0, active.dtype), [K, 1]);
  const later = (x: Tensor): Tensor => (T === 1 ? none : t.concat([x.slice([0, K], [1, T]), none], 1));
  const goes = later(active);
  const own = later(logPassed).sub(logPassed).mul(goes);
  const end = active.mul(goes.neg().add(1)).mul(logPotential.expandDims(1));
  const reward = logModel.sub(logProposal).add(own).add(end);
  const estimate = values.mul(active);
  const delta = reward.add(later(estimate)).sub(estimate);
  const entries = Array.from({ length: T * T }, (_, e) => (e % T <= Math.floor(e / T) ? lambda ** (Math.floor(e / T) - (e % T)) : 0));
  const decay = constant(array(entries, active.dtype === "f64" ? "f64" : "f32", [T, T]));
  const advantage = delta.mul(active).matmul(decay);
  return { advantage, returns: advantage.add(estimate) };
}
