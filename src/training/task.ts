/** Data together with the problem that they pose. */
import type { Random } from "../array/index.ts";
import type { Corpus } from "../data/corpus.ts";
import { type Examples, type Split, splitRows } from "../data/examples.ts";
import { UserError } from "../errors.ts";
import { type ExampleProblem, exampleProblem, type Problem, textProblem } from "./problem.ts";

/** Labelled examples in three parts: a class or numbers are to be predicted. */
export interface ExampleTask {
  readonly examples: Examples;
  readonly split: Split;
  readonly problem: ExampleProblem;
}

/** A text: the next character is to be predicted. */
export interface TextTask {
  readonly corpus: Corpus;
  readonly problem: Problem;
}

/** What is learned from, and what is to be learned. */
export type Task = ExampleTask | TextTask;

/**
 * Examples split at random, and their problem.
 * @throws UserError  when a part would be empty
 */
export function exampleTask(examples: Examples, rng: Random, shares: Parameters<typeof splitRows>[2]): ExampleTask {
  const split = splitRows(examples, rng, shares);
  return { examples, split, problem: exampleProblem(examples, split) };
}

/**
 * A text in windows of `context` characters.
 * @throws UserError  when a part is shorter than a window
 */
export function textTask(corpus: Corpus, context: number): TextTask {
  const problem = textProblem(corpus, context);
  for (const part of ["train", "validation", "test"] as const)
    if (problem.count(part) < 1)
      throw new UserError(
        `${corpus.source}: the ${part} part has ${corpus[part].length} characters, fewer than a context of ${context}`,
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
export const dataNotes = (task: Task): DataNotes => ("examples" in task ? task.examples : { ...task.corpus, warnings: [] });
