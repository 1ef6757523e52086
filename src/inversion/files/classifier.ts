/** Classifiers from ONNX files, tried before anything is computed with them. */
import { type NdArray, randomStream, type Shape, sizeOf, toNumbers } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type OnnxModel, steadyOutputs } from "../../onnx/index.ts";
import { concat, constant, log, maximum, sub, type Tensor } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";
import { rowShape, rowsFunction, trials } from "./rows.ts";

/** What is to be known of a classifier besides its file. */
export interface ClassifierFileOptions {
  readonly path: string;
  /** What its output is; default: what the file or its range tells. */
  readonly output?: "logits" | "probabilities";
  /** What the model subtracts from each channel or feature, and divides by, in units of the data. */
  readonly mean?: readonly number[];
  readonly deviation?: readonly number[];
  /** Pixels in [0, 1] are multiplied by this first; 255 for models of bytes. */
  readonly scale?: number;
  /** Whether the model's channels are the reverse of ours (BGR). */
  readonly reversed?: boolean;
  /** Rows on which it is tried, [n, D], n > 8; default draws of N(0, I). */
  readonly rows?: NdArray;
}

/**
 * A classifier of a file. One output for a row is the logit, or the probability, of the second of two classes.
 * @throws UserError
 */
export async function classifierOf(model: OnnxModel, options: ClassifierFileOptions): Promise<Classifier> {
  const { path } = options;
  const input = rowShape(model, path, "a classifier");
  const own = rowsFunction(model, input);
  const prepare = preprocessing(input, options);
  const raw = (x: Tensor): Tensor => own(prepare(x));
  const size = sizeOf(input);
  const rows = options.rows ?? randomStream(0).fold("classifier").normal([trials, size]);
  if (rows.shape[1] !== size)
    throw new UserError(
      `${path}: the classifier takes ${size} numbers a row ([${input.join(", ")}]), the data have ${rows.shape[1]}`,
      "give data as this model was trained on: pictures of its size, or tables with its columns",
    );
  const outputs = await steadyOutputs(raw, rows, { path, what: "the classifier", rows: "inputs", one: "one of the inputs" });
  const columns = outputs.shape[1];
  const kind = kindOf(outputs, options, model.metadata);
  const names = namesOf(model, Math.max(2, columns), path);
  const logits = (x: Tensor): Tensor => {
    const y = raw(x);
    if (columns > 1) return kind === "logits" ? y : logProbability(y);
    // one output: that of the second class
    return kind === "logits" ? concat([y.mul(0), y], 1) : concat([logProbability(sub(1, y)), logProbability(y)], 1);
  };
  return { name: path, classes: names, input, logits };
}

/** Probabilities below count as this: the smallest normal number of f32. */
const leastProbability = 2 ** -126;

/** log p. Where p is a softmax or sigmoid of the file, the engine takes its logarithm before it underflows; else p is kept above 0. */
function logProbability(p: Tensor): Tensor {
  const found = log(p);
  return found.node.primitive === log.primitive ? log(maximum(p, leastProbability)) : found;
}

/** Inputs as the model wants them. @throws UserError  for another number of channels */
function preprocessing(input: Shape, { path, mean, deviation, scale = 1, reversed }: ClassifierFileOptions): (x: Tensor) => Tensor {
  const [channels, ...rest] = input;
  const positions = sizeOf(rest);
  const each = (values: readonly number[] | undefined, name: string, none: number): Tensor => {
    const found = values ?? [none];
    if (found.length !== 1 && found.length !== channels)
      throw new UserError(
        `${path}: ${found.length} numbers in ${name} for ${channels} ${rest.length > 0 ? "channels" : "features"}`,
        `give one for each, or one for all: ${name} ${none}`,
      );
    const wrong = found.find((v) => !Number.isFinite(v) || (name === "--std" && v <= 0));
    if (wrong !== undefined)
      throw new UserError(
        `${path}: ${wrong} in ${name}`,
        name === "--std" ? "inputs are divided by it: give positive numbers" : "give finite numbers",
      );
    const all = Float32Array.from({ length: channels }, (_, c) => found[found.length === 1 ? 0 : c]);
    return constant({ data: all, shape: [1, channels, 1], dtype: "f32" });
  };
  const [shift, divisor] = [each(mean, "--mean", 0), each(deviation, "--std", 1)];
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new UserError(`${path}: a --scale of ${scale}`, "pixels are multiplied by it: 255 for models of bytes, 1 for others");
  const plain = !mean && !deviation && scale === 1;
  if (plain && !reversed) return (x) => x;
  return (x) => {
    const planes = x.reshape([x.shape[0], channels, positions]);
    const turned = reversed
      ? concat(
          Array.from({ length: channels }, (_, c) => planes.slice([], [channels - 1 - c, channels - c])),
          1,
        )
      : planes;
    const scaled = turned.mul(scale).sub(shift.cast(x.dtype)).div(divisor.cast(x.dtype));
    return scaled.reshape([x.shape[0], channels * positions]);
  };
}

/** How far probabilities of a row may add up to something else than 1. */
const rounding = 1e-3;

/** Logits or probabilities: as told, or by their range. @throws UserError  with the first row that is neither */
function kindOf(
  outputs: NdArray,
  { path, output }: ClassifierFileOptions,
  metadata: Readonly<Record<string, string>>,
): "logits" | "probabilities" {
  const [n, K] = outputs.shape;
  const values = toNumbers(outputs);
  const row = (i: number): number[] => values.slice(i * K, (i + 1) * K);
  const isDistribution = (p: readonly number[]): boolean =>
    p.every((v) => v >= 0 && v <= 1) && (K === 1 || Math.abs(p.reduce((a, b) => a + b, 0) - 1) < rounding);
  const all = Array.from({ length: n }, (_, i) => row(i));
  const bad = all.find((p) => !isDistribution(p));
  const shown = (p: readonly number[]): string =>
    `[${p
      .slice(0, 5)
      .map((v) => v.toPrecision(4))
      .join(", ")}${K > 5 ? ", …" : ""}]`;
  const found = bad ? "logits" : "probabilities";
  const said = output ?? (metadata.output === "logits" ? "logits" : undefined);
  if (said === "probabilities" && bad)
    throw new UserError(`${path}: ${shown(bad)} are no probabilities: they do not add up to 1`, "logits? use --output logits");
  if (said === "logits" && !bad)
    throw new UserError(
      `${path}: the outputs of all ${n} rows that were tried lie in [0, 1] and add up to 1: these are probabilities, not logits`,
      "use --output probabilities, or export the model without its last softmax",
    );
  const unit = bad?.some((v) => v > 0 && v < 1) && all.every((p) => p.every((v) => v >= 0 && v <= 1));
  if (!said && unit)
    throw new UserError(
      `${path}: outputs lie in [0, 1] but do not add up to 1 (${shown(bad ?? [])}): several labels at once, or logits by chance?`,
      "say --output logits if they are logits; a model with a sigmoid for each class is no classifier of one class",
    );
  return said ?? found;
}

function namesOf({ metadata }: OnnxModel, K: number, path: string): string[] {
  if (metadata.classes === undefined) return Array.from({ length: K }, (_, k) => String(k));
  const names = listOf(metadata.classes);
  if (!names || names.length !== K)
    throw new UserError(
      `${path}: the file names ${names ? names.length : "no list of"} classes and gives ${K} outputs`,
      'its metadata "classes" is a list of names in JSON, one for each output; leave it out for numbers',
    );
  return names.map(String);
}

/** A list in JSON; undefined for all else. */
function listOf(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
