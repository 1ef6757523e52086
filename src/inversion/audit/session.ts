/** The classifiers of an audit, each trained when it is first asked for: the same in every process, by the seed alone. */
import type { Random } from "../../array/index.ts";
import { type Frechet, frechet, memo, rowwise, type Withheld } from "../../distances/index.ts";
import type { Classifier } from "../classifier.ts";
import { hitsAmong } from "../metrics/accuracy.ts";
import { flatShare } from "../metrics/masking.ts";
import { cutThrough } from "../prior.ts";
import { type Judge, judgeBy } from "./judge.ts";
import type { Material } from "./material.ts";
import {
  type DefenceName,
  defendedTarget,
  isOutputDefence,
  lookAlikeControl,
  randomLabelControl,
  type TargetOptions,
  type Trained,
  trainEvaluator,
  withOutputDefence,
} from "./train.ts";

/** Models that do not know a class, of which one knows the others. */
export const controlNames = ["look-alikes", "random-labels"] as const;

/** A model that is attacked: "none" is the target itself. */
export type ModelName = DefenceName | (typeof controlNames)[number];

export interface Session {
  readonly model: (name: ModelName) => Promise<Trained>;
  readonly evaluator: () => Promise<Trained>;
  readonly judge: () => Promise<Judge>;
  /** How far public data are from private ones, in the evaluator's features. */
  readonly domain: () => Promise<Frechet | Withheld>;
  /** Share of prior draws at which a model gives no gradient. */
  readonly flat: (name: ModelName) => Promise<number>;
}

/** What is made once, when it is first asked for. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/**
 * @param owned  the owner's classifier; absent: one is trained
 * @param watch  told of every step of a training
 */
export function session(
  material: Material,
  owned: Classifier | undefined,
  options: TargetOptions,
  rng: Random,
  watch: () => void,
): Session {
  const { prior, test, publicRows, train } = material;
  const evaluator = lazily(() => trainEvaluator(material, options, rng.fold("evaluator"), watch));
  const features = async () => {
    const { classifier } = await evaluator();
    return rowwise(classifier.features ?? classifier.logits);
  };
  const target = async (classifier: Classifier): Promise<Trained> => {
    const hits = await hitsAmong(classifier, 1)(test);
    return { classifier, accuracy: hits.reduce((a, b) => a + b, 0) / hits.length, notes: [] };
  };
  const model: Session["model"] = memo(async (name: ModelName): Promise<Trained> => {
    if (isOutputDefence(name)) return withOutputDefence(await model("none"), name);
    const stream = rng.fold(name);
    if (name === "none" && owned) return target(owned);
    if (name === "look-alikes") return lookAlikeControl(material, options, stream, watch);
    if (name === "random-labels") return randomLabelControl(material, options, stream, watch);
    return defendedTarget(material, name, options, stream, watch);
  });
  return {
    ...{ model, evaluator },
    judge: lazily(async () => judgeBy(material, (await evaluator()).classifier, rng.fold("judge"))),
    domain: lazily(async () => {
      const seen = await features();
      return frechet(await seen(train.x), rng.fold("domain"))(await seen(publicRows));
    }),
    async flat(name) {
      const { classifier } = await model(name);
      const { layers, latent } = prior;
      const generate = (z: Parameters<typeof prior.generate>[0]) =>
        cutThrough(prior.generate(z.reshape([z.shape[0], layers, latent])), prior.range).x;
      return flatShare(classifier, { latent: layers * latent, generate }, rng.fold("flat"));
    },
  };
}
