/** The trained estimators: which network, what it is trained for, and what is read from it on held-out pairs. */
import type { NdArray, Random } from "../../../array/index.ts";
import { diagonal, type Tensor } from "../../../tensor/index.ts";
import { type Critic, conditional, critic, pairNetwork, type Sizes } from "./networks.ts";
import { fenchelLegendreLoss, infoNceLoss, likelihoodLoss, logisticLoss, mineLoss, nwjLoss } from "./objectives.ts";
import { club, donskerVaradhan, fenchelLegendre, infoNce, leaveOneOut, logOdds, nwj, type Statistic } from "./statistics.ts";
import type { Networks, Objective } from "./train.ts";

/** One number of a trained network. */
export interface Reading {
  readonly method: string;
  readonly name: string;
  readonly kind: "lower" | "upper" | "estimate";
  /** Whether it is what it claims, on held-out pairs and with the network at rest. */
  readonly valid: boolean;
  readonly why: string;
  /** A mean of exponentials, whose error is only to be believed if no single term rules it. */
  readonly heavy?: true;
  /** Cannot exceed log n of the n held-out pairs. */
  readonly capped?: true;
  /** @param S  scores [n, n] in f64 @param u  numbers of the pairs, [n] */
  readonly statistic: (S: Tensor, u: Tensor) => Statistic;
}

/** Readings that share one training. */
export interface Family {
  readonly name: string;
  readonly init: (rng: Random, sizes: Sizes) => Networks<NdArray>;
  /** Scores [n, n] and numbers of the pairs [n] (those of the diagonal, where the family has none of its own). */
  readonly scores: (params: Networks, x: Tensor, z: Tensor) => { readonly S: Tensor; readonly u: Tensor };
  readonly objective: Objective;
  /** What the validation rows choose the state by. */
  readonly validate: (S: Tensor, u: Tensor) => Tensor;
  readonly readings: readonly Reading[];
}

const asCritic = ({ x, z }: Networks): Critic => ({ x, z });
const ofCritic = (params: Networks, x: Tensor, z: Tensor) => {
  const S = critic.apply(asCritic(params), x, z);
  return { S, u: diagonal(S) };
};
type Loss = (S: Tensor, running: Tensor) => ReturnType<Objective>;

/** Scores of a separable critic, trained for a loss of them. */
const fromCritic = (name: string, loss: Loss, validate: (S: Tensor) => Tensor, readings: readonly Reading[]): Family => ({
  ...{ name, init: critic.init, scores: ofCritic, validate, readings },
  objective: (params, x, z, running) => loss(ofCritic(params, x, z).S, running),
});

const ofConditional = ({ q }: Networks, x: Tensor, z: Tensor) => {
  const S = conditional.apply(q, x, z);
  return { S, u: diagonal(S) };
};
const frozen = "a lower bound in expectation for every critic: this one was frozen before the held-out pairs were looked at";

export const families: readonly Family[] = [
  fromCritic("InfoNCE", infoNceLoss, (S) => infoNce(S).value, [
    {
      ...{ method: "infonce", name: "InfoNCE", kind: "lower", valid: true, capped: true },
      why: `${frozen}; at most log of their number`,
      statistic: infoNce,
    },
  ]),
  fromCritic("NWJ", nwjLoss, (S) => nwj(S).value, [
    {
      ...{ method: "nwj", name: "NWJ", kind: "lower", valid: true, heavy: true },
      why: `${frozen}; its variance grows as e^I`,
      statistic: nwj,
    },
  ]),
  fromCritic("MINE", mineLoss, (S) => donskerVaradhan(S).value, [
    {
      ...{ method: "mine", name: "DV (MINE)", kind: "estimate", valid: false, heavy: true },
      why: "the logarithm of a mean over the held-out pairs is biased: no bound",
      statistic: (S) => donskerVaradhan(S),
    },
  ]),
  fromCritic("logistic", logisticLoss, (S) => logisticLoss(S, diagonal(S)).loss.neg(), [
    {
      ...{ method: "js", name: "JS (by NWJ)", kind: "lower", valid: true, heavy: true },
      why: `${frozen}, trained for Jensen & Shannon's divergence, evaluated as NWJ at T + 1`,
      statistic: (S) => nwj(S.add(1)),
    },
    {
      ...{ method: "smile", name: "SMILE τ = 5", kind: "estimate", valid: false, heavy: true },
      why: "clipped scores: less variance for a bias of unknown sign",
      statistic: (S) => donskerVaradhan(S, 5),
    },
    {
      ...{ method: "demi", name: "DEMI", kind: "estimate", valid: false },
      why: "the mean log odds of a classifier: right only if it is the best one",
      statistic: logOdds,
    },
  ]),
  {
    name: "FLO",
    init: (rng, sizes) => ({ ...critic.init(rng.fold("T"), sizes), u: pairNetwork.init(rng.fold("u"), sizes) }),
    scores: (params, x, z) => ({ S: critic.apply(asCritic(params), x, z), u: pairNetwork.apply(params.u, x, z) }),
    objective: (params, x, z, running) =>
      fenchelLegendreLoss(critic.apply(asCritic(params), x, z), pairNetwork.apply(params.u, x, z), running),
    validate: (S, u) => fenchelLegendre(S, u).value,
    readings: [
      {
        ...{ method: "flo", name: "FLO", kind: "lower", valid: true, heavy: true },
        why: "a lower bound in expectation for every pair of networks: these were frozen before the held-out pairs were looked at",
        statistic: fenchelLegendre,
      },
    ],
  },
  {
    name: "q(z|x)",
    init: (rng, sizes) => ({ q: conditional.init(rng, sizes) }),
    scores: ofConditional,
    objective: (params, x, z, running) => likelihoodLoss(ofConditional(params, x, z).S, running),
    validate: (S) => diagonal(S).mean(),
    readings: [
      {
        ...{ method: "club", name: "CLUB", kind: "estimate", valid: false },
        why: "an upper bound only if q(z|x) is the true conditional density; it is learned here, and far above I even where right",
        statistic: club,
      },
      {
        ...{ method: "l1out", name: "L1Out", kind: "estimate", valid: false },
        why: "an upper bound only if q(z|x) is the true conditional density; it is a learned normal one here",
        statistic: leaveOneOut,
      },
    ],
  },
];
