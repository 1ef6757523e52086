/** Training of a proposal and of critics on pairs (x, z) whose prior p(z) is known. */
import { array, item, type NdArray, type Random } from "../../array/index.ts";
import type { Mlp } from "../../nn/index.ts";
import { type AdamState, adam, applyUpdates, cosine } from "../../optim/index.ts";
import { type HamiltonianNoise, hmc } from "../../sampling/index.ts";
import { type Arrays, asinh, clamp, constant, jit, stopGradient, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import { logPrior, logProposal } from "../models/encoder.ts";
import type { JointPairs } from "../models/joint.ts";
import { type Critic, type CriticSizes, critic, posterior } from "./critic.ts";
import { contrastive, drawn, energyTarget, fenchel, varadhan } from "./objectives.ts";

/** Critics by what they are trained on. `annealed` is the energy of MINE-AIS. */
export const criticNames = ["infonce", "giwae", "varadhan", "fenchel", "annealed"] as const;
export type CriticName = (typeof criticNames)[number];
export type Critics<T = Tensor> = Readonly<Record<CriticName, Critic<T>>>;

export interface EnergyOptions extends CriticSizes {
  /** Steps in which q learns alone, and those of the critics after them. */
  readonly proposalSteps: number;
  readonly steps: number;
  readonly batchSize: number;
  /** K of InfoNCE and GIWAE: negatives a data point, and one. */
  readonly samples: number;
  readonly rate: number;
  /** Leapfrog steps of the negatives of MINE-AIS. */
  readonly leapfrogs: number;
  /** q is the prior: nothing is learned of it. */
  readonly fromPrior: boolean;
  /** q goes on learning with GIWAE. */
  readonly joint: boolean;
}

/** The whole of a training, as plain arrays. */
export interface EnergyState {
  readonly step: NdArray;
  readonly q: Mlp<NdArray>;
  readonly critics: Critics<NdArray>;
  readonly proposalOptimizer: Arrays<AdamState>;
  readonly criticOptimizer: Arrays<AdamState>;
  /** log of the moving mean of e^T, and log ε of the negatives. */
  readonly memory: NdArray;
  readonly logStepSize: NdArray;
}

/** Means and deviations of the columns of x. */
export interface Scaling {
  readonly mean: NdArray;
  readonly deviation: NdArray;
}
/** Deviations up to which standardised values stay as they are. */
const usual = 3;

/**
 * x to mean 0 and deviation 1, as training pairs have it; beyond three deviations it grows like a logarithm. A pixel that is black in one
 * image of a thousand would else be 30 there, and everything the network says. The map is invertible: I does not change.
 */
export function scaled(x: Tensor, { mean, deviation }: Scaling): Tensor {
  const y = x.sub(constant(mean)).div(constant(deviation));
  const inner = clamp(y, -usual, usual);
  return inner.add(asinh(y.sub(inner)));
}

/**
 * A learner: first q maximises E log q(z|x) (Barber-Agakov), then five critics maximise theirs on the same batches, MINE-AIS by contrastive
 * divergence: negatives are one Hamiltonian transition of q e^T from the data's own latents,
 *
 *   ∇ = E_p ∇T - E_{q e^T / Z} ∇T.
 *
 * At the optimum the transition leaves the latents' law as it is. Its step size follows the acceptance: training reports no bound.
 *
 * @param draw  fresh pairs of a batch
 * @source  Brekelmans et al., ICLR 2022, section 5; Hinton, Neural Computation 14 (2002)
 */
export function energyLearner(draw: (count: number, rng: Random) => Promise<JointPairs>, scaling: Scaling, options: EnergyOptions) {
  const { proposalSteps, steps, batchSize, samples, rate, leapfrogs, fromPrior, joint, latent: d } = options;
  const [forProposal, forCritics] = [proposalSteps + (joint ? steps : 0), steps]
    .map((count) => cosine(rate, Math.max(1, count)))
    .map((r) => adam(r));
  const covering = (q: Mlp, x: Tensor, z: Tensor): Tensor =>
    logProposal(z, posterior.apply(q, x, d))
      .sub(logPrior(z))
      .mean();

  const learnProposal = jit(
    (q: Mlp, state: AdamState, x: Tensor, z: Tensor) => {
      const [value, grads] = valueAndGrad((net: Mlp) => covering(net, scaled(x, scaling), z).neg())(q);
      const { updates, state: next } = forProposal.update(grads, state, q);
      return { q: applyUpdates(q, updates), state: next, ba: value.neg() };
    },
    { reuse: true },
  );

  const learnCritics = jit(
    (
      critics: Critics,
      q: Mlp,
      states: { critic: AdamState; proposal: AdamState },
      kept: { memory: Tensor; logStepSize: Tensor },
      batch: Batch,
    ) => {
      const loss = ({ critics: c, q: net }: { critics: Critics; q: Mlp }): [Tensor, Measured] => losses(c, net, kept, batch);
      const [[, measured], grads] = valueAndGrad(loss, { aux: true })({ critics, q });
      const critic = forCritics.update(grads.critics, states.critic, critics);
      const proposal = joint && !fromPrior ? forProposal.update(grads.q, states.proposal, q) : undefined;
      return {
        critics: applyUpdates(critics, critic.updates),
        q: proposal ? applyUpdates(q, proposal.updates) : q,
        states: { critic: critic.state, proposal: proposal?.state ?? states.proposal },
        measured,
      };
    },
    { reuse: true },
  );

  function losses(
    c: Critics,
    net: Mlp,
    { memory, logStepSize }: { memory: Tensor; logStepSize: Tensor },
    batch: Batch,
  ): [Tensor, Measured] {
    const { z, others, hamiltonian } = batch;
    const x = scaled(batch.x, scaling);
    const q = posterior.apply(fromPrior ? undefined : net, x, d);
    const fixed = joint ? q : { mean: stopGradient(q.mean), logVariance: stopGradient(q.logVariance) };
    const ba = logProposal(z, fixed).sub(logPrior(z)).mean();
    const energy = (name: CriticName) => {
      const phi = critic.features(c[name], x);
      return (latents: Tensor): Tensor => critic.apply(c[name], phi, latents);
    };
    const draws = drawn(fixed, others);
    const still = { mean: stopGradient(q.mean), logVariance: stopGradient(q.logVariance) };
    const stillDraws = drawn(still, others);
    const infonce = contrastive(energy("infonce"), z, others);
    const giwae = contrastive(energy("giwae"), z, draws);
    const dv = varadhan(energy("varadhan"), z, stillDraws, memory);
    const f = fenchel(energy("fenchel"), z, stillDraws);
    // contrastive divergence
    const phi = critic.features(c.annealed, x);
    const kernel = hmc(
      energyTarget((features, latents) => critic.apply(c.annealed, features, latents)),
      leapfrogs,
    );
    const data = { x: phi, proposal: still };
    const parameters = { stepSize: logStepSize.exp() };
    const one = constant(array([1, 1], "f32", [1, 2]));
    const moved = kernel.step(kernel.init(z, data), hamiltonian, parameters, one, data);
    const [up, down] = [z, stopGradient(moved.state.x)].map((latents) => critic.apply(c.annealed, phi, latents.expandDims(0)).mean());
    const bound = joint && !fromPrior ? giwae.add(ba) : giwae;
    return [
      down.sub(up).sub(infonce).sub(bound).sub(dv.objective).sub(f),
      {
        memory: dv.memory,
        logStepSize: logStepSize.add(moved.acceptance.mean().sub(0.65).mul(0.05)),
        acceptance: moved.acceptance.mean(),
        ...{ ba, infonce, giwae: ba.add(giwae), varadhan: ba.add(dv.value), fenchel: ba.add(f), energyGap: up.sub(down) },
      },
    ];
  }

  return {
    steps: proposalSteps + steps,
    async init(rng: Random): Promise<EnergyState> {
      const q = posterior.init(rng.fold("proposal"), options);
      const critics = Object.fromEntries(criticNames.map((name) => [name, critic.init(rng.fold(name), options)])) as Critics<NdArray>;
      return {
        ...{ step: array(0, "i32", []), q, critics },
        proposalOptimizer: forProposal.init(q),
        criticOptimizer: forCritics.init(critics),
        memory: array(0, "f32", []),
        logStepSize: array(Math.log(0.1), "f32", []),
      };
    },
    async step(state: EnergyState, rng: Random): Promise<{ state: EnergyState; metrics: Readonly<Record<string, number>> }> {
      const i = item(state.step);
      const stream = rng.fold(i);
      const { x, u: z } = await draw(batchSize, stream.fold("pairs"));
      const step = array(i + 1, "i32", []);
      if (i < proposalSteps) {
        const { q, state: proposalOptimizer, ba } = await learnProposal(state.q, state.proposalOptimizer, x, z);
        return { state: { ...state, step, q, proposalOptimizer }, metrics: { ba: item(ba) } };
      }
      const noise = stream.fold("noise");
      const others = noise.fold("others").normal([samples - 1, batchSize, d]);
      const hamiltonian = { momentum: noise.fold("momentum").normal([batchSize, d]), u: noise.fold("accept").uniform([batchSize]) };
      const { critics, q, states, measured } = await learnCritics(
        state.critics,
        state.q,
        { critic: state.criticOptimizer, proposal: state.proposalOptimizer },
        { memory: state.memory, logStepSize: state.logStepSize },
        { x, z, others, hamiltonian },
      );
      const { memory, logStepSize, ...numbers } = measured;
      const next = { step, q, critics, proposalOptimizer: states.proposal, criticOptimizer: states.critic, memory, logStepSize };
      return { state: next, metrics: Object.fromEntries(Object.entries(numbers).map(([name, a]) => [name, item(a)])) };
    },
  };
}

/** What a step of the critics is given. */
interface Batch {
  readonly x: Tensor;
  readonly z: Tensor;
  /** Standard normal noise of K - 1 draws of q, [K - 1, B, d]: as it is, draws of the prior. */
  readonly others: Tensor;
  readonly hamiltonian: HamiltonianNoise;
}

/** Numbers of a step, and what the next one remembers. */
type Measured = Readonly<
  Record<"memory" | "logStepSize" | "acceptance" | "ba" | "infonce" | "giwae" | "varadhan" | "fenchel" | "energyGap", Tensor>
>;
