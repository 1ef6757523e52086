/** Attention: a token's output is a mean of values, weighted by how its query fits their keys. */

import type { NdArray, Random } from "../array/index.ts";
import * as nd from "../array/index.ts";
import { TensorError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type Dense, dense } from "./dense.ts";
import type { FloatDType } from "./initializers.ts";

/** Added to scores that must not count. Finite, so that a row without any key is uniform instead of NaN. */
const never = -1e9;

/** Booleans [queries, keys]: query i, at position `start` + i, sees keys up to its own position. */
function causalMask(queries: number, keys: number, start: Tensor | number = keys - queries): Tensor {
  const last = t.iota(queries).expandDims(1).add(start);
  return t.lessEqual(t.iota(keys), last);
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

/**
 * Rotary position embedding: the pair (x_i, x_{i + d/2}) turns by the angle position · base^(-2i/d), so that q · k depends on the
 * difference of positions.
 *
 * @param x          [..., tokens, d], d even
 * @param positions  [tokens]
 * @source  Su et al., Neurocomputing 568 (2024), eq. 34, with halves instead of neighbours as pairs
 */
export function rotary(x: Tensor, positions: Tensor, base = 10_000): Tensor {
  const d = x.shape[x.rank - 1];
  if (d % 2) throw new TensorError(`rotary: an odd width ${d} has no pairs`);
  const frequencies = nd.array(
    Array.from({ length: d / 2 }, (_, i) => base ** ((-2 * i) / d)),
    x.dtype as FloatDType,
  );
  const angle = positions.cast(x.dtype).expandDims(1).mul(frequencies);
  const [cos, sin] = [t.cos(angle), t.sin(angle)];
  const [a, b] = t.split(x, 2, -1);
  return t.concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], -1);
}

/** Projections of queries, keys and values, and of the output. */
export interface Attention<T = Tensor> {
  readonly query: Dense<T>;
  readonly key: Dense<T>;
  readonly value: Dense<T>;
  readonly out: Dense<T>;
}

/** Keys and values of the tokens so far: [batch, heads, capacity, d], of which the first `length` are filled and the others zero. */
export interface Cache<T = Tensor> {
  readonly keys: T;
  readonly values: T;
  readonly length: T;
}

/** Sizes of an attention layer. */
export interface AttentionOptions {
  readonly heads: number;
  /** Rotary position embedding of queries and keys. Default false. */
  readonly rotary?: boolean;
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

/** Multi-head attention. Vaswani et al., NeurIPS 2017, section 3.2.2. */
export const attention = {
  /**
   * @param width  of the tokens, and of all heads together
   * @param options.contextWidth  of the tokens that are attended to, if they are others
   */
  init(rng: Random, width: number, options: { contextWidth?: number; bias?: boolean; dtype?: FloatDType } = {}): Attention<NdArray> {
    const { contextWidth = width, ...rest } = options;
    const [q, k, v, o] = rng.split(4);
    return {
      query: dense.init(q, width, width, rest),
      key: dense.init(k, contextWidth, width, rest),
      value: dense.init(v, contextWidth, width, rest),
      out: dense.init(o, width, width, rest),
    };
  },

  /** [batch, tokens, width] -> same */
  apply(params: Attention, x: Tensor, options: AttendOptions): Tensor {
    const { heads, context = x, causal = false } = options;
    let q = splitHeads(dense.apply(params.query, x), heads);
    let k = splitHeads(dense.apply(params.key, context), heads);
    const v = splitHeads(dense.apply(params.value, context), heads);
    const [queries, keys] = [x.shape[1], context.shape[1]];
    if (options.rotary) [q, k] = [rotary(q, t.iota(queries)), rotary(k, t.iota(keys))];
    const order = causal ? causalMask(queries, keys) : undefined;
    const mask = order && options.mask ? t.and(order, options.mask) : (order ?? options.mask);
    return dense.apply(params.out, mergeHeads(scaledDotProductAttention(q, k, v, mask)));
  },

  /** An empty cache for `capacity` tokens. */
  cache(batch: number, capacity: number, width: number, heads: number, dtype: FloatDType = "f32"): Cache<NdArray> {
    const shape = [batch, heads, capacity, width / heads];
    return { keys: nd.allocate(dtype, shape), values: nd.allocate(dtype, shape), length: nd.allocate("i32", []) };
  },

  /**
   * Causal attention of the next tokens to themselves and to all before: `apply` with `causal`, a few tokens at a time.
   *
   * @param x  [batch, tokens, width]; beyond the capacity of the cache, tokens are lost
   * @returns  y [batch, tokens, width] and the cache with the tokens added
   */
  step(params: Attention, x: Tensor, cache: Cache, options: AttentionOptions): { y: Tensor; cache: Cache } {
    const { heads } = options;
    const tokens = x.shape[1];
    const capacity = cache.keys.shape[2];
    const positions = t.iota(tokens).add(cache.length);
    let q = splitHeads(dense.apply(params.query, x), heads);
    let k = splitHeads(dense.apply(params.key, x), heads);
    const v = splitHeads(dense.apply(params.value, x), heads);
    if (options.rotary) [q, k] = [rotary(q, positions), rotary(k, positions)];
    const places = t.oneHot(positions, capacity, x.dtype as FloatDType).transpose();
    const keys = cache.keys.add(places.matmul(k));
    const values = cache.values.add(places.matmul(v));
    const y = scaledDotProductAttention(q, keys, values, causalMask(tokens, capacity, cache.length));
    return { y: dense.apply(params.out, mergeHeads(y)), cache: { keys, values, length: cache.length.add(tokens) } };
  },
};
