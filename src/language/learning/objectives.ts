/** Losses by name: whose texts they need, and what is made of them. */
import { array } from "../../array/index.ts";
import * as t from "../../tensor/index.ts";
import { constant, scalar, type Tensor } from "../../tensor/index.ts";
import { controlledDecoding, logVariance, meanDecoding, pathConsistency, proposalConsistency, softQ, softQMany } from "./consistency.ts";
import {
  approximatePositives,
  contrastive,
  discriminator,
  distributional,
  nested,
  noiseContrastive,
  type Positives,
  policyGradient,
  regression,
  runningPositives,
  type Twisted,
} from "./losses.ts";
import type { Rollout } from "./rollout.ts";

/**
 * Texts of a step: of the law that is learned from; exact draws of σ, or texts of earlier steps that are weighed as such, where there are
 * any; and texts of p0 for noise.
 */
export interface Batch<T = Tensor> {
  readonly main: Rollout<T>;
  readonly exact?: Rollout<T>;
  readonly replayed?: Rollout<T>;
  readonly noise?: Rollout<T>;
}

/** Whom texts come from: q, p0, half of them from each; or half from q and half exact draws of σ. */
export const samplingLaws = ["proposal", "model", "mixture", "exact"] as const;
export type SamplingLaw = (typeof samplingLaws)[number];

/** What a loss is made of. */
export interface LossParts {
  readonly main: Twisted;
  readonly positive: Positives;
  readonly noise?: Twisted;
  /** By the slowly moving parameters. */
  readonly slow?: Twisted;
  readonly logZ: Tensor;
  readonly groups: number;
  /** Steps over which consistency is asked. */
  readonly window: number;
}

export interface Objective {
  readonly title: string;
  /** Whom the texts of a step may come from; the first unless another is asked for. */
  readonly laws: readonly SamplingLaw[];
  /** Needs texts of p0 besides. */
  readonly noise?: boolean;
  /** Learns from texts that stand for σ: exact draws help, and where no text has anything of what is wanted, nothing can be learned. */
  readonly positives?: boolean;
  /** Needs log ψ and log p0 of every next token. */
  readonly everyToken?: boolean;
  /** Needs log φ > -∞ everywhere. */
  readonly finite?: boolean;
  /** φ must be a probability. */
  readonly bounded?: boolean;
  /** Only a proposal is learned: ψ is right up to a factor of every prefix. */
  readonly proposalOnly?: boolean;
  /** Asks for consistency over windows of steps. */
  readonly windows?: boolean;
  /** Needs parameters that follow slowly. */
  readonly slow?: boolean;
  /** Weighs positives by the mean weight of all earlier texts instead of those of the step. */
  readonly running?: boolean;
  readonly loss: (parts: LossParts) => Tensor;
}

const weighed = ["proposal", "model", "mixture"] as const;
const anyLaw = ["proposal", "model", "mixture", "exact"] as const;
const consistent = { laws: anyLaw, everyToken: true, finite: true } as const;

/** All but PPO, which takes several steps on the same texts. */
export const objectives = {
  ctl: {
    title: "contrastive twist learning",
    ...{ laws: weighed, positives: true },
    loss: ({ main, positive, groups }) => contrastive(positive, main, groups),
  },
  nvi: {
    title: "nested variational inference",
    ...{ laws: weighed, positives: true },
    loss: ({ main, positive, groups }) => nested(positive, main, groups),
  },
  rl: { title: "soft Q-learning", ...consistent, loss: ({ main }) => softQ(main) },
  "rl-residual": { title: "soft Q-learning, targets differentiated too", ...consistent, loss: ({ main }) => softQ(main, false) },
  "rl-many": { title: "soft Q-learning over many steps", ...consistent, loss: ({ main }) => softQMany(main) },
  "cd-q": {
    title: "soft Q-learning without logarithms",
    ...{ laws: anyLaw, everyToken: true },
    loss: ({ main }) => controlledDecoding(main),
  },
  "cd-mean": { title: "controlled decoding by mean logarithms", ...consistent, loss: ({ main }) => meanDecoding(main) },
  pcl: {
    title: "path consistency",
    ...{ ...consistent, windows: true },
    loss: ({ main, logZ, window }) => pathConsistency(main, logZ, window),
  },
  "pcl-proposal": {
    title: "path consistency of a proposal",
    ...{ ...consistent, proposalOnly: true, slow: true },
    loss: ({ main, slow }) => proposalConsistency(main, slow!),
  },
  tb: {
    title: "trajectory balance",
    ...{ ...consistent, proposalOnly: true },
    loss: ({ main, logZ }) => pathConsistency(main, logZ, Number.POSITIVE_INFINITY),
  },
  "log-variance": {
    title: "log-variance divergence",
    ...{ ...consistent, proposalOnly: true },
    loss: ({ main, groups }) => logVariance(main, groups),
  },
  sixo: {
    title: "noise-contrastive twists",
    ...{ laws: weighed, noise: true, positives: true },
    loss: ({ positive, noise, groups }) => noiseContrastive(positive, noise!, groups),
  },
  fudge: { title: "future discriminator", ...{ laws: ["model"], bounded: true }, loss: ({ main }) => discriminator(main) },
  "cd-fudge": { title: "future regression", laws: ["model"], loss: ({ main }) => regression(main) },
  dpg: {
    title: "distributional policy gradient",
    ...{ laws: weighed, positives: true, everyToken: true, proposalOnly: true },
    loss: ({ positive, groups }) => distributional(positive, groups),
  },
  "dpg-running": {
    title: "distributional policy gradient by a running mean of Z",
    ...{ laws: weighed, positives: true, everyToken: true, proposalOnly: true, running: true },
    loss: ({ positive, groups }) => distributional(positive, groups),
  },
  reinforce: {
    title: "policy gradient of KL(q ‖ σ)",
    ...{ laws: ["proposal"], everyToken: true, finite: true, proposalOnly: true },
    loss: ({ main, groups }) => policyGradient(main, groups),
  },
} as const satisfies Record<string, Objective>;

export type ObjectiveName = keyof typeof objectives | "ppo";

/** PPO's part of the table: its loss needs advantages. */
const clipped: Omit<Objective, "loss"> = {
  title: "clipped policy gradient (PPO)",
  ...{ laws: ["proposal"], everyToken: true, finite: true, proposalOnly: true },
};

export const objectiveNames: readonly ObjectiveName[] = [...(Object.keys(objectives) as (keyof typeof objectives)[]), "ppo"];
export const objectiveOf = (name: ObjectiveName): Omit<Objective, "loss"> => (name === "ppo" ? clipped : objectives[name]);

/** What the loss of a batch needs besides its texts. */
export interface LossOptions extends Pick<LossParts, "logZ" | "groups" | "window"> {
  /** log ψ of texts by what is learned, and by parameters that follow it slowly. */
  readonly twisted: (rollout: Rollout) => Twisted;
  readonly slow?: (rollout: Rollout) => Twisted;
  /** log of the mean weight by which positives are weighed; default: that of the step. */
  readonly logMass?: Tensor;
}

/** The loss of a batch. */
export function lossOf(
  name: keyof typeof objectives,
  { main, exact, replayed, noise }: Batch,
  { twisted, slow, groups, logMass, ...rest }: LossOptions,
): Tensor {
  const own = twisted(main);
  const weigh = (texts: Rollout): Tensor => (logMass ? runningPositives(texts, logMass) : approximatePositives(texts, groups));
  const positive: Positives = exact
    ? { ...twisted(exact), weights: uniformWeights(exact, groups) }
    : replayed
      ? { ...twisted(replayed), weights: weigh(replayed) }
      : { ...own, weights: weigh(main) };
  const objective: Objective = objectives[name];
  return objective.loss({
    main: own,
    positive,
    ...(noise && { noise: twisted(noise) }),
    ...(slow && { slow: slow(main) }),
    groups,
    ...rest,
  });
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
