/** Attention: a token's output is a mean of values, weighted by how its query fits their keys. */

import type { NdArray, Random } from "../array/index.ts";
import { TensorError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type Dense, dense } from "./dense.ts";
import type { FloatDType } from "./initializers.ts";
import { quarterTurn, type RotaryOptions, rotary, rotaryAngles } from "./rotary.ts";

/** Added to scores that must not count. Finite, so that a row without any key is uniform instead of NaN. */
const never = -1e9;

/** Booleans [queries, keys]: query i is at the position of key `keys` - `queries` + i, and sees keys up to there. */
function causalMask(queries: number, keys: number): Tensor {
  return t.lessEqual(
    t.iota(keys),
    t
      .iota(queries)
      .expandDims(1)
      .add(keys - queries),
  );
}

/**
 * softmax(q kᵀ / √d) v.
 *
 * @param q  [..., queries, d]
 * @param k  [..., keys, d]
 * @param v  [..., keys, e]
 * @param mask  booleans, true where a query may see a key; broadcasts to [..., queries, keys]
 * @returns  [..., queries, e]
 * @source   Vaswani et al., NeurIPS 2017, eq. 1
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, mask?: Tensor): Tensor {
  const scores = q.mul(1 / Math.sqrt(q.shape[q.rank - 1])).matmul(k.transpose());
  // Added rather than chosen: the derivative of an addition costs nothing.
  const seen = mask ? scores.add(t.where(mask, 0, never).cast(q.dtype)) : scores;
  return t.softmax(seen).matmul(v);
}

/** Projections of queries, keys and values, and of the output. */
export interface Attention<T = Tensor> {
  readonly query: Dense<T>;
  readonly key: Dense<T>;
  readonly value: Dense<T>;
  readonly out: Dense<T>;
}

/** Keys and values of tokens. */
export interface KeysValues<T = Tensor> {
  readonly keys: T;
  readonly values: T;
}

/** What the next token of each row attends to, besides itself: tokens that all rows share (a prompt), then those of the row. */
export interface Past<T = Tensor> {
  /** [keyValueHeads, P, d] */
  readonly shared: KeysValues<T>;
  /** [keyValueHeads, rows, C, d] */
  readonly own: KeysValues<T>;
}

/** Sizes of an attention layer. */
export interface AttentionOptions {
  readonly heads: number;
  /** Heads of keys and values, each for heads / keyValueHeads heads of queries; default all. Ainslie et al., EMNLP 2023. */
  readonly keyValueHeads?: number;
  /** Rotary position embedding of queries and keys. Default false. */
  readonly rotary?: boolean | RotaryOptions;
}

/** How a layer attends. */
export interface AttendOptions extends AttentionOptions {
  /** Where keys and values come from, [batch, keys, width]; default x itself. */
  readonly context?: Tensor;
  /** A token sees itself and what is before it. */
  readonly causal?: boolean;
  /** Booleans that broadcast to [batch, heads, queries, keys], true where a query may see a key. */
  readonly mask?: Tensor;
}

/** How a layer attends to a past. */
export interface StepOptions extends AttentionOptions {
  /** Of the tokens, []: the same in all rows. */
  readonly position: Tensor;
  /** Booleans [P + C]: which places of the past hold tokens. */
  readonly filled: Tensor;
}

/** [batch, tokens, heads d] -> [batch, heads, tokens, d] */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens, width] = x.shape;
  if (x.rank !== 3 || width % heads)
    throw new TensorError(`attention: [${x.shape.join(", ")}] is not [batch, tokens, width] with a width for ${heads} heads`);
  return x.reshape([batch, tokens, heads, width / heads]).transpose([0, 2, 1, 3]);
}

function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, tokens, d] = x.shape;
  return x.transpose([0, 2, 1, 3]).reshape([batch, tokens, heads * d]);
}

/** [batch, heads, tokens, d] -> [batch, heads · group, tokens, d]: each head as often as queries share it. */
function repeatHeads(x: Tensor, group: number): Tensor {
  if (group === 1) return x;
  const [batch, heads, tokens, d] = x.shape;
  return t.broadcastTo(x.expandDims(2), [batch, heads, group, tokens, d]).reshape([batch, heads * group, tokens, d]);
}

/** Queries that share a head of keys and values. */
function groupOf({ heads, keyValueHeads = heads }: AttentionOptions): number {
  if (heads % keyValueHeads) throw new TensorError(`attention: ${heads} heads do not share ${keyValueHeads} heads of keys and values`);
  return heads / keyValueHeads;
}

const turned = (x: Tensor, positions: Tensor, { rotary: how }: AttentionOptions): Tensor =>
  how ? rotary(x, positions, how === true ? {} : how) : x;

/** Dense layers of one input as one. */
const sideBySide = (layers: readonly Dense[]): Dense => {
  const biases = layers.flatMap(({ b }) => (b ? [b] : []));
  return {
    w: t.concat(
      layers.map(({ w }) => w),
      1,
    ),
    ...(biases.length > 0 && { b: t.concat(biases) }),
  };
};

/** Queries, scaled by 1/√d, and keys side by side [rows, (heads + keyValueHeads) d], turned; values [rows, keyValueHeads d]. */
function projected({ query, key, value }: Attention, x: Tensor, options: StepOptions): [qk: Tensor, v: Tensor] {
  const { rotary: how, position } = options;
  const d = query.w.shape[1] / options.heads;
  const heads = query.w.shape[1] / d + key.w.shape[1] / d;
  const scaled = mapLayer(query, (y) => y.mul(1 / Math.sqrt(d)));
  if (!how) return t.split(dense.apply(sideBySide([scaled, key, value]), x), [heads * d, value.w.shape[1]], 1) as [Tensor, Tensor];
  // what is done to weights is done once, where they are constants
  const about = how === true ? {} : how;
  const turn = (layer: Dense): Dense => mapLayer(layer, (y) => quarterTurn(y.reshape([-1, d]), about).reshape(y.shape));
  const all = dense.apply(sideBySide([scaled, key, turn(scaled), turn(key), value]), x);
  const [straight, turned, v] = t.split(all, [heads * d, heads * d, value.w.shape[1]], 1);
  const { cos, sin } = rotaryAngles(position.reshape([1]), d, x.dtype as FloatDType, about);
  const [c, s] = [cos, sin].map((y) => t.broadcastTo(y, [heads, d]).reshape([heads * d]));
  return [straight.mul(c).add(turned.mul(s)), v];
}

const mapLayer = ({ w, b }: Dense, f: (x: Tensor) => Tensor): Dense => ({ w: f(w), ...(b && { b: f(b) }) });

/** Multi-head attention. Vaswani et al., NeurIPS 2017, section 3.2.2. */
export const attention = {
  /**
   * @param width  of the tokens, and of all heads of queries together
   * @param options.contextWidth  of the tokens that are attended to, if they are others
   * @param options.keyValueWidth  of all heads of keys together; default `width`
   */
  init(
    rng: Random,
    width: number,
    options: { contextWidth?: number; keyValueWidth?: number; bias?: boolean; dtype?: FloatDType } = {},
  ): Attention<NdArray> {
    const { contextWidth = width, keyValueWidth = width, ...rest } = options;
    const [q, k, v, o] = rng.split(4);
    return {
      query: dense.init(q, width, width, rest),
      key: dense.init(k, contextWidth, keyValueWidth, rest),
      value: dense.init(v, contextWidth, keyValueWidth, rest),
      out: dense.init(o, width, width, rest),
    };
  },

  /** [batch, tokens, width] -> same */
  apply: (params: Attention, x: Tensor, options: AttendOptions): Tensor => attention.applyKeeping(params, x, options).y,

  /** `apply`, and the keys and values that a later `step` attends to: [batch, keyValueHeads, keys, d]. */
  applyKeeping(params: Attention, x: Tensor, options: AttendOptions): { y: Tensor } & KeysValues {
    const { heads, keyValueHeads = heads, context = x, causal = false } = options;
    const group = groupOf(options);
    const [queries, count] = [x.shape[1], context.shape[1]];
    const q = turned(splitHeads(dense.apply(params.query, x), heads), t.iota(queries), options);
    const keys = turned(splitHeads(dense.apply(params.key, context), keyValueHeads), t.iota(count), options);
    const values = splitHeads(dense.apply(params.value, context), keyValueHeads);
    const order = causal ? causalMask(queries, count) : undefined;
    const mask = order && options.mask ? t.and(order, options.mask) : (order ?? options.mask);
    const y = scaledDotProductAttention(q, repeatHeads(keys, group), repeatHeads(values, group), mask);
    return { y: dense.apply(params.out, mergeHeads(y)), keys, values };
  },

  /**
   * Causal attention of one more token a row: the next row of `apply` with `causal`. The past is only read; what the token adds to it is
   * returned.
   *
   *   y = softmax([q Kᵀ_shared, q Kᵀ_own, q kᵀ] / √d) [V_shared; V_own; v]
   *
   * @param x  [rows, width]
   * @returns  y [rows, width]; keys and values of the token [keyValueHeads, rows, d]
   */
  step(params: Attention, x: Tensor, { shared, own }: Past, options: StepOptions): { y: Tensor } & KeysValues {
    const { heads, keyValueHeads = heads, filled } = options;
    const group = groupOf(options);
    const [rows] = x.shape;
    const [, , capacity, d] = own.keys.shape;
    const prompt = shared.keys.shape[1];
    const [qk, v] = projected(params, x, options);
    const [q0, k] = t.split(qk, [heads * d, keyValueHeads * d], 1);
    const each = [keyValueHeads, rows, group] as const;
    const together = [keyValueHeads, rows * group] as const;
    const q = q0.reshape([rows, keyValueHeads, group, d]).transpose([1, 0, 2, 3]);
    const [keys, values] = [k, v].map((y) => y.reshape([rows, keyValueHeads, d]).transpose([1, 0, 2]));

    const scores = [
      q
        .reshape([...together, d])
        .matmul(shared.keys.transpose())
        .reshape([...each, prompt]),
      q.matmul(own.keys.transpose()),
      // a product of matrices would be one of a thousand small ones
      q.mul(keys.expandDims(2)).sum(-1, true),
    ];
    const seen = t.concat([t.where(filled, 0, never).cast(x.dtype), t.broadcastTo(t.scalar(0, x.dtype), [1])]);
    const weights = t.softmax(t.concat(scores, -1).add(seen));
    const [a, b, c] = t.split(weights, [prompt, capacity, 1], -1);
    const y = a
      .reshape([...together, prompt])
      .matmul(shared.values)
      .reshape([...each, d])
      .add(b.matmul(own.values))
      .add(c.mul(values.expandDims(2)));
    return { y: dense.apply(params.out, y.transpose([1, 0, 2, 3]).reshape([rows, heads * d])), keys, values };
  },
};
