/** Learning a twist from texts that the model and the twist itself write. */
import { allocate, array, item, type NdArray, type Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { dense } from "../../nn/index.ts";
import { type AdamState, adam, applyUpdates, clipByGlobalNorm } from "../../optim/index.ts";
import { kishSize, logMeanExp } from "../../sampling/index.ts";
import { type Arrays, jit, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import { isHit } from "../potentials/potential.ts";
import { scorer, type TextTarget } from "../steering/target.ts";
import { type HeadOptions, type HeadParameters, head, headTwist } from "../twists/head.ts";
import type { Twist } from "../twists/twist.ts";
import { clippedPolicy, logWeights } from "./losses.ts";
import { advantages, type Batch, lossOf, type ObjectiveName, objectiveOf, twistedBy } from "./objectives.ts";
import { type Rollout, rollout } from "./rollout.ts";

export interface LearningOptions {
  readonly objective: ObjectiveName;
  readonly kind: HeadOptions["kind"];
  /** K, texts of a step. */
  readonly texts: number;
  readonly steps: number;
  readonly rate: number;
  /** Share of the steps in which β of φ^β rises from 0 to 1: for scores that hardly any text of the model reaches. Default 0. */
  readonly temper?: number;
  /** Exact draws of σ: positives of ctl, sixo and dpg. */
  readonly exact?: readonly Int32Array[];
  /** Observations that a step is conditioned on, drawn with an exact text each; then K / G texts belong to each of G. */
  readonly observe?: (rng: Random) => Promise<Observations>;
  /** G, with `observe`. */
  readonly groups?: number;
}

/** G observations: what must follow, an exact text for each, and what the twist is told of them. */
export interface Observations {
  readonly suffixes: readonly Int32Array[];
  readonly exact: readonly Int32Array[];
  /** [G, c] */
  readonly features: NdArray;
}

/** The whole of a training. */
export interface LearningState {
  readonly params: HeadParameters<NdArray>;
  readonly optimizer: Arrays<AdamState>;
  /** Steps done, and those of them that were skipped because no text had anything of what is wanted. */
  readonly step: NdArray;
  readonly starved: NdArray;
}

/** Bound on the norm of the gradient. */
const norm = 1;
/** Inner steps of PPO on the same texts, λ of its advantages, and the clipping of its ratio. */
const [innerSteps, lambda] = [4, 0.95];

const weigh = jit(logWeights);

const times = (a: NdArray, factor: number): NdArray =>
  array(
    Array.from(a.data as ArrayLike<number>, (x) => x * factor),
    a.dtype,
    a.shape,
  );

/** As many draws of a list, with replacement. */
const some = (list: readonly Int32Array[], n: number, rng: Random): Int32Array[] =>
  Array.from(rng.integers(0, list.length, [n]).data, (i) => list[i]);

/** What an objective needs of target and options. @throws UserError  before the first step */
export function checkLearning({ potential }: TextTarget, { objective, texts, groups = 1, observe, exact }: LearningOptions): void {
  const { bounded, positives } = objectiveOf(objective);
  if (texts < 2) throw new UserError(`${texts} text a step: the negatives of a twist need at least 2`, "--texts 100");
  if (objective === "ctl" && observe && texts / groups < 2)
    throw new UserError(
      `${texts} texts for ${groups} endings a step: contrastive learning needs at least 2 negatives an ending`,
      `--texts ${2 * groups}`,
    );
  if (bounded && !(potential.largest !== undefined && potential.largest <= 0))
    throw new UserError(
      `${objective} needs φ ≤ 1, and ${potential.name} is not bounded so`,
      "another --loss; or --slope, which makes φ a probability; or a module with `largest`",
    );
  if (exact && !positives && !observe) throw new UserError(`${objective} does not learn from exact draws`, "--loss ctl, sixo or dpg does");
}

/** The twist of a state. */
export const twistOf = (
  state: Pick<LearningState, "params">,
  { objective }: Pick<LearningOptions, "objective">,
  observations?: NdArray,
): Twist => {
  const { bounded = false, proposalOnly } = objectiveOf(objective);
  return headTwist(state.params, { kind: "mlp", bounded, name: objective, proposalOnly }, observations);
};

/**
 * A learner of twists: each step samples texts by the objective's law, scores them, and moves the head. The model is frozen.
 *
 * @param width  of an observation's features, 0 without
 */
export function twistLearner(target: TextTarget, options: LearningOptions, width: number) {
  const { objective, kind, texts, steps, rate, temper = 0, exact, observe } = options;
  const { law, noise, everyToken = false, finite, positives } = objectiveOf(objective);
  const { model } = target;
  const [bounded, optimizer] = [clipByGlobalNorm(norm), adam(rate)];
  const logs = scorer(target);

  const move = (params: HeadParameters, state: AdamState, loss: (p: HeadParameters) => Tensor) => {
    const [value, grads] = valueAndGrad(loss)(params);
    const { updates, state: next } = optimizer.update(bounded.update(grads, {}, params).updates, state, params);
    return { params: applyUpdates(params, updates), optimizer: next, value };
  };
  const update = jit((params: HeadParameters, state: AdamState, batch: Batch, groups: Tensor) =>
    move(params, state, (p) => lossOf(objective as Exclude<ObjectiveName, "ppo">, p, batch, groups.shape[0])),
  );
  const values = (params: HeadParameters, hidden: Tensor): Tensor => dense.apply(params.value, hidden).reshape(hidden.shape.slice(0, 2));
  const judge = jit((params: HeadParameters, main: Rollout) => advantages(values(params, main.hidden), main, lambda));
  const policy = jit((params: HeadParameters, state: AdamState, main: Rollout, advantage: Tensor, returns: Tensor) =>
    move(params, state, (p) => clippedPolicy(twistedBy(p, main, { everyToken: true }), advantage, returns, values(p, main.hidden))),
  );

  async function texted(state: LearningState, rng: Random): Promise<{ batch: Batch<NdArray>; groups: number; steepest: number }> {
    const observations = await observe?.(rng.fold("observations"));
    const groups = observations?.suffixes.length ?? 1;
    const twist = twistOf(state, options, observations?.features);
    const common = { everyToken, groups, observations: observations?.features, suffixes: observations?.suffixes, logs };
    const main = await rollout(target, { ...common, texts, ...(law === "proposal" && { twist }) }, rng.fold("texts"));
    const references = positives ? (observations?.exact ?? (exact && some(exact, texts, rng.fold("exact")))) : undefined;
    const positive = references && (await rollout(target, { ...common, texts: references.length, references }, rng.fold("positives")));
    const other = noise ? await rollout(target, { ...common, texts }, rng.fold("noise")) : undefined;
    return {
      ...{ groups, steepest: main.steepest },
      batch: { main: main.rollout, ...(positive && { exact: positive.rollout }), ...(other && { noise: other.rollout }) },
    };
  }

  return {
    async init(rng: Random): Promise<LearningState> {
      const first = await model.start(target.prompt, 1);
      const dtype = first.next.logits.dtype === "f64" ? "f64" : "f32";
      first.close();
      const params = head.init(rng, model.width + width, model.tokenizer.size, { kind }, dtype);
      return { params, optimizer: optimizer.init(params), step: array(0, "f64", []), starved: array(0, "f64", []) };
    },

    async step(state: LearningState, rng: Random): Promise<{ state: LearningState; metrics: Readonly<Record<string, number>> }> {
      const done = item(state.step);
      const { batch, groups, steepest } = await texted(state, rng.fold(done)); // a stream's folds depend on its name alone
      const beta = temper > 0 ? Math.min(1, (done + 1) / (temper * steps)) : 1;
      const scores = Array.from(batch.main.logPotential.data as ArrayLike<number>);
      const hits = scores.filter((log) => isHit(target.potential, log)).length / scores.length;
      const impossible = scores.filter((log) => log === Number.NEGATIVE_INFINITY).length / scores.length;
      const step = array(done + 1, "f64", []);
      if (finite && impossible > 0)
        throw new UserError(
          `${objective} needs a finite log φ of every text, and ${(100 * impossible).toPrecision(2)} % of those of step ${done + 1} have none`,
          "--floor 1e-16 makes no text impossible; --loss ctl or dpg can do without",
        );
      // all weights are equal then, and the positive term says nothing
      if (hits === 0 && positives && !batch.exact) {
        const starved = array(item(state.starved) + 1, "f64", []);
        return { state: { ...state, step, starved }, metrics: { hits } };
      }
      const tempered: Batch<NdArray> =
        beta === 1 ? batch : { ...batch, main: { ...batch.main, logPotential: times(batch.main.logPotential, beta) } };
      const next =
        objective === "ppo"
          ? await improve(state, tempered.main)
          : await update(state.params, state.optimizer, tempered, allocate("f32", [groups]));
      const weights = Float64Array.from((await weigh(batch.main)).data as ArrayLike<number>);
      const size = kishSize(weights) / weights.length;
      return {
        state: { params: next.params, optimizer: next.optimizer, step, starved: state.starved },
        metrics: { loss: item(next.value), hits, steepest, effective: size, logZ: logMeanExp(weights) },
      };
    },
  };

  async function improve(state: LearningState, main: Rollout<NdArray>) {
    const { advantage, returns } = await judge(state.params, main);
    let next = await policy(state.params, state.optimizer, main, advantage, returns);
    for (let i = 1; i < innerSteps; i++) next = await policy(next.params, next.optimizer, main, advantage, returns);
    return next;
  }
}
