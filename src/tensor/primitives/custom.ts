/** Functions with a derivative rule of their own, and functions that are computed again in the backward pass. */
import { unflatten } from "../../array/tree.ts";
import { batchProgram } from "../batch.ts";
import { pullback, pushforward } from "../differentiate.ts";
import { apply, apply1 } from "../primitive.ts";
import { fail } from "../shapes.ts";
import type { MaybeTensor, Primitive, Tensor } from "../tensor.ts";
import { captured, closed, substitute } from "../walk.ts";
import { aliasOf, fresh, placeholder, tensors } from "./constant.ts";
import { broadcastTo, spread, zerosLike } from "./sum.ts";

/** Inlined when the program is compiled; until then it is one node, with the reverse rule in its parameters. */
const callPrimitive: Primitive = {
  name: "customVjp",
  exact: true,
  infer: (_, { body }) => body.outputs.map(({ dtype, shape }: Tensor) => ({ dtype, shape })),
  expand: (inputs, { body }) => substitute(body.inputs, body.outputs, inputs),
  vjp: (inputs, cts, outputs, { rule }) =>
    rule(
      inputs,
      cts.map((ct, i) => ct ?? zerosLike(outputs[i])),
      outputs,
    ),
  batch(inputs, batched, { body, rule }) {
    const size = inputs[batched.indexOf(true)].shape[0];
    const rows = body.inputs.map((x: Tensor) => placeholder(x.dtype, [size, ...x.shape]));
    const outputs = batchProgram(body, rows, size);
    const batchedRule = (xs: readonly Tensor[], cts: readonly Tensor[], ys: readonly Tensor[]): Tensor[] => {
      const all = [...xs, ...cts, ...ys].map((t) => placeholder(t.dtype, t.shape.slice(1)));
      const [n, m] = [xs.length, xs.length + cts.length];
      const grads: MaybeTensor[] = rule(all.slice(0, n), all.slice(n, m), all.slice(m));
      return batchProgram({ inputs: all, outputs: grads.map((g, i) => g ?? zerosLike(all[i])) }, [...xs, ...cts, ...ys], size);
    };
    return apply(callPrimitive, spread(inputs, batched), { body: { inputs: rows, outputs }, rule: batchedRule });
  },
};

/**
 * A function with a reverse rule of its own.
 *
 * @param f     function of tensors (trees); must not use tensors from outside
 * @param rule  (args, ct, y) -> cotangents of args: the transposed derivative at args applied to ct, a tree like the result
 */
export function customVjp<A extends unknown[], R>(f: (...args: A) => R, rule: (args: A, ct: R, y: R) => unknown[]): (...args: A) => R {
  return (...args) => {
    const flat = tensors("customVjp", args);
    const inputs = flat.leaves.map(fresh);
    const result = tensors("customVjp", f(...unflatten<A>(flat.structure, inputs)));
    const outside = captured(inputs, result.leaves);
    if (outside.length) fail("customVjp", "the function uses tensors from outside; pass them as arguments", outside);
    const flatRule = (xs: readonly Tensor[], cts: readonly Tensor[], ys: readonly Tensor[]): Tensor[] => {
      const grads = tensors(
        "customVjp",
        rule(unflatten(flat.structure, xs), unflatten(result.structure, cts), unflatten(result.structure, ys)),
      );
      if (grads.leaves.length !== xs.length) fail("customVjp", `the rule gives ${grads.leaves.length} cotangents for ${xs.length} inputs`);
      return grads.leaves;
    };
    return unflatten<R>(result.structure, apply(callPrimitive, flat.leaves, { body: { inputs, outputs: result.leaves }, rule: flatRule }));
  };
}

const checkpointPrimitive: Primitive = {
  name: "checkpoint",
  exact: true,
  infer: callPrimitive.infer,
  expand: callPrimitive.expand,
  jvp(inputs, ds, _, { body }) {
    const xs = inputs.map(aliasOf);
    return pushforward(xs, ds, substitute(body.inputs, body.outputs, xs));
  },
  vjp(inputs, cts, _, { body }) {
    const trigger = cts.find((ct) => ct !== undefined) as Tensor;
    const xs = inputs.map((x) => aliasOf(apply1(barrier, [x, trigger])));
    return pullback(xs, substitute(body.inputs, body.outputs, xs), cts);
  },
  batch(inputs, batched, { body }) {
    const size = inputs[batched.indexOf(true)].shape[0];
    const rows = body.inputs.map((x: Tensor, i: number) => (batched[i] ? placeholder(x.dtype, [size, ...x.shape]) : x));
    const outputs = batchProgram(
      body,
      rows.map((r: Tensor, i: number) => (batched[i] ? r : undefined)),
      size,
    );
    return apply(checkpointPrimitive, inputs, { body: { inputs: rows, outputs } });
  },
};

/** x, but not before `trigger` is known: keeps recomputation from being shared with the first computation. */
const barrier: Primitive = {
  name: "barrier",
  exact: true,
  infer: ([x]) => [x],
  onnx(emit, [x, trigger]) {
    const flat = emit.op("Reshape", [trigger, emit.ints([-1])])[0];
    const one = emit.op("Slice", [flat, emit.ints([0]), emit.ints([1])])[0];
    const known = emit.op("Reshape", [emit.op("Equal", [one, one])[0], emit.ints([])])[0];
    return emit.op("Where", [known, x, x]);
  },
  expand: ([x], _, target) => (target === "wasm" ? [x] : undefined),
  jvp: (_, [dx]) => [dx],
  batch: ([x, trigger], [xBatched]) => {
    const size = (xBatched ? x : trigger).shape[0];
    return [apply1(barrier, [xBatched ? x : broadcastTo(x, [size, ...x.shape]), trigger])];
  },
};

/** f, whose intermediate values are not kept for the backward pass but computed again there: less memory for more time. */
export function checkpoint<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const flat = tensors("checkpoint", args);
    const own = flat.leaves.map(fresh);
    const result = tensors("checkpoint", f(...unflatten<A>(flat.structure, own)));
    const closure = captured(own, result.leaves);
    const body = closed({ inputs: own, outputs: result.leaves }, closure);
    return unflatten<R>(result.structure, apply(checkpointPrimitive, [...flat.leaves, ...closure], { body }));
  };
}
