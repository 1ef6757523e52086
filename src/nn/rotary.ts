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

/**
 * Pair i of d/2 turns by the angle position · base^(-2i/d), so that q · k depends on the difference of positions.
 *
 * @param x          [..., tokens, d], d even
 * @param positions  [tokens]
 * @throws  TensorError  for an odd d
 * @source  Su et al., Neurocomputing 568 (2024), eq. 34 (neighbours as pairs; halves are the same up to an order of the components)
 */
export function rotary(x: Tensor, positions: Tensor, { base = 10_000, pairs = "halves" }: RotaryOptions = {}): Tensor {
  const d = x.shape[x.rank - 1];
  if (d % 2) throw new TensorError(`rotary: an odd width ${d} has no pairs`);
  const frequencies = nd.array(
    Array.from({ length: d / 2 }, (_, i) => base ** ((-2 * i) / d)),
    x.dtype as FloatDType,
  );
  const angle = positions.cast(x.dtype).expandDims(1).mul(frequencies);
  const [cos, sin] = [t.cos(angle), t.sin(angle)];
  if (pairs === "halves") {
    const [a, b] = t.split(x, 2, -1);
    return t.concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], -1);
  }
  // one row a pair: the first components are column 0, the second ones column 1
  const [a, b] = t.split(x.reshape([...x.shape.slice(0, -1), d / 2, 2]), 2, -1);
  const [c, s] = [cos.expandDims(-1), sin.expandDims(-1)];
  return t.concat([a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))], -1).reshape(x.shape);
}
