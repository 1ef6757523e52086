/** The data of a training: what kind they are decides the problem and the network. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Random, randomStream } from "../../array/index.ts";
import type { Corpus, Examples, Split } from "../../data/index.ts";
import {
  builtInImages,
  builtInText,
  imageSetNames,
  readImageFolder,
  readTable,
  readText,
  splitRows,
  textNames,
  toExamples,
} from "../../data/index.ts";
import { nearest, UserError } from "../../errors.ts";
import * as nn from "../../nn/index.ts";
import { fromOnnx } from "../../onnx/index.ts";
import { configure } from "../../tensor/index.ts";
import { exampleProblem, type Problem, textProblem } from "../../training/index.ts";
import { version } from "../program.ts";
import type { CompareOptions, TrainOptions } from "../train.ts";

/** What a training and a comparison are both told. */
type JobOptions = TrainOptions | CompareOptions;

/** Data with the problem they pose. */
export type Loaded =
  | { readonly examples: Examples; readonly split: Split; readonly problem: ReturnType<typeof exampleProblem> }
  | { readonly corpus: Corpus; readonly problem: Problem };

const dataOf = (loaded: Loaded): { name: string; title: string; source: string; warnings: readonly string[] } =>
  "examples" in loaded ? loaded.examples : { ...loaded.corpus, warnings: [] };

/**
 * Reads the file, folder or built-in set and splits it.
 * @throws UserError
 */
async function load(file: string | undefined, options: JobOptions, rng: Random): Promise<Loaded> {
  if (file !== undefined && options.data !== undefined)
    throw new UserError(`give either a file or --data, not both (${file}, --data ${options.data})`);
  const names = [...imageSetNames, ...textNames];
  if (file === undefined && options.data === undefined)
    throw new UserError("no data: name a file, a folder or a built-in data set", `--data takes ${names.join(", ")}`);
  if (options.data !== undefined && !names.includes(options.data)) {
    const guess = nearest(options.data, names);
    throw new UserError(`no built-in data set "${options.data}"`, guess ? `did you mean "${guess}"?` : `there are ${names.join(", ")}`);
  }
  const corpus = await textOf(file, options.data);
  if (corpus) return { corpus, problem: checkedText(corpus, options.context) };
  const examples = await examplesOf(file, options);
  const train = options.trainRows ?? (options.quick ? 2000 : undefined);
  const split = splitRows(examples, rng, { validation: options.validation, test: options.test, train });
  return { examples, split, problem: exampleProblem(examples, split) };
}

async function textOf(file: string | undefined, data: string | undefined): Promise<Corpus | undefined> {
  if (data !== undefined) return textNames.includes(data) ? builtInText(data) : undefined;
  return file !== undefined && /\.(txt|text|md)$/i.test(file) ? readText(file) : undefined;
}

async function examplesOf(file: string | undefined, options: JobOptions): Promise<Examples> {
  if (file === undefined) return builtInImages(options.data!);
  if (!existsSync(file)) throw new UserError(`${file}: there is no such file or folder`, "check the path");
  if (statSync(file).isDirectory()) return readImageFolder(file, options.size);
  return toExamples(await readTable(file), basename(file), {
    target: options.target,
    features: options.features,
    task: options.task,
    dropMissing: options.dropMissing,
  });
}

function checkedText(corpus: Corpus, context: number): Problem {
  const problem = textProblem(corpus, context);
  for (const part of ["train", "validation", "test"] as const)
    if (problem.count(part) < 1)
      throw new UserError(
        `${corpus.source}: the ${part} part has ${corpus[part].length} characters, fewer than a context of ${context}`,
        "give a longer text or a smaller --context",
      );
  return problem;
}

const sizes = ["width", "depth", "heads", "patch"] as const;

/** Networks by name, for a problem. */
const networks: Record<string, { kinds: readonly Problem["kind"][]; make: (p: Problem, o: JobOptions) => nn.Network }> = {
  mlp: { kinds: ["classes", "numbers"], make: (p, o) => nn.mlpNetwork(p.input, p.outputs, pick(o)) },
  cnn: { kinds: ["classes", "numbers"], make: (p, o) => nn.cnn(p.input, p.outputs, pick(o)) },
  vgg: { kinds: ["classes", "numbers"], make: (p, o) => nn.vgg(p.input, p.outputs, pick(o)) },
  resnet: { kinds: ["classes", "numbers"], make: (p, o) => nn.resnet(p.input, p.outputs, pick(o)) },
  vit: { kinds: ["classes", "numbers"], make: (p, o) => nn.vit(p.input, p.outputs, pick(o)) },
  "transformer-lm": { kinds: ["text"], make: (p, o) => nn.transformerLm(p.outputs, p.input[0], pick(o)) },
};
const networkNames = Object.keys(networks);

const pick = (o: JobOptions): Record<string, number> =>
  Object.fromEntries(sizes.flatMap((key) => (o[key] === undefined ? [] : [[key, o[key]]])));

/** The network that `--model` names, or the natural one for the data; or a model file. */
async function networkFor(problem: Problem, options: JobOptions): Promise<{ name: string; network: nn.Network }> {
  const natural = problem.kind === "text" ? "transformer-lm" : problem.input.length === 3 ? "cnn" : "mlp";
  const name = options.model ?? natural;
  if (/\.onnx$/i.test(name)) return { name: basename(name), network: await modelFile(name, problem) };
  if (!Object.hasOwn(networks, name)) {
    const guess = nearest(name, networkNames);
    throw new UserError(
      `no network "${name}"`,
      guess ? `did you mean "${guess}"?` : `there are ${networkNames.join(", ")}, or the path of an .onnx file`,
    );
  }
  const { kinds, make } = networks[name];
  const needsImages = name !== "mlp" && name !== "transformer-lm";
  if (!kinds.includes(problem.kind) || (needsImages && problem.input.length !== 3))
    throw new UserError(`${name} is not for these data`, `try --model ${natural}`);
  return { name, network: make(problem, options) };
}

async function modelFile(path: string, problem: Problem): Promise<nn.Network> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  const model = fromOnnx(await readFile(path));
  const { shape, name } = model.inputs[0] ?? { shape: [], name: "" };
  const fixed = shape.slice(1);
  const fits = shape.length === problem.input.length + 1 && fixed.every((n, i) => typeof n === "string" || n === problem.input[i]);
  if (!fits)
    throw new UserError(`${path}: its input ${name} has shape [${shape.join(", ")}], the data have [batch, ${problem.input.join(", ")}]`);
  return nn.onnxNetwork(model);
}

/** Steps and examples a step that the options ask for, or that suit the data. */
function budgetOf(problem: Problem, options: JobOptions): { steps: number; batch: number } {
  const count = problem.count("train");
  const batch = Math.min(options.batch ?? (problem.kind === "text" ? 32 : 128), count);
  const natural = Math.min(2000, Math.max(1, 5 * Math.floor(count / batch)));
  return { batch, steps: options.steps ?? (options.quick ? Math.min(100, natural) : natural) };
}

/**
 * Data, network and budget of a training or a comparison, and what its configuration has of them.
 * @throws UserError
 */
export async function prepare(file: string | undefined, options: JobOptions) {
  if (options.threads) configure({ threads: options.threads });
  const rng = randomStream(options.seed).fold("train");
  const loaded = await load(file, options, rng.fold("split"));
  const { problem } = loaded;
  const budget = budgetOf(problem, options);
  const model = await networkFor(problem, options);
  const data = dataOf(loaded);
  const { out, json, quiet, overwrite, threads, ...chosen } = options;
  const config = { version: version(), dataset: data.name, source: data.source, ...chosen, model: model.name, ...budget };
  return { rng, loaded, problem, data, model, config, ...budget };
}
