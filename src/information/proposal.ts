/** Learned proposals q(z|x): a diagonal Gaussian whose parameters a network gives. */
import { mapTree, type NdArray, type Random, sizeOf } from "../array/index.ts";
import { type Mlp, mlp } from "../nn/index.ts";
import { adam, cosine, training } from "../optim/index.ts";
import { clamp, constant, type Tensor } from "../tensor/index.ts";
import { type Encoder, logPrior, logProposal } from "./models/encoder.ts";
import type { Joint } from "./models/joint.ts";

export const proposalObjectives = ["forward-kl", "elbo", "sequential", "symmetric"] as const;
export type ProposalObjective = (typeof proposalObjectives)[number];

export interface ProposalOptions {
  readonly objective: ProposalObjective;
  readonly steps: number;
  readonly batchSize: number;
  readonly width: number;
  readonly rate: number;
  /** Told of every step. */
  readonly watch: () => void;
}

/** Log variances are kept between these: a proposal narrower than e^-10 of the prior is a point, and its weights overflow. */
const [narrowest, widest] = [-20, 5];

/** Mean and log variance from 2d outputs. */
const split = (y: Tensor, d: number): readonly [Tensor, Tensor] => [y.slice([], [0, d]), clamp(y.slice([], [d, 2 * d]), narrowest, widest)];

/** -E log q(u|x): covers the posterior's mass; minimising it maximises Barber-Agakov's lower bound. */
const covering =
  (joint: Joint) =>
  (net: Mlp, x: Tensor, u: Tensor): Tensor => {
    const [mean, logVariance] = split(mlp.apply(net, x, "tanh"), joint.latent);
    return logProposal(u, { mean, logVariance }).mean().neg();
  };

/** -E_q [log p(x, u) - log q(u|x)], the negative ELBO: sits inside the posterior; for upper bounds. */
const seeking =
  (joint: Joint) =>
  (net: Mlp, x: Tensor, noise: Tensor): Tensor => {
    const [mean, logVariance] = split(mlp.apply(net, x, "tanh"), joint.latent);
    const u = mean.add(noise.mul(logVariance.mul(0.5).exp()));
    const logJoint = logPrior(u).add(joint.likelihood.logDensity(joint.decode(u), x));
    return logProposal(u, { mean, logVariance }).sub(logJoint).mean();
  };

/**
 * Learns q by Adam on fresh pairs of the joint model. `forward-kl` is for lower bounds on I, `elbo` for upper ones, `sequential` is one
 * after the other, `symmetric` the mean of both.
 *
 * @source  Brekelmans et al., ICLR 2022, experiments
 */
export async function learnProposal(joint: Joint, options: ProposalOptions, rng: Random): Promise<Encoder> {
  const { latent: d, dtype, likelihood } = joint;
  const { objective, steps, batchSize, width, rate, watch } = options;
  const D = sizeOf(joint.observed);
  const [cover, seek] = [covering(joint), seeking(joint)];
  const losses: Record<Exclude<ProposalObjective, "sequential">, (net: Mlp, x: Tensor, u: Tensor, noise: Tensor) => Tensor> = {
    "forward-kl": cover,
    elbo: (net, x, _, noise) => seek(net, x, noise),
    symmetric: (net, x, u, noise) =>
      cover(net, x, u)
        .add(seek(net, x, noise))
        .mul(0.5),
  };
  const phases = objective === "sequential" ? (["forward-kl", "elbo"] as const) : [objective];
  const draw = (stream: Random): [NdArray, NdArray, NdArray] => [
    stream.fold("latents").normal([batchSize, d], dtype),
    likelihood.noise(stream.fold("noise"), [batchSize, D], dtype),
    stream.fold("draws").normal([batchSize, d], dtype),
  ];
  let net = mlp.init(rng.fold("network"), [D, width, width, 2 * d], { dtype });
  for (const phase of phases) {
    const count = Math.ceil(steps / phases.length);
    const loss = (layers: Mlp, u: Tensor, pixels: Tensor, noise: Tensor): Tensor =>
      losses[phase](layers, likelihood.sample(joint.decode(u), pixels), u, noise);
    const run = training(loss, adam(cosine(rate, count)));
    let state = run.init(net, ...draw(rng.fold("shape")));
    for (let i = 0; i < count; i++) {
      const next = await run.step(net, state, ...draw(rng.fold(phase).fold(i)));
      [net, state] = [next.params as Mlp<NdArray>, next.state];
      watch();
    }
  }
  const learned = mapTree<Mlp, [NdArray]>((a) => constant(a), net);
  return { name: `learned proposal (${objective})`, encode: (x) => split(mlp.apply(learned, x, "tanh"), d) };
}
