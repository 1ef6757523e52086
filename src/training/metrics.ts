/** What is asked of a classifier besides its accuracy, and what is reached without learning. */
import { toNumbers } from "../array/index.ts";
import type { Corpus } from "../data/corpus.ts";
import type { Predictions } from "./predictions.ts";
import type { Task } from "./task.ts";
import { tokensACharacter } from "./text-problem.ts";

/** Scores of predicted classes that an unbalanced test part cannot flatter. */
export interface ClassScores {
  /** Mean over the classes of the share that is found (recall). */
  readonly balancedAccuracy: number;
  /** F1 = 2 TP / (2 TP + FP + FN): of the rarer class of two, else the mean over the classes. */
  readonly f1: number;
  /** The class that F1 is of, where there are two. */
  readonly positive?: string;
  /** Two classes: the probability that an example of one gets a higher score for it than one of the other (ties count half). */
  readonly auc?: number;
  /** How far the probability that is said of the predicted class lies from how often it is right: see `calibrationError`. */
  readonly calibrationError: number;
}

/** Scores over the classes that the test part has. */
export function classScores(classes: readonly string[], { truth, guess, probability }: Predictions): ClassScores {
  const k = classes.length;
  const [hits, real, said] = [0, 0, 0].map(() => new Array<number>(k).fill(0));
  for (const [i, c] of truth.entries()) {
    real[c]++;
    said[guess[i]]++;
    if (guess[i] === c) hits[c]++;
  }
  const there = classes.flatMap((_, c) => (real[c] > 0 ? [c] : []));
  const mean = (f: (c: number) => number): number => there.reduce((s, c) => s + f(c), 0) / there.length;
  const f1 = (c: number): number => (2 * hits[c]) / (real[c] + said[c]);
  const balancedAccuracy = mean((c) => hits[c] / real[c]);
  const calibration = calibrationError(
    probability,
    truth.map((c, i) => c === guess[i]),
  );
  if (k !== 2 || there.length < 2) return { balancedAccuracy, f1: mean(f1), calibrationError: calibration };
  const positive = real[0] < real[1] ? 0 : 1;
  const score = guess.map((g, i) => (g === positive ? probability[i] : 1 - probability[i]));
  return {
    balancedAccuracy,
    f1: f1(positive),
    positive: classes[positive],
    auc: areaUnderCurve(
      score,
      truth.map((c) => c === positive),
    ),
    calibrationError: calibration,
  };
}

/** Bins of probabilities. */
const bins = 10;

/**
 * Expected calibration error: Σ_b n_b / n |share of hits in b - mean probability in b| over ten bins of equal width.
 * @source  Guo et al., ICML 2017, eq. 5
 */
export function calibrationError(probability: readonly number[], hits: readonly boolean[]): number {
  const excess = new Array<number>(bins).fill(0);
  for (const [i, p] of probability.entries()) excess[Math.min(bins - 1, Math.floor(p * bins))] += Number(hits[i]) - p;
  return excess.reduce((sum, e) => sum + Math.abs(e), 0) / probability.length;
}

/**
 * Area under the receiver operating characteristic, by the ranks of the scores: U / (n₊ n₋).
 * @source  Mann & Whitney, Annals of Mathematical Statistics 18 (1947)
 */
export function areaUnderCurve(score: readonly number[], positive: readonly boolean[]): number {
  const order = score.map((_, i) => i).sort((a, b) => score[a] - score[b]);
  let ranks = 0;
  for (let at = 0; at < order.length; ) {
    let end = at;
    while (end < order.length && score[order[end]] === score[order[at]]) end++;
    const middle = (at + end + 1) / 2; // ties share the mean of their ranks at + 1 .. end
    for (let i = at; i < end; i++) if (positive[order[i]]) ranks += middle;
    at = end;
  }
  const n = positive.filter(Boolean).length;
  return (ranks - (n * (n + 1)) / 2) / (n * (positive.length - n));
}

/** What is reached without looking at the inputs. */
export interface Baseline {
  readonly name: string;
  /** On the test part, in the unit of the problem. */
  readonly score: number;
}

/** The commonest class of the training part, its mean, or its frequencies of characters: scored on the test part. */
export function baselineOf(task: Task): Baseline {
  if ("corpus" in task)
    return { name: `frequencies of ${task.corpus.tokenizer ? "tokens" : "characters"} alone`, score: unigramBits(task.corpus) };
  const { examples, split } = task;
  const values = toNumbers(examples.targets);
  if (examples.classes) {
    const counts = new Array<number>(examples.classes.length).fill(0);
    for (const row of split.train) counts[values[row]]++;
    const most = counts.indexOf(Math.max(...counts));
    const share = split.test.reduce((n, row) => n + Number(values[row] === most), 0) / split.test.length;
    return { name: `always "${examples.classes[most]}"`, score: share };
  }
  // as the score is defined: in units of the target, or of several outputs each in its own deviation over the training part
  const k = examples.targets.shape[1];
  const errors = Array.from({ length: k }, (_, j) => {
    const mean = split.train.reduce((s, row) => s + values[row * k + j], 0) / split.train.length;
    // by hypot, whose squares do not overflow
    const around = (rows: Int32Array): number =>
      rows.reduce((s, row) => Math.hypot(s, values[row * k + j] - mean), 0) / Math.sqrt(rows.length);
    return around(split.test) / (k === 1 ? 1 : around(split.train));
  });
  return { name: "always the mean", score: Math.hypot(...errors) / Math.sqrt(k) };
}

/** Bits a character under the frequencies of the training part, each counted once more than seen. */
function unigramBits(corpus: Corpus): number {
  const { vocabulary, train, test } = corpus;
  const counts = new Array<number>(vocabulary.length).fill(1);
  for (const c of train) counts[c]++;
  const total = train.length + vocabulary.length;
  return (-test.reduce((s, c) => s + Math.log2(counts[c] / total), 0) / test.length) * tokensACharacter(corpus, test);
}
