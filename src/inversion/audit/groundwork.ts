/** What is known of the models of an audit before any attack. */
import type { Frechet, Withheld } from "../../distances/index.ts";
import { UserError } from "../../errors.ts";
import { formatNumber } from "../../numbers.ts";
import { evaluatorCautions } from "../metrics/evaluator.ts";
import { controlNames, type ModelName, type Session } from "./session.ts";

/** Of a model that is attacked. */
export interface ModelScore {
  readonly name: ModelName;
  /** On the test part. */
  readonly accuracy: number;
  /** Share of prior draws without a gradient. */
  readonly flat: number;
  readonly notes: readonly string[];
}

/** All of them, the evaluator, and how far the public data are. */
export interface Groundwork {
  readonly models: readonly ModelScore[];
  /** Accuracy of the evaluator. */
  readonly evaluator: number;
  readonly domain: Frechet | Withheld;
  /** Why the nearest items decide, and not the evaluator. */
  readonly cautions: readonly string[];
}

/** What the owner says of the target, where it is the owner's. */
interface Owned {
  readonly classes: number;
  readonly stated?: number;
}

/** @throws UserError  for an owner's classifier that does not know its own data */
export async function groundworkOf(room: Session, models: readonly ModelName[], owned: Owned | undefined): Promise<Groundwork> {
  const scores: ModelScore[] = [];
  for (const name of [...models, ...controlNames]) {
    const { accuracy, notes } = await room.model(name);
    if (name === "none" && owned) checkAccuracy(accuracy, owned);
    scores.push({ name, accuracy, flat: await room.flat(name), notes });
  }
  const { accuracy } = await room.evaluator();
  const [target] = scores;
  return {
    ...{ models: scores, evaluator: accuracy, domain: await room.domain() },
    cautions: evaluatorCautions({ target: target.accuracy, evaluator: accuracy, alike: false }),
  };
}

/** Accuracies below this share of what was stated, or this many times chance, are those of inputs that were made in another way. */
const [leastOfStated, timesChance] = [0.8, 1.5];

function checkAccuracy(accuracy: number, { classes, stated }: Owned): void {
  const percent = (share: number): string => `${formatNumber(100 * share)} %`;
  const seen = `the classifier is right on ${percent(accuracy)} of the private test items`;
  const hint = "check --mean, --std, --input-scale, the order of channels and classes, and that these are its data";
  if (stated !== undefined && accuracy < leastOfStated * stated) throw new UserError(`${seen}, and ${percent(stated)} was stated`, hint);
  if (stated === undefined && accuracy < Math.min(0.9, timesChance / classes))
    throw new UserError(`${seen}, hardly more than chance (${percent(1 / classes)})`, hint);
}
