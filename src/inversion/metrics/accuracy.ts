/** How often samples of a class are taken for it by an evaluator that had no part in the attack. */
import { rowwise } from "../../distances/index.ts";
import { topK } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";
import type { Labelled } from "../labelled.ts";
import { type Bounded, meanOf, type Proportion, wilson } from "./intervals.ts";
import { neighbourClasses } from "./nearest.ts";
import { rowsWith } from "./rows.ts";

/** Shares of hits by class, and over the classes. */
export interface Shares {
  /** Of each class that has samples; `class` counts from 0. */
  readonly classes: readonly (Proportion & { readonly class: number })[];
  /** Each class counts alike. */
  readonly mean: Bounded;
  /** The class that leaks most: the owner's worst. */
  readonly worst: Proportion & { readonly class: number };
}

/** Attack accuracy. */
export interface AttackAccuracy {
  readonly top1: Shares;
  /** Among the five classes of most probability; none for five classes or fewer, where it is 1 always. */
  readonly top5?: Shares;
}

/** Classes of most probability that count. */
const best = 5;

/** Whether each sample's class is among the most probable ones of a classifier, 1 or 0: compiled once. */
export function hitsAmong(classifier: Classifier, places: number): (samples: Labelled) => Promise<Uint8Array> {
  const k = Math.min(places, classifier.classes.length);
  const tops = rowwise((x) => topK(classifier.logits(x), k).indices);
  return async ({ x, y }) => {
    const found = (await tops(x)).data;
    return Uint8Array.from(y, (c, i) => Number(found.subarray(i * k, (i + 1) * k).includes(c)));
  };
}

/** Attack accuracy by a network. @returns  of samples of at least one class, y the class that was attacked */
export function attackAccuracy(evaluator: Classifier): (samples: Labelled) => Promise<AttackAccuracy> {
  const [first, among] = [hitsAmong(evaluator, 1), hitsAmong(evaluator, best)];
  return async (samples) => ({
    top1: shares(samples.y, await first(samples)),
    ...(evaluator.classes.length > best ? { top5: shares(samples.y, await among(samples)) } : {}),
  });
}

/** Attack accuracy by the k nearest private items; samples and items in one space of features. */
export async function neighbourAccuracy(samples: Labelled, real: Labelled, k = 5): Promise<Shares> {
  const found = await neighbourClasses(samples.x, real, k);
  return shares(
    samples.y,
    Uint8Array.from(found, (c, i) => Number(c === samples.y[i])),
  );
}

function shares(y: Int32Array, hits: Uint8Array): Shares {
  const classes = [...new Set(y)]
    .toSorted((a, b) => a - b)
    .map((c) => {
      const rows = rowsWith(y, c);
      return { class: c, ...wilson(rows.filter((i) => hits[i]).length, rows.length) };
    });
  return { classes, mean: meanOf(classes), worst: classes.reduce((a, b) => (b.value > a.value ? b : a)) };
}
