/** What is to be learned: batches of the three parts of the data, a loss, and scores. */

import * as nd from "../array/index.ts";
import { allocate, type NdArray, type Shape, sizeOf, toNumbers } from "../array/index.ts";
import { type Examples, type Split, type Standardization, standardizationOf } from "../data/examples.ts";
import { UserError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** The parts of the data. */
export type Part = "train" | "validation" | "test";

/** Examples of one step. */
export interface Batch<T = NdArray> {
  readonly x: T;
  readonly y: T;
}

/** A supervised problem: data in three parts, a loss and a score. */
export interface Problem {
  readonly kind: "classes" | "numbers" | "text";
  /** Shape of one input. */
  readonly input: Shape;
  /** Where inputs are integers: how many there are. Of texts with a class the last is padding. */
  readonly symbols?: number;
  /** Numbers that the network puts out for an example, or a position. */
  readonly outputs: number;
  /** The score that is reported: higher is better for accuracy, lower for the others. */
  readonly score: "accuracy" | "rmse" | "bits a character";
  /** Examples in a part. */
  count(part: Part): number;
  /** Inputs and targets of some examples of a part. */
  batch(part: Part, rows: Int32Array): Batch;
  /** Mean loss of a batch: a negative log-likelihood per example (or per token), or half a mean square. */
  loss(outputs: Tensor, y: Tensor): Tensor;
  /** What the score is made of, for each example of the batch [n]: a hit or none, a mean square, or nats a token. */
  marks(outputs: Tensor, y: Tensor): Tensor;
  /** The score from the mean of the marks of a part, by default the test part. */
  scoreOf(mean: number, part?: Part): number;
}

/**
 * -log p(y) under softmax of the last axis; logits [..., K], classes [...].
 *
 * @param weights  of the classes [K]: the mean is Σ w_y (-log p(y)) / Σ w_y; absent: the mean over all
 */
export function crossEntropy(logits: Tensor, classes: Tensor, weights?: NdArray<"f32">): Tensor {
  const logLikelihood = t.takeAlong(t.logSoftmax(logits), classes.expandDims(-1), -1);
  if (!weights) return logLikelihood.mean().neg();
  const w = t.take(t.constant(weights), classes);
  return logLikelihood.squeeze(-1).mul(w).sum().div(w.sum()).neg();
}

const hitsOf = (logits: Tensor, classes: Tensor): Tensor => t.equal(t.argmax(logits, -1), classes).cast("f32");

/** Classes or numbers of examples. */
export interface ExampleProblem extends Problem {
  /** What inputs are standardised by; absent for tokens. */
  readonly scaling?: Standardization;
  /** What targets are standardised by; absent for classes. */
  readonly units?: Standardization;
}

/**
 * Classes or numbers from examples, standardised by the training part.
 * @param weights  of the classes in the loss [K]
 */
export const exampleProblem = (examples: Examples, split: Split, weights?: NdArray<"f32">): ExampleProblem =>
  examples.classes ? classProblem(examples, examples.classes.length, split, weights) : numberProblem(examples, split);

function classProblem(examples: Examples, count: number, split: Split, weights?: NdArray<"f32">): ExampleProblem {
  requireClasses(examples, count);
  const { inputsOf, ...inputs } = inputsFor(examples, split);
  return {
    ...inputs,
    kind: "classes",
    outputs: count,
    score: "accuracy",
    batch(part, rows) {
      const chosen = rows.map((i) => split[part][i]);
      const classes = chosen.map((i) => Number(examples.targets.data[i]));
      return { x: inputsOf(chosen), y: nd.ndarray(classes, [rows.length], "i32") };
    },
    loss: (logits, y) => crossEntropy(logits, y, weights),
    marks: hitsOf,
    scoreOf: (hits) => hits,
  };
}

function numberProblem(examples: Examples, split: Split): ExampleProblem {
  const { inputsOf, ...inputs } = inputsFor(examples, split);
  const { data, shape } = examples.targets;
  const k = shape[1];
  const units = standardizationOf(
    { inputs: { ...examples.targets, dtype: "f64", data: Float64Array.from(toNumbers(examples.targets)) } },
    split.train,
  );
  const mean = (values: Float64Array): number => values.reduce((s, v) => s + v, 0) / values.length;
  return {
    ...inputs,
    units,
    kind: "numbers",
    outputs: k,
    score: "rmse",
    batch(part, rows) {
      const chosen = rows.map((i) => split[part][i]);
      const y = allocate("f32", [rows.length, k]);
      for (let i = 0; i < rows.length; i++)
        for (let j = 0; j < k; j++) y.data[i * k + j] = (Number(data[chosen[i] * k + j]) - units.mean[j]) / units.deviation[j];
      return { x: inputsOf(chosen), y };
    },
    loss: (outputs, y) => outputs.sub(y).square().sum(1).mean().mul(0.5),
    marks: (outputs, y) => outputs.sub(y).square().mean(1),
    // in units of the targets; one number for several outputs is the root mean square of all, each in its own standard deviation
    scoreOf: (squares) => Math.sqrt(squares) * (k === 1 ? mean(units.deviation) : 1),
  };
}

/** Inputs of any rows of the data: tokens as they are, features and pixels standardised. */
const inputsFor = (examples: Examples, split: Split) =>
  examples.text ? tokenInputs(examples, examples.text.pad, split) : standardizedInputs(examples, split);

function tokenInputs({ inputs: { data, shape } }: Examples, pad: number, split: Split) {
  const length = shape[1];
  const inputsOf = (rows: Int32Array): NdArray<"i32"> => {
    const x = allocate("i32", [rows.length, length]);
    for (let i = 0; i < rows.length; i++) for (let j = 0; j < length; j++) x.data[i * length + j] = Number(data[rows[i] * length + j]);
    return x;
  };
  return { input: [length], symbols: pad + 1, scaling: undefined, count: (part: Part) => split[part].length, inputsOf };
}

/** Inputs of any rows of the data, each channel in its standard deviation over the training part. */
function standardizedInputs(examples: Examples, split: Split) {
  const { data, shape } = examples.inputs;
  const input = shape.slice(1);
  const scaling = standardizationOf(examples, split.train);
  const size = sizeOf(input);
  const positions = sizeOf(input.slice(1));
  const inputsOf = (rows: Int32Array): NdArray<"f32"> => {
    const x = allocate("f32", [rows.length, ...input]);
    for (let i = 0; i < rows.length; i++)
      for (let c = 0, at = i * size, from = rows[i] * size; c < input[0]; c++) {
        const [mean, factor] = [scaling.mean[c], 1 / scaling.deviation[c]];
        for (let p = 0; p < positions; p++) x.data[at++] = (Number(data[from++]) - mean) * factor;
      }
    return x;
  };
  return { input, scaling, count: (part: Part) => split[part].length, inputsOf };
}

function requireClasses({ targets, source }: Examples, count: number): void {
  const bad = (targets.data as Int32Array).findIndex((c) => c < 0 || c >= count);
  if (bad >= 0) throw new UserError(`${source}: example ${bad} has class ${targets.data[bad]}, of ${count} classes from 0`);
}
