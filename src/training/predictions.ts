/** What a trained network says about the test part. */
import { type NdArray, ndarray, type Random, toNumbers } from "../array/index.ts";
import { type Corpus, textOf } from "../data/corpus.ts";
import { type Table, table } from "../data/table.ts";
import { bytePairTokenizer } from "../tokenizers/byte-pair.ts";
import type { SupervisedLearner, SupervisedState } from "./supervised.ts";
import type { ExampleTask } from "./task.ts";

/** One entry for each test example. */
export interface Predictions {
  /** Classes, or numbers in their units. */
  readonly truth: number[];
  readonly guess: number[];
  /** Of the class that the network says; empty where numbers are predicted. */
  readonly probability: number[];
}

/** Rows of one run of the network. */
const chunk = 256;

/** For each test example the class or the first number. */
export async function predictions(
  { examples, problem, split }: ExampleTask,
  trainer: Pick<SupervisedLearner, "predict">,
  state: SupervisedState,
): Promise<Predictions> {
  const truth: number[] = [];
  const guess: number[] = [];
  const probability: number[] = [];
  const { units } = problem;
  for (let at = 0; at < split.test.length; at += chunk) {
    const rows = Int32Array.from({ length: Math.min(chunk, split.test.length - at) }, (_, i) => at + i);
    const out = await trainer.predict(state, problem.batch("test", rows).x);
    const k = out.shape[1];
    const values = toNumbers(out);
    for (const [i, row] of rows.entries()) {
      const from = split.test[row];
      const scores = values.slice(i * k, (i + 1) * k);
      if (units) {
        truth.push(Number(examples.targets.data[from * k]));
        guess.push(scores[0] * units.deviation[0] + units.mean[0]);
        continue;
      }
      const best = scores.reduce((m, v, c) => (v > scores[m] ? c : m), 0);
      truth.push(Number(examples.targets.data[from]));
      guess.push(best);
      probability.push(1 / scores.reduce((s, v) => s + Math.exp(v - scores[best]), 0));
    }
  }
  return { truth, guess, probability };
}

/** The name of the number that is predicted. */
export const outputName = ({ examples }: ExampleTask): string => examples.outputs?.[0] ?? "y";

/** One row for each test example: its row in the data, the truth, the prediction, and the probability of a predicted class. */
export function predictionTable(task: ExampleTask, { truth, guess, probability }: Predictions): Table {
  const { classes } = task.examples;
  const row = { name: "row", values: Float64Array.from(task.split.test) };
  if (!classes)
    return table("predictions", [
      row,
      { name: outputName(task), values: Float64Array.from(truth) },
      { name: "predicted", values: Float64Array.from(guess) },
    ]);
  return table("predictions", [
    row,
    { name: "class", values: truth.map((c) => classes[c]) },
    { name: "predicted", values: guess.map((c) => classes[c]) },
    { name: "probability", values: Float64Array.from(probability) },
  ]);
}

/** A test text that the network puts into a wrong class. */
export interface TextMistake {
  readonly text: string;
  readonly truth: string;
  readonly guess: string;
  readonly probability: number;
}

/** The test texts, as far as they are read, that the network puts into a wrong class with the highest probability; at most so many. */
export function textMistakes({ examples, split }: ExampleTask, { truth, guess, probability }: Predictions, most = 12): TextMistake[] {
  const { text, classes, inputs } = examples;
  if (!text || !classes) return [];
  const { decode } = bytePairTokenizer(text.tokenizer);
  const tokensOf = (row: number): number[] =>
    Array.from(inputs.data.subarray(row * text.length, (row + 1) * text.length), Number).filter((v) => v < text.pad);
  const wrong = truth.flatMap((c, i) => (c === guess[i] ? [] : [i])).sort((a, b) => probability[b] - probability[a]);
  return wrong.slice(0, most).map((i) => ({
    text: decode(tokensOf(split.test[i])),
    truth: classes[truth[i]],
    guess: classes[guess[i]],
    probability: probability[i],
  }));
}

/**
 * A text that goes on from the first characters of the validation part: each next token is drawn from its probabilities, as the
 * largest of logits with Gumbel noise.
 *
 * @param context  tokens that the network sees
 * @param length  tokens to draw
 */
export async function sampleText(
  corpus: Pick<Corpus, "vocabulary" | "tokenizer" | "validation">,
  trainer: Pick<SupervisedLearner, "predict">,
  state: SupervisedState,
  context: number,
  rng: Random,
  length = 400,
): Promise<string> {
  const k = corpus.vocabulary.length;
  const tokens = Array.from(corpus.validation.slice(0, Math.min(context, 16)));
  const gumbel = rng.gumbel([length, k]).data;
  for (let i = 0; i < length; i++) {
    const seen = tokens.slice(-context);
    const x: NdArray<"i32"> = ndarray(new Int32Array(context), [1, context], "i32");
    x.data.set(seen);
    const logits = toNumbers(await trainer.predict(state, x)).slice((seen.length - 1) * k, seen.length * k);
    tokens.push(logits.reduce((m, v, c) => (v + gumbel[i * k + c] > logits[m] + gumbel[i * k + m] ? c : m), 0));
  }
  return textOf(corpus, tokens);
}
