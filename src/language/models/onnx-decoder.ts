/** Decoders of others as language models: a session of ONNX Runtime beside the engine, whose outputs are fed back as they are. */
import { fromF16, type NdArray, ndarray, sizeOf } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type ModelSession, type OrtTensor, openModel } from "../../tensor/runtime.ts";
import { requireTokens, type Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { Decoding, LanguageModel, NextTokenLaw } from "../model.ts";
import { withHidden } from "./onnx-hidden.ts";
import { type DecoderSizes, type Ports, portsOf } from "./onnx-ports.ts";
import { rowsOf } from "./rows.ts";
import { requireAncestors } from "./slots.ts";
import { requirePrompt } from "./transformer.ts";

/** A decoder and what its graph does not say. */
export interface OnnxDecoder {
  readonly name: string;
  readonly model: Uint8Array;
  /** Where files lie in which the model keeps weights. */
  readonly folder?: string;
  readonly sizes: DecoderSizes;
  /** Most tokens of a sequence, ∞ if nothing says it. */
  readonly context: number;
  /** Its `size` is checked against the logits. */
  readonly tokenizer: Tokenizer;
  /** SHA-256 of the weights, in hexadecimal. */
  readonly hash: string;
  readonly threads?: number;
}

/** A language model, and whether `hidden` is what the last product takes; else it is the logits themselves. */
export interface OnnxModel extends LanguageModel {
  readonly hasHidden: boolean;
}

interface Running {
  readonly session: ModelSession;
  readonly ports: Ports;
  readonly hidden: string | undefined;
}

/** Caches by the names of the inputs that take them. */
type Pasts = Readonly<Record<string, OrtTensor>>;

/**
 * Opens a decoder and runs it once.
 *
 * @throws UserError  if it is not a decoder with keys and values, or has other tokens than the tokenizer
 */
export async function onnxDecoder(decoder: OnnxDecoder): Promise<OnnxModel> {
  const { name, context, tokenizer, hash } = decoder;
  const { model, hidden } = withHidden(decoder.model);
  const session = await openModel(model, { threads: decoder.threads, folder: decoder.folder });
  const running: Running = { session, ports: portsOf(session, decoder.sizes, name), hidden };
  const { prediction, pasts } = await evaluate(running, [Int32Array.of(0)], 0, emptyPasts(running));
  dispose(pasts);
  const vocabulary = prediction.logits.shape[1];
  if (tokenizer.size !== vocabulary)
    throw new UserError(
      `${name}: the model has ${vocabulary} tokens, its tokenizer ${tokenizer.size}`,
      "tokenizer.json, config.json and the model must be of one model",
    );
  return {
    ...{ name, context, tokenizer, hash },
    width: prediction.hidden.shape[1],
    hasHidden: hidden !== undefined,
    start: (prompt, rows) => startDecoding(running, { name, context, vocabulary }, prompt, rows),
    close: () => void session.release(),
  };
}

async function startDecoding(
  running: Running,
  { name, context, vocabulary }: { name: string; context: number; vocabulary: number },
  prompt: readonly number[],
  rows: number,
): Promise<Decoding> {
  requirePrompt(name, prompt, context, vocabulary);
  if (!(Number.isInteger(rows) && rows >= 1)) throw new RangeError(`start: ${rows} is not a number of rows`);
  const remembers = running.ports.pasts.length > 0;
  /** What was evaluated, which row of it each row is, and (without caches) the tokens of each row so far. */
  let state = await evaluate(running, [Int32Array.from(prompt)], 0, emptyPasts(running));
  let from = new Int32Array(rows);
  let tokens: readonly Int32Array[] = Array.from(from, () => Int32Array.from(prompt));
  let length = prompt.length;
  let next: NextTokenLaw | undefined;
  return {
    get rows() {
      return from.length;
    },
    get next() {
      next ??= rowsOf(state.prediction, from);
      return next;
    },
    async append(given) {
      if (given.length !== from.length) throw new RangeError(`append: ${given.length} tokens for ${from.length} rows`);
      requireTokens(given, vocabulary);
      if (length >= context)
        throw new UserError(`${name}: its context of ${context} tokens is full`, "ask for fewer tokens, or give a shorter prompt");
      if (!remembers) tokens = tokens.map((row, i) => Int32Array.of(...row, given[i]));
      const pasts = gathered(running, state.pasts, from);
      const before = state.pasts;
      state = await evaluate(
        running,
        remembers ? Array.from(given, (token) => Int32Array.of(token)) : tokens,
        remembers ? length : 0,
        pasts,
      );
      dispose(pasts);
      if (pasts !== before) dispose(before);
      length++;
      from = Int32Array.from(from, (_, i) => i);
      next = undefined;
    },
    select(ancestors) {
      requireAncestors(ancestors, from.length);
      tokens = Array.from(ancestors, (row) => tokens[row]);
      from = Int32Array.from(ancestors, (row) => from[row]);
      next = undefined;
    },
    close: () => dispose(state.pasts),
  };
}

/** Caches of one row without tokens. */
function emptyPasts({ session, ports }: Running): Pasts {
  return Object.fromEntries(
    ports.pasts.map(({ input, type, heads, width }) => {
      const data = type === "float16" ? new Uint16Array(0) : new Float32Array(0);
      return [input, session.tensor(type, data, [1, heads, 0, width])];
    }),
  );
}

/**
 * Predictions behind the last of some new tokens, and the longer caches.
 *
 * @param tokens  of each row, equally many
 * @param before  tokens in the caches
 */
async function evaluate(
  { session, ports, hidden }: Running,
  tokens: readonly Int32Array[],
  before: number,
  pasts: Pasts,
): Promise<{ prediction: NextTokenLaw; pasts: Pasts }> {
  const [rows, count] = [tokens.length, tokens[0].length];
  const whole = (type: OrtTensor.Type, shape: readonly number[], f: (row: number, i: number) => number): OrtTensor => {
    const columns = shape.at(-1) ?? 1;
    const size = sizeOf(shape);
    const data = type === "int64" ? new BigInt64Array(size) : new Int32Array(size);
    for (let k = 0; k < size; k++) {
      const v = f(Math.floor(k / columns), k % columns);
      if (data instanceof BigInt64Array) data[k] = BigInt(v);
      else data[k] = v;
    }
    return session.tensor(type, data, shape);
  };
  // rows are equally long and have no filling: the mask is ones, and the position of a token is the number of ones before it
  const results = await session.run({
    ...pasts,
    input_ids: whole(ports.ids, [rows, count], (row, i) => tokens[row][i]),
    ...(ports.mask && { attention_mask: whole(ports.mask, [rows, before + count], () => 1) }),
    ...(ports.positions && { position_ids: whole(ports.positions, [rows, count], (_, i) => before + i) }),
    ...(ports.keep && { num_logits_to_keep: whole(ports.keep, [], () => 1) }),
    ...(ports.branch && { use_cache_branch: session.tensor("bool", Uint8Array.of(before > 0 ? 1 : 0), [1]) }),
  });
  const logits = lastOf(results.logits, rows);
  const prediction = { logits, hidden: hidden === undefined ? logits : lastOf(results[hidden], rows) };
  return { prediction, pasts: Object.fromEntries(ports.pasts.map(({ input, output }) => [input, results[output]])) };
}

/** [rows, tokens, n], [rows, n] or [rows · tokens, n], behind the last token, as f32. */
function lastOf(tensor: OrtTensor, rows: number): NdArray {
  const n = tensor.dims[tensor.dims.length - 1];
  const stride = sizeOf(tensor.dims) / rows;
  const all = floats(tensor);
  const last = new Float32Array(rows * n);
  for (let row = 0; row < rows; row++) last.set(all.subarray((row + 1) * stride - n, (row + 1) * stride), row * n);
  return ndarray(last, [rows, n], "f32");
}

/** f16 comes as bit patterns, or as numbers where JavaScript has an array for them. */
function floats({ data, type }: OrtTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return Float32Array.from(data, fromF16);
  if (type === "float16" || type === "float64") return Float32Array.from(data as Float64Array);
  throw new UserError(`the model's logits are ${type}, not float32 or float16`);
}

/** Caches whose row i is what row `rows[i]` was; the same object where nothing moves. */
function gathered({ session, ports }: Running, pasts: Pasts, rows: Int32Array): Pasts {
  const names = ports.pasts.map(({ input }) => input);
  if (names.length === 0 || (pasts[names[0]].dims[0] === rows.length && rows.every((row, i) => row === i))) return pasts;
  return Object.fromEntries(
    names.map((name) => {
      const { data, dims, type } = pasts[name];
      const row = sizeOf(dims.slice(1));
      const x = data as Float32Array;
      const y = sameKind(x, rows.length * row);
      rows.forEach((from, i) => y.set(x.subarray(from * row, (from + 1) * row), i * row));
      return [name, session.tensor(type, y, [rows.length, ...dims.slice(1)])];
    }),
  );
}

/** An array of zeros like another. */
const sameKind = (x: Float32Array, length: number): Float32Array => {
  const kind = x.constructor as new (length: number) => Float32Array;
  return new kind(length);
};

/** Frees caches at once, not when JavaScript gets to it. */
function dispose(pasts: Pasts): void {
  for (const tensor of Object.values(pasts)) tensor.dispose();
}
