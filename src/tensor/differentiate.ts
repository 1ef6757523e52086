/**
 * Derivatives of programs. Forward mode carries tangents from inputs to outputs (`pushforward`), reverse mode carries cotangents back
 * (`pullback`). A primitive states one rule; the reverse rule of one that states only its jvp is the transpose of that linear program,
 * which is its own pullback. Rules build ordinary programs, so that derivatives of any order compose.
 */
import { apply, apply1, withRounding } from "./primitive.ts";
import { add, mul } from "./primitives/arithmetic.ts";
import { fresh } from "./primitives/constant.ts";
import { broadcastTo, sumTo, zerosLike } from "./primitives/sum.ts";
import { fail } from "./shapes.ts";
import { isFloat, type MaybeTensor, type Node, type Tensor } from "./tensor.ts";
import { between } from "./walk.ts";

/** Those that are not zero. */
export const some = (list: readonly MaybeTensor[]): Tensor[] => list.filter((t) => t !== undefined);
export const plus = (a: MaybeTensor, b: MaybeTensor): MaybeTensor => (a && b ? add(a, b) : (a ?? b));

/** Tangents of the outputs, given those of the inputs; `undefined` is zero. Inputs must be aliases or placeholders. */
export function pushforward(inputs: readonly Tensor[], tangents: readonly MaybeTensor[], outputs: readonly Tensor[]): MaybeTensor[] {
  const tangent = new Map<Tensor, Tensor>();
  const set = (x: Tensor, d: MaybeTensor): void => {
    if (d) tangent.set(x, d);
  };
  inputs.forEach((x, i) => set(x, tangents[i]));
  for (const node of between(inputs, outputs)) {
    const ds = node.inputs.map((x) => tangent.get(x));
    if (node.primitive.flat || ds.every((d) => !d)) continue;
    const dys = withRounding(node.rounding, () => jvpRule(node, ds));
    node.outputs.forEach((y, i) => set(y, dys[i]));
  }
  return outputs.map((y) => tangent.get(y));
}

function jvpRule(node: Node, ds: readonly MaybeTensor[]): readonly MaybeTensor[] {
  const { primitive, inputs, outputs, params } = node;
  const [y] = outputs;
  const { partials } = primitive;
  if (primitive.jvp) return primitive.jvp(inputs, ds, outputs, params);
  if (partials) {
    const total = ds.map((d, i) => d && mul(d, partials[i](inputs, y))).reduce(plus, undefined);
    return [total && broadcastTo(total, y.shape)];
  }
  if (primitive.jointlyLinear) {
    const tangents = inputs.map((x, i) => ds[i] ?? (isFloat(x.dtype) ? zerosLike(x) : x));
    return apply(primitive, tangents, params);
  }
  if (primitive.transpose) {
    const along = (d: Tensor, i: number): Tensor => apply1(primitive, inputs.with(i, d), params);
    return [ds.map((d, i) => d && along(d, i)).reduce(plus, undefined)];
  }
  if (!primitive.vjp) return fail(primitive.name, "has no derivative", inputs);
  // Only a reverse rule: it is linear in the cotangents, and its transpose is the forward rule.
  const cts = outputs.map((o) => (isFloat(o.dtype) ? fresh(o) : undefined));
  return transposed(cts, primitive.vjp(inputs, cts, outputs, params), ds);
}

/** Transpose of the linear program from `sources` to `results`, at cotangents of the results. */
function transposed(sources: readonly MaybeTensor[], results: readonly MaybeTensor[], cts: readonly MaybeTensor[]): MaybeTensor[] {
  const active = results.map((y, i) => Boolean(y && cts[i]));
  const only = (list: readonly MaybeTensor[]): Tensor[] => some(list.filter((_, i) => active[i]));
  const inputs = some(sources);
  const back = pullback(inputs, only(results), only(cts));
  return sources.map((s) => s && back[inputs.indexOf(s)]);
}

/** Cotangents of the inputs, given those of the outputs; `undefined` is zero. Inputs must be aliases or placeholders. */
export function pullback(inputs: readonly Tensor[], outputs: readonly Tensor[], cts: readonly MaybeTensor[]): MaybeTensor[] {
  const all = cotangents(inputs, outputs, cts);
  return inputs.map((x) => all.get(x));
}

/** Cotangents of the inputs and of every tensor between them and the outputs; those that are not in the map are zero. */
export function cotangents(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  cts: readonly MaybeTensor[],
): ReadonlyMap<Tensor, Tensor> {
  const cotangent = new Map<Tensor, Tensor>();
  const accumulate = (x: Tensor, ct: MaybeTensor): void => {
    const sum = plus(cotangent.get(x), ct);
    if (sum) cotangent.set(x, sum);
  };
  outputs.forEach((y, i) => accumulate(y, cts[i]));
  const path = inputs.length ? between(inputs, outputs) : [];
  const touched = new Set<Node>([...inputs.map((x) => x.node), ...path]);
  for (const node of path.reverse()) {
    const ys = node.outputs.map((y) => cotangent.get(y));
    if (node.primitive.flat || ys.every((ct) => !ct)) continue;
    const needed = node.inputs.map((x) => isFloat(x.dtype) && touched.has(x.node));
    const xs = withRounding(node.rounding, () => vjpRule(node, ys, needed));
    node.inputs.forEach((x, i) => {
      if (needed[i]) accumulate(x, xs[i]);
    });
  }
  return cotangent;
}

function vjpRule(node: Node, cts: readonly MaybeTensor[], needed: readonly boolean[]): readonly MaybeTensor[] {
  const { primitive, inputs, outputs, params } = node;
  if (primitive.vjp) return primitive.vjp(inputs, cts, outputs, params);
  const [ct] = cts;
  if (primitive.partials && ct)
    return primitive.partials.map((slope, i) => (needed[i] ? sumTo(mul(ct, slope(inputs, outputs[0])), inputs[i].shape) : undefined));
  if (primitive.transpose && ct) return inputs.map((_, i) => (needed[i] ? primitive.transpose?.[i]?.(ct, inputs, params) : undefined));
  if (!primitive.jvp) return fail(primitive.name, "has no derivative", inputs);
  const tangents = inputs.map((x, i) => (needed[i] ? fresh(x) : undefined));
  return transposed(tangents, primitive.jvp(inputs, tangents, outputs, params), cts);
}
