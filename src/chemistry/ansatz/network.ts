/** Networks over parameters: as they are, or with what their curvature needs recorded. */
import { broadcastTo, scalar, type Tensor } from "../../tensor/index.ts";
import type { Linear, Parameters, WaveNetwork } from "./ansatz.ts";

/** W^T x + b: one product over all electrons and walkers. */
function applied({ weight, bias }: Linear<Tensor>, x: Tensor): Tensor {
  const [inputs, ...rest] = x.shape;
  const columns = x.reshape([inputs, x.size / inputs]);
  const y = weight
    .transpose()
    .matmul(columns)
    .reshape([weight.shape[1], ...rest]);
  return bias ? y.add(bias.reshape([bias.size, ...rest.map(() => 1)])) : y;
}

/** The network of given parameters. */
export const plainNetwork = ({ linear, other }: Parameters<Tensor>): WaveNetwork => ({
  linear: (name, x) => applied(linear[name], x),
  other: (name) => other[name],
});

/** A linear map as it was used: inputs x [inputs, ..., walkers] and the offset that was added to its result, [outputs, ..., walkers]. */
export interface Use {
  readonly x: Tensor;
  readonly shape: readonly number[];
}

/**
 * A network that shows what it does: offsets are added to the results of linear maps, and other parameters are given for each walker, so
 * that derivatives by both are those of single walkers.
 *
 * @param offsets  by name of the linear map: what to add to its result; zeros
 * @param seen     told of each use of a linear map, once each
 */
export const tappedNetwork = (
  { linear }: Parameters<Tensor>,
  offsets: Readonly<Record<string, Tensor>>,
  copies: Readonly<Record<string, Tensor>>,
  seen: (name: string, use: Use) => void,
): WaveNetwork => ({
  linear: (name, x) => {
    const y = applied(linear[name], x);
    seen(name, { x, shape: y.shape });
    return offsets[name] ? y.add(offsets[name]) : y;
  },
  other: (name) => copies[name],
});

/** Copies of the other parameters, one a walker: [..., walkers]. */
export const copiesFor = ({ other }: Parameters<Tensor>, walkers: number): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(other).map(([name, p]) => [name, broadcastTo(p, [...p.shape.slice(0, -1), walkers])]));

/** Zeros to add to the result of a linear map. */
export const zeros = (shape: readonly number[], like: Tensor): Tensor => broadcastTo(scalar(0, like.dtype), [...shape]);
