/** The texts that a step of learning is made of: fresh ones, exact draws, noise, and texts of earlier steps. */
import { mapTree, type NdArray, type Random } from "../../array/index.ts";
import { concatRows } from "../../sampling/index.ts";
import { type Scorer, scorer, type TextTarget } from "../steering/target.ts";
import type { TwistNetwork } from "../twists/network.ts";
import type { Twist } from "../twists/twist.ts";
import { type Batch, objectiveOf } from "./objectives.ts";
import type { LearningOptions } from "./options.ts";
import { type Replay, recalled, remembered } from "./replay.ts";
import { type Rollout, type RolloutOptions, rollout } from "./rollout.ts";

/** Texts of a step. */
export interface StepTexts {
  readonly batch: Batch<NdArray>;
  readonly groups: number;
  /** Largest |log ψ| of a token. */
  readonly steepest: number;
  readonly replay?: Replay;
}

/** As many draws of a list, with replacement. */
const some = (list: readonly Int32Array[], n: number, rng: Random): Int32Array[] =>
  Array.from(rng.integers(0, list.length, [n]).data, (i) => list[i]);

/**
 * @returns  what draws the texts of a step by the twist as it is then
 */
export function stepTexts(target: TextTarget, options: LearningOptions, network: Pick<TwistNetwork, "everyToken">) {
  const { objective, texts, exact, observe } = options;
  const { laws, noise, positives, everyToken: needed = false } = objectiveOf(objective);
  const law = options.law ?? laws[0];
  const everyToken = needed || network.everyToken;
  const logs: Scorer = scorer(target);

  async function fresh(common: Omit<RolloutOptions, "texts">, twist: Twist, rng: Random) {
    if (law === "exact") {
      const half = Math.ceil(texts / 2);
      const [own, drawn] = [
        await rollout(target, { ...common, texts: half, twist }, rng),
        await rollout(target, { ...common, texts: texts - half, references: some(exact!, texts - half, rng.fold("exact")) }, rng),
      ];
      return { rollout: mapTree<Rollout<NdArray>, [NdArray, NdArray]>(concatRows, own.rollout, drawn.rollout), steepest: own.steepest };
    }
    return rollout(target, { ...common, texts, ...(law !== "model" && { twist }), mixture: law === "mixture" }, rng);
  }

  return async (twistFor: (observations?: NdArray) => Twist, replay: Replay | undefined, rng: Random): Promise<StepTexts> => {
    const observations = await observe?.(rng.fold("observations"));
    const groups = observations?.suffixes.length ?? 1;
    const common = { everyToken, groups, observations: observations?.features, suffixes: observations?.suffixes, logs };
    const { rollout: drawn, steepest } = await fresh(common, twistFor(observations?.features), rng.fold("texts"));
    const references = positives ? (observations?.exact ?? (exact && some(exact, texts, rng.fold("exact")))) : undefined;
    const positive = references && (await rollout(target, { ...common, texts: references.length, references }, rng.fold("positives")));
    const other = noise ? await rollout(target, { ...common, texts }, rng.fold("noise")) : undefined;
    const kept = replay && remembered(replay, drawn);
    const before = kept && recalled(kept, texts, rng.fold("replay"));
    const walked = before && (await rollout(target, { ...common, texts, references: before.texts }, rng.fold("walk")));
    const old = walked && { ...walked.rollout, logProposal: before.logProposal };
    return {
      ...{ groups, steepest },
      ...(kept && { replay: kept }),
      batch: {
        main: old && !positives ? old : drawn,
        ...(positive && { exact: positive.rollout }),
        ...(old && positives && { replayed: old }),
        ...(other && { noise: other.rollout }),
      },
    };
  };
}
