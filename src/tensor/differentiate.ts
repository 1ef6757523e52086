/**
 * Derivatives of programs. Forward mode carries tangents from inputs to outputs (`pushforward`), reverse mode carries cotangents back
 * (`pullback`). A primitive states one rule; the reverse rule of one that states only its jvp is the transpose of that linear program,
 * which is its own pullback. Rules build ordinary programs, so that derivatives of any order compose.
 */
import { apply, apply1, fail, isFloat, type MaybeTensor, type Node, withRounding } from "./primitive.ts";
import { placeholder, scalar } from "./primitives/constant.ts";
import { add, mul } from "./primitives/elementwise.ts";
import { broadcastTo, sumTo } from "./primitives/shape.ts";
import type { Tensor } from "./tensor.ts";
import { between } from "./walk.ts";

export const zerosLike = (x: Tensor): Tensor => broadcastTo(scalar(0, x.dtype), x.shape);
const plus = (a: MaybeTensor, b: MaybeTensor): MaybeTensor => (a && b ? add(a, b) : (a ?? b));

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
  if (primitive.jvp) return primitive.jvp(inputs, ds, outputs, params);
  if (primitive.partials) {
    const terms = ds.map((d, i) => d && mul(d, (primitive.partials as NonNullable<typeof primitive.partials>)[i](inputs, y)));
    const total = terms.reduce(plus, undefined);
    return [total && broadcastTo(total, y.shape)];
  }
  if (primitive.transpose || primitive.jointlyLinear) {
    if (primitive.jointlyLinear)
      return apply(
        primitive,
        inputs.map((x, i) => ds[i] ?? zerosLike(x)),
        params,
      );
    const terms = ds.map(
      (d, i) =>
        d &&
        apply1(
          primitive,
          inputs.map((x, j) => (i === j ? d : x)),
          params,
        ),
    );
    return [terms.reduce(plus, undefined)];
  }
  if (!primitive.vjp) return fail(primitive.name, "has no derivative", inputs);
  // Only a reverse rule: it is linear in the cotangents, and its transpose is the forward rule.
  const cts = outputs.map((o) => (isFloat(o.dtype) ? placeholder(o.dtype, o.shape) : undefined));
  const back = primitive.vjp(inputs, cts, outputs, params);
  const used = ds.flatMap((d, i) => (d && back[i] ? [[back[i] as Tensor, d] as const] : []));
  const sources = cts.filter((c) => c !== undefined);
  const result = pullback(
    sources,
    used.map(([g]) => g),
    used.map(([, d]) => d),
  );
  return cts.map((c) => (c ? result[sources.indexOf(c)] : undefined));
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
    if (ct) cotangent.set(x, plus(cotangent.get(x), ct) as Tensor);
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
  const ct = cts[0] as Tensor;
  if (primitive.partials)
    return inputs.map((x, i) =>
      needed[i]
        ? sumTo(mul(ct, (primitive.partials as NonNullable<typeof primitive.partials>)[i](inputs, outputs[0])), x.shape)
        : undefined,
    );
  if (primitive.transpose) return inputs.map((_, i) => (needed[i] ? primitive.transpose?.[i]?.(ct, inputs, params) : undefined));
  if (!primitive.jvp) return fail(primitive.name, "has no derivative", inputs);
  const tangents = inputs.map((x, i) => (needed[i] ? placeholder(x.dtype, x.shape) : undefined));
  const dys = primitive.jvp(inputs, tangents, outputs, params);
  const linear = dys.flatMap((dy, i) => (dy && cts[i] ? [[dy, cts[i] as Tensor] as const] : []));
  const sources = tangents.filter((t) => t !== undefined);
  const result = pullback(
    sources,
    linear.map(([dy]) => dy),
    linear.map(([, c]) => c),
  );
  return tangents.map((t) => (t ? result[sources.indexOf(t)] : undefined));
}
