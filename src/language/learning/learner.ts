/** Learning a twist from texts that the model and the twist itself write. */
import { allocate, array, item, mapTree, type NdArray, type Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { dense } from "../../nn/index.ts";
import { type AdamState, adam, applyUpdates, clipByGlobalNorm } from "../../optim/index.ts";
import { kishSize, logMeanExp } from "../../sampling/index.ts";
import { type Arrays, jit, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import { isHit } from "../potentials/potential.ts";
import type { TextTarget } from "../steering/target.ts";
import { type TwistNetwork, type TwistParameters, twistNetwork } from "../twists/network.ts";
import type { Twist } from "../twists/twist.ts";
import { clippedPolicy, logWeights } from "./losses.ts";
import { advantages, type Batch, lossOf, type ObjectiveName, objectiveOf } from "./objectives.ts";
import type { LearningOptions } from "./options.ts";
import { emptyReplay, type Replay } from "./replay.ts";
import type { Rollout } from "./rollout.ts";
import { stepTexts } from "./texts.ts";

/** The whole of a training. */
export interface LearningState {
  readonly params: TwistParameters<NdArray>;
  readonly optimizer: Arrays<AdamState>;
  /** Steps done, and those of them that were skipped because no text had anything of what is wanted. */
  readonly step: NdArray;
  readonly starved: NdArray;
  /** Largest |log φ| of a text so far: what log ψ may be of. */
  readonly largest: NdArray;
  /** The parameters before those, to which learning goes back where it has left the ground, and whether it has. */
  readonly before: TwistParameters<NdArray>;
  readonly diverged: NdArray;
  /** log of the mean weight σ̃ / q of all texts so far, of objectives that need it. */
  readonly logMass?: NdArray;
  /** Parameters that follow slowly, of objectives that need them. */
  readonly slow?: TwistParameters<NdArray>;
  readonly replay?: Replay;
}

/** Bound on the norm of the gradient. */
const norm = 1;
/** Inner steps of PPO on the same texts, λ of its advantages, and the clipping of its ratio. */
const [innerSteps, lambda] = [4, 0.95];
/** log ψ guesses log φ: when it is larger by so many nats than any log φ that was seen, learning has left the ground. */
const steepTwist = 50;
/** Share of the way that slow parameters go in a step: their memory is a hundred steps. */
const pace = 0.01;

const weigh = jit(logWeights);
const number = (x: number): NdArray => array(x, "f64", []);
/** log of the mean of n numbers and one more, from the logs of both means. */
const meanOf = (log: number, own: number, n: number): number =>
  logMeanExp([log + Math.log((2 * n) / (n + 1)), own + Math.log(2 / (n + 1))]);

const times = (a: NdArray, factor: number): NdArray =>
  array(
    Array.from(a.data as ArrayLike<number>, (x) => x * factor),
    a.dtype,
    a.shape,
  );

/** The network that options ask for. @param width  of an observation's features, 0 without */
export const networkOf = (
  { model, prompt }: Pick<TextTarget, "model" | "prompt">,
  { objective, kind, body = "frozen", rank = 4, form = "psi", around }: LearningOptions,
  { dtype, width }: { readonly dtype: "f32" | "f64"; readonly width: number },
): TwistNetwork => {
  const { bounded = false } = objectiveOf(objective);
  return twistNetwork(model, prompt, { kind, body, rank, form }, { dtype, bounded, observed: width, around });
};

/** The dtype that a model computes in. */
export async function dtypeOf({ model, prompt }: Pick<TextTarget, "model" | "prompt">): Promise<"f32" | "f64"> {
  const first = await model.start(prompt, 1);
  const { dtype } = first.next.logits;
  first.close();
  return dtype === "f64" ? "f64" : "f32";
}

/** A twist of a state, by the network that it was learned with. */
export function twistOf(
  network: Pick<TwistNetwork, "twist">,
  { params }: Pick<LearningState, "params">,
  objective: ObjectiveName,
  observations?: NdArray,
): Twist {
  const { proposalOnly } = objectiveOf(objective);
  return network.twist(params, { name: objective, proposalOnly }, observations);
}

/** What a step knows of earlier ones. */
interface Remembered {
  readonly slow?: TwistParameters;
  readonly logMass?: Tensor;
}

/** A learner of twists: each step samples texts by a law, scores them, and moves the network. The model is frozen. */
export function twistLearner(target: TextTarget, options: LearningOptions, network: TwistNetwork, dtype: "f32" | "f64") {
  const { objective, steps, rate, temper = 0, replay = 0, window = 1 } = options;
  const { everyToken = false, finite, bounded: probable, positives, slow: follows, running } = objectiveOf(objective);
  const [bounded, optimizer] = [clipByGlobalNorm(norm), adam(rate)];
  const texted = stepTexts(target, options, network);

  const move = (params: TwistParameters, state: AdamState, loss: (p: TwistParameters) => Tensor) => {
    const [value, grads] = valueAndGrad(loss)(params);
    const { updates, state: next } = optimizer.update(bounded.update(grads, {}, params).updates, state, params);
    return { params: applyUpdates(params, updates), optimizer: next, value };
  };
  const update = jit((params: TwistParameters, state: AdamState, batch: Batch, groups: Tensor, { slow, logMass }: Remembered) =>
    move(params, state, (p) =>
      lossOf(objective as Exclude<ObjectiveName, "ppo">, batch, {
        twisted: (rollout) => network.apply(p, rollout, everyToken),
        ...(slow && { slow: (rollout) => network.apply(slow, rollout, everyToken) }),
        ...{ logZ: p.logZ, groups: groups.shape[0], window, logMass },
      }),
    ),
  );
  const follow = jit((slow: TwistParameters, params: TwistParameters) =>
    mapTree<TwistParameters>((a: Tensor, b: Tensor) => a.add(b.sub(a).mul(pace)), slow, params),
  );
  const values = (params: TwistParameters, hidden: Tensor): Tensor => dense.apply(params.value, hidden).reshape(hidden.shape.slice(0, 2));
  const judge = jit((params: TwistParameters, main: Rollout) => advantages(values(params, main.hidden), main, lambda));
  const policy = jit((params: TwistParameters, state: AdamState, main: Rollout, advantage: Tensor, returns: Tensor) =>
    move(params, state, (p) => clippedPolicy(network.apply(p, main, true), advantage, returns, values(p, main.hidden))),
  );

  return {
    async init(rng: Random): Promise<LearningState> {
      const params = network.init(rng);
      return {
        ...{ params, optimizer: optimizer.init(params), step: number(0), starved: number(0), largest: number(0) },
        ...{ before: params, diverged: number(0), ...(running && { logMass: number(Number.NEGATIVE_INFINITY) }) },
        ...(follows && { slow: params }),
        ...(replay > 0 && { replay: emptyReplay(replay, target.length, dtype) }),
      };
    },

    async step(state: LearningState, rng: Random): Promise<{ state: LearningState; metrics: Readonly<Record<string, number>> }> {
      const done = item(state.step);
      const twist = (observations?: NdArray): Twist => twistOf(network, state, objective, observations);
      const { batch, groups, steepest, replay } = await texted(twist, state.replay, rng.fold(done)); // a stream's folds depend on its name alone
      const beta = temper > 0 ? Math.min(1, (done + 1) / (temper * steps)) : 1;
      const scores = Array.from((batch.replayed ?? batch.main).logPotential.data as ArrayLike<number>);
      const hits = scores.filter((log) => isHit(target.potential, log)).length / scores.length;
      const largest = scores.reduce((most, log) => (Number.isFinite(log) ? Math.max(most, Math.abs(log)) : most), item(state.largest));
      if (steepest > largest + steepTwist)
        return { state: { ...state, params: state.before, largest: number(largest), diverged: number(steepest) }, metrics: { steepest } };
      const impossible = scores.filter((log) => log === Number.NEGATIVE_INFINITY).length / scores.length;
      const weights = Float64Array.from((await weigh(batch.main)).data as ArrayLike<number>);
      const known = state.logMass ? item(state.logMass) : Number.NaN;
      const logMass = state.logMass && number(meanOf(known, logMeanExp(weights), done));
      const seen = { largest: number(largest), before: state.params, ...(logMass && { logMass }) };
      const later = { ...state, ...(replay && { replay }), ...seen, step: number(done + 1) };
      if (finite && impossible > 0)
        throw new UserError(
          `${objective} needs a finite log φ of every text, and ${(100 * impossible).toPrecision(2)} % of those of step ${done + 1} have none`,
          "--floor 1e-16 makes no text impossible; --loss ctl or dpg can do without",
        );
      const highest = Math.max(...scores);
      if (probable && highest > 1e-6)
        throw new UserError(
          `${objective} needs φ ≤ 1, and a text of step ${done + 1} has log φ = ${highest}`,
          "a score divided by its largest value, or another --loss",
        );
      // all weights are equal then, and the positive term says nothing
      if (hits === 0 && positives && !batch.exact)
        return { state: { ...later, starved: number(item(state.starved) + 1) }, metrics: { hits } };
      const tempered = beta === 1 ? batch : mildened(batch, beta);
      const next =
        objective === "ppo"
          ? await improve(state, tempered.main)
          : await update(state.params, state.optimizer, tempered, allocate("f32", [groups]), {
              ...(state.slow && { slow: state.slow }),
              ...(logMass && { logMass: array(Number.isFinite(known) ? known : logMeanExp(weights), dtype, []) }),
            });
      const slow = state.slow && (await follow(state.slow, next.params));
      const size = kishSize(weights) / weights.length;
      return {
        state: { ...later, params: next.params, optimizer: next.optimizer, ...(slow && { slow }) },
        metrics: { loss: item(next.value), hits, steepest, effective: size, logZ: logMeanExp(weights) },
      };
    },
    /** Learning that has left the ground ends there. */
    done: (state: LearningState) => item(state.diverged) > 0,
  };

  async function improve(state: LearningState, main: Rollout<NdArray>) {
    const { advantage, returns } = await judge(state.params, main);
    let next = await policy(state.params, state.optimizer, main, advantage, returns);
    for (let i = 1; i < innerSteps; i++) next = await policy(next.params, next.optimizer, main, advantage, returns);
    return next;
  }
}

/** With φ^β for φ. */
function mildened({ main, replayed, ...rest }: Batch<NdArray>, beta: number): Batch<NdArray> {
  const mild = (texts: Rollout<NdArray>): Rollout<NdArray> => ({ ...texts, logPotential: times(texts.logPotential, beta) });
  return { ...rest, main: mild(main), ...(replayed && { replayed: mild(replayed) }) };
}
