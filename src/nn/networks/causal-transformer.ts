/** Causal transformers over tokens, of the two architectures that language models are made of. */
import type { NdArray, Random, Shape } from "../../array/index.ts";
import { TensorError } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import type { AttentionOptions, KeysValues, Past } from "../attention.ts";
import { type Dense, dense } from "../dense.ts";
import { type Embedding, embedding } from "../embedding.ts";
import type { FloatDType } from "../initializers.ts";
import { layerNorm, type Norm } from "../norm.ts";
import { type BlockOptions, normalized, type TransformerBlock, transformerBlock } from "../transformer.ts";
import { requireHeads } from "./transformer-sizes.ts";

/** Architecture and sizes. */
export interface CausalTransformer {
  /**
   * gpt: learned positions, layer normalisation, biases, GELU. llama: rotary positions, root-mean-square normalisation, no biases, SwiGLU.
   *
   * @source  Radford et al., "Language models are unsupervised multitask learners", 2019; Touvron et al., arXiv 2302.13971, 2023
   */
  readonly architecture: "gpt" | "llama";
  /** V: tokens are 0 … V - 1. */
  readonly vocabulary: number;
  /** Most tokens of a sequence. */
  readonly context: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Default `heads`. */
  readonly keyValueHeads?: number;
  /** Width of the feed-forward layers; default 4 width. */
  readonly hidden?: number;
  /** The output layer is the table of symbols. Default false. */
  readonly tied?: boolean;
  /** Added to variances. Default 1e-5. */
  readonly epsilon?: number;
  /** Of rotary positions. Default 10,000. */
  readonly rotaryBase?: number;
  /** Of rotary positions. Default neighbours. */
  readonly rotaryPairs?: "halves" | "neighbours";
}

/** Parameters of a causal transformer. */
export interface CausalParameters<T = Tensor> {
  readonly symbols: Embedding<T>;
  /** Of architectures that learn them. */
  readonly positions?: Embedding<T>;
  readonly blocks: readonly TransformerBlock<T>[];
  readonly norm: Norm<T>;
  /** Absent where it is tied to the symbols. */
  readonly head?: Dense<T>;
}

/** Of the token after each. */
export interface TokenPrediction {
  /** [..., V], log p(v | tokens so far) up to a constant */
  readonly logits: Tensor;
  /** [..., width], after the last normalisation: logits are an affine map of it. */
  readonly hidden: Tensor;
}

/** A shape where parameters have an array. */
interface ShapeLeaf {
  readonly dtype: "f32";
  readonly shape: Shape;
}

/** Shapes of the parameters, in their tree. */
export function parameterShapes(config: CausalTransformer): object {
  const { architecture, vocabulary, context, width, depth, heads, keyValueHeads = heads, hidden = 4 * width, tied = false } = config;
  const gpt = architecture === "gpt";
  const of = (...shape: number[]): ShapeLeaf => ({ dtype: "f32", shape });
  const layer = (inputs: number, outputs: number) => ({ w: of(inputs, outputs), ...(gpt && { b: of(outputs) }) });
  const norm = () => ({ scale: of(width), ...(gpt && { shift: of(width) }) });
  const narrow = (width / heads) * keyValueHeads;
  const block = () => ({
    attention: { query: layer(width, width), key: layer(width, narrow), value: layer(width, narrow), out: layer(width, width) },
    attentionNorm: norm(),
    up: layer(width, hidden),
    ...(!gpt && { gate: layer(width, hidden) }),
    down: layer(hidden, width),
    norm: norm(),
  });
  return {
    symbols: { table: of(vocabulary, width) },
    ...(gpt && { positions: { table: of(context, width) } }),
    blocks: Array.from({ length: depth }, block),
    norm: norm(),
    ...(!tied && { head: layer(width, vocabulary) }),
  };
}

/** Pure functions of the parameters of a causal transformer. */
export const causalTransformer = {
  /** Random parameters. */
  init(rng: Random, config: CausalTransformer, dtype?: FloatDType): CausalParameters<NdArray> {
    const { architecture, vocabulary, context, width, depth, heads, keyValueHeads = heads, hidden, tied = false } = config;
    requireHeads("transformer-lm", width, heads);
    const gpt = architecture === "gpt";
    const [table, positions, head, ...streams] = rng.split(depth + 3);
    const block = { hidden, keyValueWidth: (width / heads) * keyValueHeads, bias: gpt, gated: !gpt, dtype };
    return {
      symbols: embedding.init(table, vocabulary, width, { dtype }),
      ...(gpt && { positions: embedding.init(positions, context, width, { dtype }) }),
      blocks: streams.map((stream) => transformerBlock.init(stream, width, block)),
      norm: layerNorm.init(width, { dtype, shift: gpt }),
      ...(!tied && { head: dense.init(head, width, vocabulary, { bias: gpt, dtype }) }),
    };
  },

  /**
   * Of every token of whole sequences.
   *
   * @param tokens  integers [batch, tokens], at most `context`
   * @returns  logits [batch, tokens, V], hidden [batch, tokens, width]
   */
  apply(config: CausalTransformer, params: CausalParameters, tokens: Tensor): TokenPrediction {
    let h = embedded(config, params, tokens);
    for (const block of params.blocks) h = transformerBlock.apply(block, h, { ...blockOptions(config), causal: true });
    return predicted(config, params, h);
  },

  /**
   * A prompt, once for all rows that go on from it.
   *
   * @param tokens  integers [P]; those behind `last` are filling
   * @param last    integer [], place of the last token
   * @returns  logits [1, V], hidden [1, width] of the last token; of each block, keys and values [keyValueHeads, P, d]
   */
  prompt(config: CausalTransformer, params: CausalParameters, tokens: Tensor, last: Tensor): TokenPrediction & { past: KeysValues[] } {
    let h = embedded(config, params, tokens.expandDims(0));
    const past: KeysValues[] = [];
    for (const block of params.blocks) {
      const { y, keys, values } = transformerBlock.applyKeeping(block, h, { ...blockOptions(config), causal: true });
      h = y;
      past.push({ keys: keys.squeeze(0), values: values.squeeze(0) });
    }
    return { ...predicted(config, params, t.take(h.squeeze(0), last.reshape([1]))), past };
  },

  /**
   * One more token a row, see `attention.step`.
   *
   * @param tokens    integers [rows]
   * @param past      of each block
   * @param position  integer []: tokens so far
   * @param filled    booleans [P + C]
   * @param order     integers [rows]: predictions come in this order of the rows
   * @returns  logits [rows, V], hidden [rows, width]; keys and values that are new, [2 depth, keyValueHeads, rows, d]: those of the first
   *           block's keys, of its values, of the second block's keys, …
   */
  step(
    config: CausalTransformer,
    params: CausalParameters,
    tokens: Tensor,
    past: readonly Past[],
    { position, filled, order }: { position: Tensor; filled: Tensor; order: Tensor },
  ): TokenPrediction & { added: Tensor } {
    const symbols = embedding.apply(params.symbols, tokens);
    let h = params.positions ? symbols.add(t.take(params.positions.table, position)) : symbols;
    const added: Tensor[] = [];
    params.blocks.forEach((block, i) => {
      const { y, keys, values } = transformerBlock.step(block, h, past[i], { ...blockOptions(config), position, filled });
      h = y;
      added.push(keys, values);
    });
    return { ...predicted(config, params, t.take(h, order)), added: t.stack(added) };
  },
};

function embedded({ context }: CausalTransformer, params: CausalParameters, tokens: Tensor): Tensor {
  const n = tokens.shape[1];
  if (n > context) throw new TensorError(`${n} tokens are more than the ${context} of the context`);
  const symbols = embedding.apply(params.symbols, tokens);
  return params.positions ? symbols.add(params.positions.table.slice([0, n])) : symbols;
}

const blockOptions = (config: CausalTransformer): AttentionOptions & BlockOptions => ({
  heads: config.heads,
  keyValueHeads: config.keyValueHeads,
  epsilon: config.epsilon,
  ...(config.architecture === "llama" && {
    rotary: { base: config.rotaryBase, pairs: config.rotaryPairs ?? "neighbours" },
    norm: "rms",
    activation: "silu",
  }),
});

function predicted(config: CausalTransformer, params: CausalParameters, h: Tensor): TokenPrediction {
  const hidden = normalized(params.norm, h, blockOptions(config));
  return { hidden, logits: params.head ? dense.apply(params.head, hidden) : embedding.attend(params.symbols, hidden) };
}
