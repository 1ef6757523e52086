/** Data together with the problem that they pose. */
import { type NdArray, ndarray, type Random } from "../array/index.ts";
import type { Corpus } from "../data/corpus.ts";
import { type Examples, type Split, splitRows } from "../data/examples.ts";
import { type LabelledTexts, tokenizedExamples } from "../data/labelled-texts.ts";
import { list } from "../data/table.ts";
import { UserError } from "../errors.ts";
import { type ExampleProblem, exampleProblem, type Problem } from "./problem.ts";
import { textProblem } from "./text-problem.ts";

/** Labelled examples in three parts: a class or numbers are to be predicted. */
export interface ExampleTask {
  readonly examples: Examples;
  readonly split: Split;
  readonly problem: ExampleProblem;
}

/** A text: the next token is to be predicted. */
export interface TextTask {
  readonly corpus: Corpus;
  readonly problem: Problem;
}

/** What is learned from, and what is to be learned. */
export type Task = ExampleTask | TextTask;

/**
 * Examples split at random, and their problem.
 *
 * @param classWeights  weights of the classes in the loss: see `weightsOfClasses`
 * @throws UserError  when a part would be empty
 */
export function exampleTask(examples: Examples, rng: Random, shares: Parameters<typeof splitRows>[2], classWeights?: string): ExampleTask {
  const split = splitRows(examples, rng, shares);
  const weights = classWeights === undefined ? undefined : weightsOfClasses(examples, split, classWeights);
  return { examples, split, problem: exampleProblem(examples, split, weights) };
}

/**
 * Texts split at random, their tokens (see `tokenizedExamples`), and their problem.
 * @throws UserError  when a part would be empty
 */
export function labelledTextTask(
  texts: LabelledTexts,
  rng: Random,
  shares: Parameters<typeof splitRows>[2],
  options: Parameters<typeof tokenizedExamples>[2],
  classWeights?: string,
): ExampleTask {
  const split = splitRows(texts, rng, shares);
  const examples = tokenizedExamples(texts, split, options);
  const weights = classWeights === undefined ? undefined : weightsOfClasses(examples, split, classWeights);
  return { examples, split, problem: exampleProblem(examples, split, weights) };
}

/**
 * Weights of the classes from text: "balanced" (n / (K n_c) over the training part, so that every class counts alike), or
 * "yes=5,no=1" with 1 for those that are not named.
 * @throws UserError
 */
export function weightsOfClasses({ classes, targets, source }: Examples, { train }: Split, text: string): NdArray<"f32"> {
  if (!classes) throw new UserError(`--class-weights ${text}: ${source} has numbers to predict, not classes`);
  const weights = new Float32Array(classes.length).fill(1);
  if (text === "balanced") {
    const counts = new Array<number>(classes.length).fill(0);
    for (const row of train) counts[Number(targets.data[row])]++;
    return ndarray(
      Float32Array.from(counts, (n) => (n === 0 ? 0 : train.length / (classes.length * n))),
      [classes.length],
      "f32",
    );
  }
  for (const part of text.split(",")) {
    const at = part.lastIndexOf("=");
    const [name, weight] = [part.slice(0, at).trim(), Number(part.slice(at + 1))];
    const index = classes.indexOf(name);
    if (at < 0 || !(weight > 0 && Number.isFinite(weight)))
      throw new UserError(`--class-weights ${text}: "${part.trim()}" is not of the form class=weight`, 'or say "balanced"');
    if (index < 0) throw new UserError(`--class-weights: no class "${name}"`, `the classes are ${list(classes)}`);
    weights[index] = weight;
  }
  return ndarray(weights, [classes.length], "f32");
}

/**
 * A text in windows of `context` tokens.
 * @throws UserError  when a part is shorter than a window
 */
export function textTask(corpus: Corpus, context: number): TextTask {
  const problem = textProblem(corpus, context);
  for (const part of ["train", "validation", "test"] as const)
    if (problem.count(part) < 1)
      throw new UserError(
        `${corpus.source}: the ${part} part has ${corpus[part].length} ${corpus.tokenizer ? "tokens" : "characters"}, fewer than a context of ${context}`,
        "give a longer text or a smaller --context",
      );
  return { corpus, problem };
}

/** Where the data are from, for titles and reports. */
export interface DataNotes {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly warnings: readonly string[];
}

/** Name, title and source of the data, and what their reader warned of. */
export const dataNotes = (task: Task): DataNotes => ("examples" in task ? task.examples : task.corpus);
