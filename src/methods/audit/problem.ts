/** An audit that is ready: data, generator, classifier and attacks, all of which fit together. */
import type { z } from "zod";
import { type Random, type Shape, sizeOf } from "../../array/index.ts";
import type { Standardization } from "../../data/index.ts";
import { rowsOf } from "../../distances/index.ts";
import { UserError } from "../../errors.ts";
import type { Attack } from "../../inversion/attacks/attack.ts";
import { attacksOf } from "../../inversion/attacks/index.ts";
import type { Material } from "../../inversion/audit/material.ts";
import { type DefenceName, outputDefences, type TargetOptions, trainedDefences } from "../../inversion/audit/train.ts";
import type { Classifier } from "../../inversion/classifier.ts";
import { familyOf } from "../../inversion/families/index.ts";
import { discriminatorOf } from "../../inversion/files/discriminator.ts";
import type { Labelled } from "../../inversion/labelled.ts";
import { overlap } from "../../inversion/metrics/overlap.ts";
import { componentsPrior } from "../../inversion/pca.ts";
import { formatNumber } from "../../numbers.ts";
import type { Tensor } from "../../tensor/index.ts";
import { builtInSides } from "./built-in.ts";
import { readSides, type Sides, splitTest } from "./data.ts";
import { classNamed, loadClassifier, loadPrior, modelFile, numbersOf } from "./models.ts";
import type { auditOptions } from "./options.ts";

export type AuditOptions = z.infer<z.ZodObject<typeof auditOptions>>;

/** What is audited and how. */
export interface Problem extends Pick<AuditOptions, "samples" | "statedAccuracy"> {
  /** A discriminator of public data: the logit of being one, x [n, D] -> [n]. */
  readonly realism?: (x: Tensor) => Tensor;
  readonly material: Material;
  readonly owned?: Classifier;
  readonly training: TargetOptions;
  readonly attacks: readonly Attack[];
  /** "none" is the target as it is. */
  readonly models: readonly DefenceName[];
  /** Classes that are attacked, by number. */
  readonly attacked: readonly number[];
  /** Samples that could show a person, and private items: these always, but of built-in sets. */
  readonly blurred: { readonly samples: boolean; readonly items: boolean };
}

/** What was loaded: both sides, and the owner's classifier where there is one. */
export interface Loaded {
  readonly sides: Sides;
  readonly classifier?: Classifier;
  readonly realism?: (x: Tensor) => Tensor;
}

/** @throws UserError */
export async function loadAudit(given: AuditOptions & { readonly data?: string; readonly quick: boolean }): Promise<Loaded> {
  const { data, model, quick } = given;
  if (data !== undefined) {
    const stray = (["model", "private", "heldOut", "public"] as const).find((key) => given[key] !== undefined);
    if (stray)
      throw new UserError(`--data ${data} has a classifier and data of its own: leave --${stray === "heldOut" ? "held-out" : stray} out`);
    return { sides: await builtInSides(data, quick) };
  }
  if (model === undefined)
    throw new UserError(
      "an audit needs a classifier",
      "give it with --model, its data with --private and --public; or try pushforward audit --data digits",
    );
  if (!given.iOwnThisModel)
    throw new UserError(
      "an audit attacks a classifier: it is for those who own it",
      "if the model is yours, or its owner has asked you, say so with --i-own-this-model",
    );
  const classifier = await loadClassifier(given);
  const realism = given.discriminator
    ? await discriminatorOf(await modelFile(given.discriminator, "discriminator"), given.discriminator, classifier.input)
    : undefined;
  return { classifier, realism, sides: await readSides(given, classifier.input) };
}

/** Names with commas that are among some. @throws UserError */
export function defencesOf(text: string | undefined): DefenceName[] {
  const known: readonly DefenceName[] = [...trainedDefences, ...outputDefences];
  return (text ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "none")
    .map((name) => {
      const found = known.find((other) => other === name);
      if (found) return found;
      throw new UserError(`no defence "${name}"`, `there are ${known.filter((other) => other !== "none").join(", ")}`);
    });
}

/** Share of private items on which accuracies are measured, and fewest of a class. */
const [testShare, fewest] = [0.2, 10];

/** The private side: what is trained on, what was held out, and what measures. @throws UserError */
export function privateParts({ train: own, heldOut, title }: Pick<Sides, "train" | "heldOut" | "title">, rng: Random) {
  if (own.names.length < 2) throw new UserError(`${title}: a single class: there is nothing to tell apart`);
  const small = own.names.find((_, c) => own.y.filter((y) => y === c).length < fewest);
  if (small !== undefined) throw new UserError(`class ${small} has fewer than ${fewest} private items: nothing can be said of it`);
  // what measures is held out, if anything is: the classifier must not have seen it
  const { rest, test } = splitTest(heldOut ?? own, testShare, rng.fold("test"));
  return { classes: own.names, train: heldOut ? own : rest, test, ...(heldOut && { heldOut: rest }) };
}

/** Data, generator and what was decided about them. */
export async function materialOf(
  { sides, classifier }: Loaded,
  given: AuditOptions,
  rng: Random,
): Promise<{ readonly material: Material; readonly notes: readonly string[] }> {
  const { train: own, heldOut, input, publicRows: known, publicClasses, title } = sides;
  const parts = privateParts(sides, rng);
  const notes = [...sides.notes, ...(classifier ? classNotes(classifier, own.names) : [])];
  const scale = input.length === 3 ? undefined : scalingOf(known);
  const { duplicates, warnings } = await overlap(standardised(known, scale), standardised(own.x, scale));
  notes.push(...warnings);
  const repeated = new Set(duplicates.map(({ publicRow }) => publicRow));
  const kept = Array.from({ length: known.shape[0] }, (_, i) => i).filter((i) => !repeated.has(i));
  const publicRows = rowsOf(known, kept);
  if (publicRows.shape[0] < 20) throw new UserError(`${publicRows.shape[0]} public rows are left: too few to know anything by`);
  const prior =
    given.generator && classifier
      ? await loadPrior(given, classifier)
      : await principal(publicRows, input, given.latent, rng.fold("components"));
  notes.push(...prior.notes);
  if (!heldOut)
    notes.push(
      "no held-out items: the memorisation test is left out, and accuracies are measured on items that the classifier may have seen",
    );
  return {
    material: {
      ...{ title, input, publicRows, prior: prior.prior, ...parts },
      ...(publicClasses && { publicClasses: Int32Array.from(kept, (i) => publicClasses[i]) }),
      ...(input.length === 3 ? {} : { scaling: scalingOf(publicRows) }),
    },
    notes,
  };
}

/** Which class of the data is which of the classifier. @throws UserError  for another number of classes */
function classNotes({ name, classes }: Classifier, names: readonly string[]): string[] {
  if (classes.length !== names.length)
    throw new UserError(
      `${name} has ${classes.length} classes, and the private data ${names.length} (${names.slice(0, 8).join(", ")})`,
      "the private data must have an item of every class, in the order of their names",
    );
  if (names.every((n, k) => classes[k] === n)) return [];
  const pairs = names.slice(0, 6).map((n, k) => `${n} = ${classes[k]}`);
  return [`classes of the data, in the order of their names, are taken for those of ${name}: ${pairs.join(", ")}`];
}

async function principal(rows: Material["publicRows"], input: Shape, wanted: number, rng: Random) {
  const latent = Math.min(wanted, sizeOf(input), rows.shape[0] - 1);
  const { prior, share } = await componentsPrior(rows, input, latent, rng);
  return {
    prior,
    notes: [
      `no --generator: ${latent} principal components of the public data, ${formatNumber(100 * share)} % of their variance, make inputs`,
    ],
  };
}

/** Features in units of their deviations, so that none counts for its unit; pixels as they are. */
const standardised = (rows: Labelled["x"], scale: Standardization | undefined): Labelled["x"] =>
  scale
    ? { ...rows, data: rows.data.map((v, i) => (v - scale.mean[i % scale.mean.length]) / scale.deviation[i % scale.mean.length]) }
    : rows;

/** Mean and standard deviation of each feature. */
export function scalingOf({ data, shape: [m, D] }: Material["publicRows"]): Standardization {
  const [mean, deviation] = [new Float64Array(D), new Float64Array(D)];
  for (let i = 0; i < m * D; i++) mean[i % D] += data[i] / m;
  for (let i = 0; i < m * D; i++) deviation[i % D] += (data[i] - mean[i % D]) ** 2 / m;
  return { mean, deviation: deviation.map((v) => (v > 0 ? Math.sqrt(v) : 1)) };
}

export const targetOptionsOf = (
  given: Pick<AuditOptions, "network" | "width" | "trainSteps" | "batch" | "lr" | "epsilon">,
  quick: boolean,
): TargetOptions => ({
  ...{ kind: given.network, batch: given.batch, rate: given.lr, epsilon: given.epsilon },
  widths: given.network === "conv" ? [16, 32] : [given.width],
  steps: quick ? Math.min(given.trainSteps, 300) : given.trainSteps,
});

/** Classes with commas, or all. @throws UserError */
export function attackedClasses(text: string | undefined, names: readonly string[], source: string): number[] {
  if (text === undefined) return [...names.keys()];
  return [...new Set(text.split(",").map((name) => classNamed(name.trim(), { classes: names, name: source })))];
}

/** The attacks of the options. */
export function chosenAttacks(given: AuditOptions, quick: boolean): Attack[] {
  const gammas = numbersOf(given.gammas, "--gammas") ?? [];
  if (gammas.some((g) => g < 0)) throw new UserError(`--gammas ${given.gammas}: tempers are 0 or more`);
  const fewer = quick ? gammas.filter((_, k) => k % 3 === 2) : gammas;
  return attacksOf(given.attacks, {
    gammas: fewer.length > 0 ? fewer : gammas,
    effort: quick ? 0.2 : 1,
    family: (latent, stream) => familyOf(given.family, latent, stream, given),
    draws: given.draws,
    sharedNoise: given.layerNoise === "shared",
    steps: quick ? Math.min(given.steps, 300) : given.steps,
  });
}
