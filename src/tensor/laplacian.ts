/** Forward Laplacians: gradient and Laplacian carried through a program from its inputs to its outputs. */
import { batchProgram } from "./batch.ts";
import { pushforward } from "./differentiate.ts";
import { apply, withRounding } from "./primitive.ts";
import { add, mul, square } from "./primitives/arithmetic.ts";
import { aliasOf, placeholder, scalar, splat } from "./primitives/constant.ts";
import { eye } from "./primitives/gather.ts";
import { moveAxis, reshape } from "./primitives/reshape.ts";
import { broadcastTo, sum, zerosLike } from "./primitives/sum.ts";
import { fail, floatType, fromEnd, sameShape } from "./shapes.ts";
import type { MaybeTensor, Node, Primitive, Tensor } from "./tensor.ts";
import { between } from "./walk.ts";

/** Derivatives J_k = ∂v/∂x_k of a tensor v, [d, ...shape], and its Laplacian Σ_k ∂²v/∂x_k² [...shape] (undefined: zero). */
interface Channels {
  readonly jacobian: Tensor;
  readonly laplacian: MaybeTensor;
}

/** A tensor with its derivatives along d directions of one variable; a constant has none. */
export interface Propagated {
  readonly value: Tensor;
  readonly channels?: Channels;
}

/**
 * Carries derivatives and Laplacians through a function: those of its outputs along the same d directions as those of its inputs.
 * Stages with few directions can be joined to stages with more: embed the channels of the first in those of the second.
 *
 *   linear y = A v     J' = A J            Λ' = A Λ
 *   y = φ(v)           J' = φ' J           Λ' = φ' Λ + φ'' Σ_k J_k²
 *   in general         J' = dφ[J]          Λ' = dφ[Λ] + Σ_k d²φ[J_k, J_k]
 *
 * @param f  tensors -> tensors
 * @source   Li et al., Forward Laplacian, Nature Machine Intelligence 6 (2024)
 */
export function carryLaplacian(f: (inputs: readonly Tensor[]) => readonly Tensor[], inputs: readonly Propagated[]): Propagated[] {
  const sources = inputs.map(({ value }) => aliasOf(value));
  const outputs = f(sources);
  const known = new Map<Tensor, Channels>();
  inputs.forEach(({ channels }, i) => {
    if (channels) known.set(sources[i], channels);
  });
  const [any] = known.values();
  const d = any?.jacobian.shape[0] ?? 0;
  for (const node of between(sources, outputs)) {
    const channels = node.inputs.map((t) => known.get(t));
    if (node.primitive.flat || channels.every((c) => !c)) continue;
    const results = withRounding(node.rounding, () => channelRule(node, channels, d));
    node.outputs.forEach((out, k) => {
      const result = results[k];
      if (result) known.set(out, result);
    });
  }
  return outputs.map((value) => ({ value, channels: known.get(value) }));
}

/**
 * Value, gradient and Laplacian of a scalar function in one pass, rows independent.
 *
 * @param f     [..., d] -> [...], each output depending on its own row of inputs only
 * @param axis  of the coordinates: the last one, or 0 for f: [d, ...] -> [...]
 * @returns  x [..., d] -> { value [...], gradient [..., d], laplacian [...] }
 */
export function laplacian(
  f: (x: Tensor) => Tensor,
  { axis = -1 }: { readonly axis?: -1 | 0 } = {},
): (x: Tensor) => { value: Tensor; gradient: Tensor; laplacian: Tensor } {
  return (x) => {
    if (x.rank === 0) fail("laplacian", "needs coordinates along an axis", [x]);
    const at = x.rank + fromEnd("laplacian", x, axis);
    const d = x.shape[at];
    const rows = x.shape.toSpliced(at, 1);
    const unit = x.shape.map((_, i) => (i === at ? d : 1));
    const seeds = broadcastTo(reshape(eye(d, floatType("laplacian", x)), [d, ...unit]), [d, ...x.shape]);
    const [{ value, channels }] = carryLaplacian(
      ([source]) => [f(source)],
      [{ value: x, channels: { jacobian: seeds, laplacian: undefined } }],
    );
    if (!sameShape(value.shape, rows))
      fail("laplacian", axis === 0 ? "f must map [d, ...] to [...]" : "f must map [..., d] to [...]", [x, value]);
    const gradient = channels ? moveAxis(channels.jacobian, 0, axis) : zerosLike(x);
    return { value, gradient, laplacian: channels?.laplacian ?? zerosLike(value) };
  };
}

function channelRule(
  { primitive, inputs, outputs, params }: Node,
  channels: readonly (Channels | undefined)[],
  d: number,
): (Channels | undefined)[] {
  const first = (ds: readonly MaybeTensor[]): MaybeTensor[] => {
    const xs = inputs.map(aliasOf);
    const ys = apply(primitive, xs, params);
    return pushforward(xs, ds, ys);
  };
  const along = (f: (ds: readonly MaybeTensor[]) => MaybeTensor[]): MaybeTensor[] => {
    const active = channels.flatMap((c, i) => (c ? [i] : []));
    const rows = active.map((i) => placeholder(inputs[i].dtype, inputs[i].shape));
    const results = f(inputs.map((_, i) => rows[active.indexOf(i)]));
    const some = results.flatMap((r) => (r ? [r] : []));
    const batched = batchProgram(
      { inputs: rows, outputs: some },
      active.map((i) => (channels[i] as Channels).jacobian),
      d,
    );
    return results.map((r) => r && batched[some.indexOf(r)]);
  };
  const jacobians = along(first);
  const transported = channels.some((c) => c?.laplacian) ? first(channels.map((c) => c?.laplacian)) : outputs.map(() => undefined);
  const curvature = isLinear(primitive, channels) ? outputs.map(() => undefined) : curvatures();
  return outputs.map((_, i): Channels | undefined => {
    const jacobianOf = jacobians[i];
    if (!jacobianOf) return undefined;
    const [a, b] = [transported[i], curvature[i]];
    return { jacobian: jacobianOf, laplacian: a && b ? add(a, b) : (a ?? b) };
  });

  function curvatures(): MaybeTensor[] {
    // Elementwise functions of one argument: φ'' once, times Σ_k J_k².
    const only = channels.length === 1 ? channels[0] : undefined;
    if (only && primitive.partials) {
      const xs = inputs.map(aliasOf);
      const [slope] = [primitive.partials[0](xs, apply(primitive, xs, params)[0])];
      const [second] = pushforward(xs, [broadcastTo(scalar(1, inputs[0].dtype), inputs[0].shape)], [slope]);
      return [second && !(splat(second) === 0) ? mul(second, sum(square(only.jacobian), 0)) : undefined];
    }
    // Products: 2 Σ_k B(J_k, J_k), doubled after the sum.
    if (primitive.bilinear && channels.every(Boolean)) {
      const products = along((ds) => [...apply(primitive, ds as Tensor[], params)]);
      return products.map((p) => p && mul(sum(p, 0), 2));
    }
    const seconds = along((ds) => {
      const xs = inputs.map(aliasOf);
      const inner = pushforward(xs, ds, apply(primitive, xs, params));
      return secondTangents(xs, ds, inner);
    });
    return seconds.map((s) => s && sum(s, 0));
  }
}

/** Derivative, in the direction ds, of tangents that were themselves taken in the direction ds. */
function secondTangents(xs: readonly Tensor[], ds: readonly MaybeTensor[], tangents: readonly MaybeTensor[]): MaybeTensor[] {
  const some = tangents.flatMap((t) => (t ? [t] : []));
  const results = pushforward(xs, ds, some);
  return tangents.map((t) => t && results[some.indexOf(t)]);
}

/** Linear in the inputs that depend on x: no second derivatives. */
const isLinear = (primitive: Primitive, channels: readonly (Channels | undefined)[]): boolean =>
  primitive.jointlyLinear === true || (!primitive.partials && primitive.transpose !== undefined && channels.filter(Boolean).length === 1);
