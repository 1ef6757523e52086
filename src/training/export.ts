/** Trained networks as files. */
import * as nd from "../array/index.ts";
import { flatten, isArrayLeaf, leafPaths, type NdArray, writeSafetensors } from "../array/index.ts";
import type { Corpus } from "../data/corpus.ts";
import type { Standardization } from "../data/examples.ts";
import { type CausalParameters, type Network, writeLanguageModel } from "../nn/index.ts";
import { toOnnx } from "../onnx/index.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import type { BytePairFile } from "../tokenizers/byte-pair.ts";
import type { TokenizerDescription } from "../tokenizers/index.ts";
import type { SupervisedState } from "./supervised.ts";
import type { Task, TextTask } from "./task.ts";

/** Parameters and statistics by their names, as a safetensors file. */
export function exportWeights({ params, stats }: SupervisedState): Uint8Array<ArrayBuffer> {
  const { leaves, structure } = flatten({ params, stats }, isArrayLeaf);
  const names = leafPaths(structure);
  return writeSafetensors(Object.fromEntries(names.map((name, i) => [name, leaves[i] as NdArray]))) as Uint8Array<ArrayBuffer>;
}

/**
 * An ONNX model that takes inputs as the data have them (pixels 0 to 255, features in their units, characters by number) and gives
 * probabilities, numbers in their units, or logits of the next character. Its metadata name features and classes, and how a table becomes
 * features (encodings).
 *
 * @param producer  the program that made it
 */
export function exportModel(task: Task, network: Network, state: Pick<SupervisedState, "params" | "stats">, producer: string): Uint8Array {
  const { problem } = task;
  const double = "examples" in task && task.problem.scaling !== undefined && needsDouble(task.problem.scaling);
  const program = (x: Tensor): Tensor => {
    const [params, stats] = [state.params, state.stats].map((tree) => nd.mapTree<object>((a: NdArray) => t.constant(a), tree));
    if ("corpus" in task) return network.apply(params, stats, x, false).y;
    const { scaling, units } = task.problem;
    const y = network.apply(params, stats, scaling ? standardised(x, scaling, double ? "f64" : "f32") : x, false).y;
    return units ? y.mul(channels(units.deviation, 1, "f32")).add(channels(units.mean, 1, "f32")) : t.softmax(y);
  };
  const input = nd.allocate(problem.symbols !== undefined ? "i32" : double ? "f64" : "f32", [1, ...problem.input]);
  const options = {
    inputNames: ["x"],
    outputNames: [problem.kind === "classes" ? "probabilities" : problem.kind === "text" ? "logits" : "y"],
    metadata: { producer, ...describeOutputs(task) },
  };
  // a model file that was trained further may be made for a fixed number of rows
  try {
    return toOnnx(program, [input], { ...options, anyRows: true });
  } catch {
    return toOnnx(program, [input], options);
  }
}

function standardised(x: Tensor, { mean, deviation }: Standardization, dtype: "f32" | "f64"): Tensor {
  const [m, d] = [mean, deviation].map((v) => channels(v, x.rank - 1, dtype));
  return x.sub(m).div(d).cast("f32");
}

/**
 * A language model with its tokenizer as one safetensors file, from which it is sampled and steered.
 * @returns  undefined for another network than a causal transformer
 */
export function exportLanguageModel(
  { corpus }: TextTask,
  { causal }: Network,
  { params }: Pick<SupervisedState, "params">,
): Uint8Array | undefined {
  if (!causal) return undefined;
  return writeLanguageModel({ config: causal, params: params as CausalParameters<NdArray>, tokenizer: describeTokenizer(corpus) });
}

function describeTokenizer({ vocabulary, tokenizer }: Corpus): TokenizerDescription {
  if (!tokenizer) return { kind: "characters", vocabulary: [...vocabulary] };
  const end = tokenizer.added_tokens[0]?.id;
  return { kind: "huggingface", tokenizer: { ...tokenizer }, ...(end !== undefined && { start: end, end }) };
}

/** One number a channel, in front of `rank - 1` axes. */
const channels = (v: Float64Array, rank: number, dtype: "f32" | "f64"): NdArray =>
  nd.ndarray(dtype === "f64" ? Float64Array.from(v) : Float32Array.from(v), [v.length, ...new Array<number>(rank - 1).fill(1)], dtype);

/** Would a feature in f32 be wrong by more than a thousandth of its deviation? Then the model takes f64. */
const needsDouble = ({ mean, deviation }: Standardization): boolean =>
  mean.some((m, c) => Math.abs(m) * 2 ** -24 > 1e-3 * deviation[c] || Math.abs(m) + deviation[c] > 1e37);

function describeOutputs(task: Task): Record<string, string> {
  if ("corpus" in task) {
    const { vocabulary, tokenizer } = task.corpus;
    return { vocabulary: JSON.stringify(vocabulary), ...(tokenizer && { tokenizer: JSON.stringify(describeTokenizer(task.corpus)) }) };
  }
  const { classes, outputs, features, encodings, text, target = "" } = task.examples;
  return {
    ...(text && { tokenizer: tokenizerJson(text.tokenizer), tokens: `${text.length}`, pad: `${text.pad}`, text: text.column, target }),
    features: JSON.stringify(features),
    ...(encodings && { encodings: JSON.stringify(encodings), target }),
    ...(classes ? { classes: JSON.stringify(classes) } : { outputs: JSON.stringify(outputs) }),
  };
}

/** The tokenizer as model files keep it. */
const tokenizerJson = (tokenizer: BytePairFile): string => JSON.stringify({ kind: "huggingface", tokenizer });
