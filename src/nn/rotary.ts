/** Rotary position embedding. */
import * as nd from "../array/index.ts";
import { TensorError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import type { FloatDType } from "./initializers.ts";

/** How positions turn queries and keys. */
export interface RotaryOptions {
  /** Default 10,000. */
  readonly base?: number;
  /** Which components turn together: (x_i, x_{i + d/2}), or (x_{2i}, x_{2i + 1}). Default halves. */
  readonly pairs?: "halves" | "neighbours";
}

/** Both components of each pair (a, b), one after the other or alternating, back in their places. */
const paired = (a: Tensor, b: Tensor, pairs: RotaryOptions["pairs"]): Tensor =>
  pairs === "neighbours" ? t.stack([a, b], -1).reshape([...a.shape.slice(0, -1), 2 * a.shape[a.rank - 1]]) : t.concat([a, b], -1);

/** Pairs (a, b) as (-b, a), along the last axis. Linear: of x W it is x times that of W. */
export function quarterTurn(x: Tensor, { pairs = "halves" }: RotaryOptions = {}): Tensor {
  const d = x.shape[x.rank - 1];
  if (d % 2) throw new TensorError(`rotary: an odd width ${d} has no pairs`);
  const [a, b] =
    pairs === "halves" ? t.split(x, 2, -1) : t.split(x.reshape([...x.shape.slice(0, -1), d / 2, 2]), 2, -1).map((part) => part.squeeze(-1));
  return paired(b.neg(), a, pairs);
}

/**
 * Cosine and sine of the angle position · base^(-2i/d) of pair i, for each of d components.
 *
 * @param positions  [tokens]
 * @returns  [tokens, d] each
 */
export function rotaryAngles(positions: Tensor, d: number, dtype: FloatDType, { base = 10_000, pairs }: RotaryOptions = {}) {
  const frequencies = nd.array(
    Array.from({ length: d / 2 }, (_, i) => base ** ((-2 * i) / d)),
    dtype,
  );
  const angle = positions.cast(dtype).expandDims(1).mul(frequencies);
  const [cos, sin] = [t.cos(angle), t.sin(angle)];
  return { cos: paired(cos, cos, pairs), sin: paired(sin, sin, pairs) };
}

/**
 * Pair i of d/2 turns by the angle position · base^(-2i/d), so that q · k depends on the difference of positions.
 *
 *   x ← x cos + quarterTurn(x) sin
 *
 * @param x          [..., tokens, d], d even
 * @param positions  [tokens]
 * @throws  TensorError  for an odd d
 * @source  Su et al., Neurocomputing 568 (2024), eq. 34 (neighbours as pairs; halves are the same up to an order of the components)
 */
export function rotary(x: Tensor, positions: Tensor, options: RotaryOptions = {}): Tensor {
  const turned = quarterTurn(x, options);
  const { cos, sin } = rotaryAngles(positions, x.shape[x.rank - 1], x.dtype as FloatDType, options);
  return x.mul(cos).add(turned.mul(sin));
}
