/** Causal transformers of our own as language models: their keys and values stay in memory of the host, programs return what is new. */
import { array, mapTree, type NdArray, ndarray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type CausalParameters, type CausalTransformer, causalTransformer, type KeysValues, type Past } from "../../nn/index.ts";
import { constant, jit, type Tensor } from "../../tensor/index.ts";
import { requireTokens, type Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { Decoding, LanguageModel, NextTokenLaw } from "../model.ts";
import { type Cache, copyRows, emptyCache, regrown, writeToken } from "./cache.ts";
import { rowsOf } from "./rows.ts";
import { movesOf, requireAncestors } from "./slots.ts";

/** A causal transformer with its weights. */
export interface Transformer {
  readonly name: string;
  readonly config: CausalTransformer;
  /** f32. */
  readonly params: CausalParameters<NdArray>;
  readonly tokenizer: Tokenizer;
  /** SHA-256 of the weights, in hexadecimal. */
  readonly hash: string;
}

/** How it computes. */
export interface TransformerModelOptions {
  /** Of everything that is computed. Default f32. */
  readonly dtype?: "f32" | "f64";
  /** Default: one, if the model is small. */
  readonly threads?: number;
}

/** A language model whose network can be looked into: copies of it can be trained, see `causalTransformer.apply`. */
export interface TransformerModel extends LanguageModel {
  readonly config: CausalTransformer;
  readonly params: CausalParameters<NdArray>;
}

/** Where the next tokens stand: see `causalTransformer.step`. */
interface StepPlace<T = Tensor> {
  readonly position: T;
  readonly filled: T;
  readonly order: T;
}

interface Programs {
  readonly prompt: (tokens: NdArray, last: NdArray) => Promise<NextTokenLaw & { past: readonly KeysValues<NdArray>[] }>;
  readonly step: (tokens: NdArray, past: Past<NdArray>[], at: StepPlace<NdArray>) => Promise<NextTokenLaw & { added: NdArray }>;
}

/** Prompts are filled up to a multiple of this, so that prompts of similar lengths are one program. */
const promptUnit = 16;
/** Tokens for which there is room in a new cache; then twice as many, and so on: each size is one program. */
const firstCapacity = 16;
/** Below this width a second thread gains nothing. */
const smallWidth = 256;

/**
 * A language model from a network. The prompt is evaluated once, in one row, and shared by all.
 *
 * @throws UserError  if the tokenizer has not as many tokens as the network
 */
export function transformerModel(
  { name, config, params, tokenizer, hash }: Transformer,
  options: TransformerModelOptions = {},
): TransformerModel {
  if (tokenizer.size !== config.vocabulary)
    throw new UserError(
      `${name}: its tokenizer has ${tokenizer.size} tokens, the model ${config.vocabulary}`,
      "give the tokenizer that the model was trained with",
    );
  const { dtype = "f32", threads = threadsFor(config) } = options;
  const weights = castParameters(params, dtype);
  const constants = (): CausalParameters => mapTree<CausalParameters>((a: NdArray) => constant(a), weights);
  const programs = {
    prompt: jit((tokens: Tensor, last: Tensor) => causalTransformer.prompt(config, constants(), tokens, last), { threads, cache: 16 }),
    step: jit((tokens: Tensor, past: Past[], at: StepPlace) => causalTransformer.step(config, constants(), tokens, past, at), {
      threads,
      cache: 32,
    }),
  };
  return {
    ...{ name, config, params, tokenizer, hash },
    context: config.context,
    width: config.width,
    start: (prompt, rows) => startDecoding({ name, config, dtype, programs }, prompt, rows),
    close() {
      // resolves once runs under way have ended; nobody waits for that
      void programs.prompt.dispose();
      void programs.step.dispose();
    },
  };
}

const threadsFor = ({ width }: CausalTransformer): number | undefined => (width < smallWidth ? 1 : undefined);

/** Parameters as another kind of floating-point numbers. */
export const castParameters = (params: CausalParameters<NdArray>, dtype: "f32" | "f64"): CausalParameters<NdArray> =>
  mapTree<CausalParameters<NdArray>>(
    (a: NdArray) =>
      a.dtype === dtype ? a : ndarray((dtype === "f64" ? Float64Array : Float32Array).from(a.data as Float32Array), a.shape, dtype),
    params,
  );

/** Is it a network of ours, whose weights are there to be copied and trained? */
export const isTransformer = (model: LanguageModel): model is TransformerModel => "config" in model && "params" in model;

/** Starts decoding with the weights that are given: see `LanguageModel.start`. */
export type WeightedStart = (params: CausalParameters<NdArray>, prompt: readonly number[], rows: number) => Promise<Decoding>;

/** A transformer whose weights come with every start: programs are compiled once, for networks that are being trained. */
export function trainedDecoder(name: string, config: CausalTransformer, dtype: "f32" | "f64"): WeightedStart {
  const options = { threads: threadsFor(config) };
  const prompt = jit(
    (params: CausalParameters, tokens: Tensor, last: Tensor) => causalTransformer.prompt(config, params, tokens, last),
    options,
  );
  const step = jit(
    (params: CausalParameters, tokens: Tensor, past: Past[], at: StepPlace) => causalTransformer.step(config, params, tokens, past, at),
    options,
  );
  return (params, tokens, rows) => {
    const programs: Programs = {
      prompt: (given, last) => prompt(params, given, last),
      step: (given, past, at) => step(params, given, past, at),
    };
    return startDecoding({ name, config, dtype, programs }, tokens, rows);
  };
}

interface Running {
  readonly name: string;
  readonly config: CausalTransformer;
  readonly dtype: "f32" | "f64";
  readonly programs: Programs;
}

async function startDecoding({ name, config, dtype, programs }: Running, prompt: readonly number[], rows: number): Promise<Decoding> {
  const { context, vocabulary, width, heads, keyValueHeads = heads, depth } = config;
  requirePrompt(name, prompt, context, vocabulary);
  if (!(Number.isInteger(rows) && rows >= 1)) throw new RangeError(`start: ${rows} is not a number of rows`);
  const room = Math.min(context, Math.ceil(prompt.length / promptUnit) * promptUnit);
  const tokens = new Int32Array(room);
  tokens.set(prompt);
  const first = await programs.prompt(ndarray(tokens, [room], "i32"), array([prompt.length - 1], "i32", []));
  const sizes = { arrays: 2 * depth, heads: keyValueHeads, width: width / heads, dtype } as const;
  const capacityFor = (length: number): number => Math.min(context, firstCapacity * 2 ** Math.ceil(Math.log2(length / firstCapacity)));
  let cache: Cache = emptyCache({ ...sizes, rows, capacity: capacityFor(firstCapacity) });
  let past = pastOf(first.past, cache);
  let slots = Int32Array.from({ length: rows }, (_, i) => i);
  let length = 0;
  /** What was computed last, and which row of it each row is. */
  let computed: NextTokenLaw = { logits: first.logits, hidden: first.hidden };
  let from = new Int32Array(rows);
  let next: NextTokenLaw | undefined;

  const changeCache = (changed: Cache): void => {
    cache = changed;
    past = pastOf(first.past, cache);
    slots = Int32Array.from({ length: cache.rows }, (_, i) => i);
  };
  return {
    get rows() {
      return cache.rows;
    },
    get next() {
      next ??= rowsOf(computed, from);
      return next;
    },
    async append(given) {
      if (given.length !== cache.rows) throw new RangeError(`append: ${given.length} tokens for ${cache.rows} rows`);
      requireTokens(given, vocabulary);
      if (prompt.length + length >= context)
        throw new UserError(`${name}: its context of ${context} tokens is full`, "ask for fewer tokens, or give a shorter prompt");
      if (length === cache.capacity) changeCache(regrown(cache, slots, capacityFor(length + 1), length));
      const ordered = new Int32Array(cache.rows);
      slots.forEach((slot, row) => {
        ordered[slot] = given[row];
      });
      const { added, ...prediction } = await programs.step(ndarray(ordered, [cache.rows], "i32"), past, {
        position: array([prompt.length + length], "i32", []),
        filled: filledPlaces(prompt.length, room, length, cache.capacity),
        order: ndarray(slots, [cache.rows], "i32"),
      });
      writeToken(cache, added, length);
      length++;
      [computed, next, from] = [prediction, prediction, Int32Array.from({ length: cache.rows }, (_, i) => i)];
    },
    select(ancestors) {
      requireAncestors(ancestors, cache.rows);
      if (ancestors.length === cache.rows) {
        const moves = movesOf(ancestors, slots);
        copyRows(cache, moves.copies, length);
        slots = moves.slots;
      } else
        changeCache(
          regrown(
            cache,
            ancestors.map((row) => slots[row]),
            cache.capacity,
            length,
          ),
        );
      from = Int32Array.from(ancestors, (row) => from[row]);
      next = undefined;
    },
    close() {},
  };
}

/** @throws UserError */
export function requirePrompt(name: string, prompt: readonly number[], context: number, vocabulary: number): void {
  if (prompt.length === 0)
    throw new UserError(`${name}: nothing to go on from: the prompt is empty, and the model has no start token`, "give a prompt");
  if (prompt.length > context)
    throw new UserError(`${name}: a prompt of ${prompt.length} tokens is longer than its context of ${context}`, "give a shorter prompt");
  requireTokens(prompt, vocabulary);
}

const pastOf = (shared: readonly Past<NdArray>["shared"][], { data }: Cache): Past<NdArray>[] =>
  shared.map((part, i) => ({ shared: part, own: { keys: data[2 * i], values: data[2 * i + 1] } }));

/** Booleans [P + C]: the prompt in its room, then the tokens of the rows in theirs. */
function filledPlaces(prompt: number, room: number, length: number, capacity: number): NdArray {
  const filled = new Uint8Array(room + capacity);
  return ndarray(filled.fill(1, 0, prompt).fill(1, room, room + length), [room + capacity], "bool");
}
