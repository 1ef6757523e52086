/** Loops of known length inside one run, differentiable in both modes. */
import { flatten, type Structure, unflatten } from "../../array/tree.ts";
import { batchProgram } from "../batch.ts";
import { pullback, pushforward } from "../differentiate.ts";
import { apply } from "../primitive.ts";
import { fail, range, sameShape } from "../shapes.ts";
import { describe, type Emitter, isFloat, type MaybeTensor, type Node, type Primitive, type Tensor } from "../tensor.ts";
import { captured, closed, type Program, substitute } from "../walk.ts";
import { some } from "./cond.ts";
import { fresh, iota, isValue, liftOne, placeholder, tensors, type Value } from "./constant.ts";
import { add } from "./elementwise.ts";
import { expandDims, moveAxis, reshape } from "./reshape.ts";
import { concat, slice } from "./slice.ts";
import { broadcastTo, zerosLike } from "./sum.ts";

/**
 * Inputs: carries, xs [length, ...], constants. Outputs: last carries, ys [length, ...], and the carry *before* each step [length, ...],
 * which the reverse rule needs; what nobody uses is left out when the program is compiled.
 */
interface ScanParams {
  readonly body: Program;
  readonly carries: number;
  readonly xs: number;
  readonly length: number;
  readonly reverse: boolean;
}

const scanPrimitive: Primitive = {
  name: "scan",
  exact: true,
  infer(_, { body, carries, length }: ScanParams) {
    const stacked = ({ dtype, shape }: Tensor) => ({ dtype, shape: [length, ...shape] });
    return [
      ...body.outputs.slice(0, carries).map(({ dtype, shape }) => ({ dtype, shape })),
      ...body.outputs.slice(carries).map(stacked),
      ...body.inputs.slice(0, carries).map(stacked),
    ];
  },
  onnx: scanToOnnx,
  jvp: scanJvp,
  vjp: scanVjp,
  batch: scanBatch,
  work: () => Number.POSITIVE_INFINITY,
};

function scanJvp(inputs: readonly Tensor[], ds: readonly MaybeTensor[], _: readonly Tensor[], params: ScanParams): MaybeTensor[] {
  const { body, carries, xs } = params;
  const active = inputs.map((x, i) => isFloat(x.dtype) && (i < carries || ds[i] !== undefined));
  const tangents = body.inputs.map((x, i) => (active[i] ? fresh(x) : undefined));
  const dys = pushforward(body.inputs, tangents, body.outputs).map(
    (d, i) => d ?? (isFloat(body.outputs[i].dtype) ? zerosLike(body.outputs[i]) : undefined),
  );
  const full = ds.map((d, i) => (active[i] ? (d ?? zerosLike(inputs[i])) : undefined));
  const order = <T>(primal: readonly T[], tangent: readonly (T | undefined)[]): T[] => {
    const keep = (from: number, to?: number): T[] => [
      ...primal.slice(from, to),
      ...tangent.slice(from, to).filter((t): t is T & {} => t !== undefined),
    ];
    return [...keep(0, carries), ...keep(carries, carries + xs), ...keep(carries + xs)];
  };
  const newBody: Program = {
    inputs: order(body.inputs, tangents),
    outputs: [
      ...body.outputs.slice(0, carries),
      ...some(dys.slice(0, carries)),
      ...body.outputs.slice(carries),
      ...some(dys.slice(carries)),
    ],
  };
  const floats = tangents.slice(0, carries).filter((t) => t !== undefined).length;
  const dxs = tangents.slice(carries, carries + xs).filter((t) => t !== undefined).length;
  const results = apply(scanPrimitive, order(inputs, full), {
    ...params,
    body: newBody,
    carries: carries + floats,
    xs: xs + dxs,
  });
  return scanTangents(results, body, carries, floats);
}

/** Picks the tangents of the original outputs from those of the scan that carries both. */
function scanTangents(results: readonly Tensor[], body: Program, carries: number, floats: number): MaybeTensor[] {
  let at = carries;
  const take = (t: Tensor): MaybeTensor => (isFloat(t.dtype) ? results[at++] : undefined);
  const last = body.outputs.slice(0, carries).map(take);
  at = carries + floats + body.outputs.length - carries;
  const ys = body.outputs.slice(carries).map(take);
  at += carries;
  return [...last, ...ys, ...body.inputs.slice(0, carries).map(take)];
}

/** A scan in the other direction that recomputes each step from its saved carry and pulls the cotangents through it. */
function scanVjp(inputs: readonly Tensor[], cts: readonly MaybeTensor[], outputs: readonly Tensor[], params: ScanParams): MaybeTensor[] {
  const { body, carries, xs, length, reverse } = params;
  const nOut = body.outputs.length;
  const saved = outputs.slice(nOut);
  const floatCarries = body.inputs.slice(0, carries).map((x) => isFloat(x.dtype));
  const constants = body.inputs.slice(carries + xs);
  const ctCarry = body.inputs.slice(0, carries).map((x, i) => (floatCarries[i] ? fresh(x) : undefined));
  const ctY = body.outputs.slice(carries).map((y, i) => (cts[carries + i] ? fresh(y) : undefined));
  const ctSaved = body.inputs.slice(0, carries).map((x, i) => (cts[nOut + i] ? fresh(x) : undefined));
  const sums = constants.map((c) => (isFloat(c.dtype) ? fresh(c) : undefined));
  const grads = pullback(body.inputs, body.outputs, [...ctCarry, ...ctY]);
  const plus = (a: MaybeTensor, b: MaybeTensor, like: Tensor): Tensor => (a && b ? add(a, b) : (a ?? b ?? zerosLike(like)));
  const newCarry = ctCarry.map((c, i) => c && plus(grads[i], ctSaved[i], body.inputs[i]));
  const newSums = sums.map((s, i) => s && plus(s, grads[carries + xs + i], s));
  const gx = body.inputs.slice(carries, carries + xs).map((x, i) => (isFloat(x.dtype) ? (grads[carries + i] ?? zerosLike(x)) : undefined));
  const back: Program = {
    inputs: [
      ...some(ctCarry),
      ...some(sums),
      ...body.inputs.slice(0, carries),
      ...body.inputs.slice(carries, carries + xs),
      ...some(ctY),
      ...some(ctSaved),
      ...constants,
    ],
    outputs: [...some(newCarry), ...some(newSums), ...some(gx)],
  };
  const start = [
    ...floatCarries.flatMap((f, i) => (f ? [cts[i] ?? zerosLike(body.inputs[i])] : [])),
    ...constants.flatMap((c) => (isFloat(c.dtype) ? [zerosLike(c)] : [])),
  ];
  const sequences = [...saved, ...inputs.slice(carries, carries + xs), ...some(cts.slice(carries, nOut)), ...some(cts.slice(nOut))];
  const results = apply(scanPrimitive, [...start, ...sequences, ...inputs.slice(carries + xs)], {
    body: back,
    carries: start.length,
    xs: sequences.length,
    length,
    reverse: !reverse,
  });
  let at = 0;
  const take = (x: Tensor): MaybeTensor => (isFloat(x.dtype) ? results[at++] : undefined);
  const c = body.inputs.slice(0, carries).map(take);
  const k = constants.map(take);
  return [...c, ...body.inputs.slice(carries, carries + xs).map(take), ...k];
}

function scanBatch(inputs: readonly Tensor[], batched: readonly boolean[], params: ScanParams): Tensor[] {
  const { body, carries, xs } = params;
  const first = batched.indexOf(true);
  const size = inputs[first].shape[0];
  const spread = (x: Tensor): Tensor => broadcastTo(x, [size, ...x.shape]);
  const values = inputs.map((x, i) => {
    if (i < carries) return batched[i] ? x : spread(x);
    return batched[i] && i < carries + xs ? moveAxis(x, 0, 1) : x;
  });
  const placeholders = body.inputs.map((x, i) => (i < carries || batched[i] ? placeholder(x.dtype, [size, ...x.shape]) : x));
  const outputs = batchProgram(
    body,
    body.inputs.map((_, i) => (i < carries || batched[i] ? placeholders[i] : undefined)),
    size,
  );
  const results = apply(scanPrimitive, values, { ...params, body: { inputs: placeholders, outputs } });
  return results.map((y, i) => (i < carries ? y : moveAxis(y, 1, 0)));
}

function scanToOnnx(emit: Emitter, inputs: readonly string[], node: Node): string[] {
  const { body, carries, xs, reverse } = node.params as ScanParams;
  const ys = body.outputs.length - carries;
  const keptYs = range(ys).filter((i) => emit.used(node.outputs[carries + i]));
  const keptCarries = range(carries).filter((i) => emit.used(node.outputs[carries + ys + i]));
  const graph = emit.subgraph(
    body.inputs.slice(0, carries + xs),
    [...body.outputs.slice(0, carries), ...keptYs.map((i) => body.outputs[carries + i]), ...keptCarries.map((i) => body.inputs[i])],
    new Map(body.inputs.slice(carries + xs).map((x, i) => [x, inputs[carries + xs + i]])),
  );
  const direction = reverse ? 1 : 0;
  const count = keptYs.length + keptCarries.length;
  const names = emit.op(
    "Scan",
    inputs.slice(0, carries + xs),
    {
      body: graph,
      num_scan_inputs: xs,
      scan_input_directions: new Array(xs).fill(direction),
      scan_output_directions: new Array(count).fill(direction),
    },
    { outputs: carries + count },
  );
  const result: string[] = names.slice(0, carries);
  keptYs.forEach((i, k) => (result[carries + i] = names[carries + k]));
  keptCarries.forEach((i, k) => (result[carries + ys + i] = names[carries + keptYs.length + k]));
  return result;
}

/** Refuses a step whose carry is not of the shapes and dtypes that it was given. */
export function checkCarry(operation: string, before: readonly Tensor[], after: readonly Tensor[]): void {
  const differs = after.findIndex((t, i) => t.dtype !== before[i]?.dtype || !sameShape(t.shape, before[i].shape));
  if (before.length !== after.length) fail(operation, `the carry has ${before.length} leaves before a step and ${after.length} after it`);
  if (differs >= 0)
    fail(operation, `leaf ${differs} of the carry changes from ${describe(before[differs])} to ${describe(after[differs])}`);
}

/**
 * A loop inside one run: (carry, y_k) = f(carry, x_k) for k = 0, …, length - 1.
 *
 * @param f       step; carries keep their shapes and dtypes
 * @param init    first carry (a tree)
 * @param xs      tree of sequences along their first axis, or the number of steps
 * @param options.reverse  from the last element to the first (ys stay aligned with xs)
 * @param options.unroll   write the steps out instead of looping: faster for a few small steps
 * @returns  { carry, ys }: the last carry and the stacked ys
 */
export function scan<C, X, Y>(
  f: (carry: C, x: X) => { carry: C; y?: Y },
  init: C,
  xs: X | number,
  options: { reverse?: boolean; unroll?: boolean } = {},
): { carry: C; ys: Y } {
  const start = tensors("scan", init);
  const sequences = tensors("scan", typeof xs === "number" ? iota(xs) : xs);
  if (sequences.leaves.length === 0) fail("scan", "needs a sequence, or a number of steps");
  const [length] = sequences.leaves[0].shape;
  if (sequences.leaves.some((x) => x.rank === 0 || x.shape[0] !== length)) fail("scan", "sequences differ in length", sequences.leaves);
  const carryIn = start.leaves.map(fresh);
  const xIn = sequences.leaves.map((x) => placeholder(x.dtype, x.shape.slice(1)));
  const step = f(unflatten<C>(start.structure, carryIn), unflatten<X>(sequences.structure, xIn));
  const next = flatten<Value>(step.carry, isValue).leaves.map((v, i) => liftOne("scan", v, carryIn[i]?.dtype));
  checkCarry("scan", carryIn, next);
  const y = tensors("scan", step.y ?? []);
  const program: Program = { inputs: [...carryIn, ...xIn], outputs: [...next, ...y.leaves] };
  if (length === 0 || options.unroll) return unrolled(program, start, sequences.leaves, y.structure, options.reverse ?? false);
  const closure = captured(program.inputs, program.outputs);
  const body = closed(program, closure);
  const params: ScanParams = { body, carries: carryIn.length, xs: xIn.length, length, reverse: options.reverse ?? false };
  const results = apply(scanPrimitive, [...start.leaves, ...sequences.leaves, ...closure], params);
  const nc = carryIn.length;
  return {
    carry: unflatten<C>(start.structure, results.slice(0, nc)),
    ys: unflatten<Y>(y.structure, results.slice(nc, nc + y.leaves.length)),
  };
}

function unrolled<C, Y>(
  program: Program,
  start: { leaves: Tensor[]; structure: Structure },
  xs: Tensor[],
  yStructure: Structure,
  reverse: boolean,
): { carry: C; ys: Y } {
  let carry = start.leaves;
  const nc = carry.length;
  const length = xs[0].shape[0];
  const ys: Tensor[][] = [];
  for (let k = 0; k < length; k++) {
    const at = reverse ? length - 1 - k : k;
    const results = substitute(program.inputs, program.outputs, [...carry, ...xs.map((x) => slice(x, at))]);
    carry = results.slice(0, nc);
    ys.push(results.slice(nc));
  }
  if (reverse) ys.reverse();
  const stacked = program.outputs
    .slice(nc)
    .map((y, i) =>
      length ? concat(ys.map((row) => expandDims(row[i], 0))) : reshape(zerosLike(placeholder(y.dtype, [0, ...y.shape])), [0, ...y.shape]),
    );
  return { carry: unflatten<C>(start.structure, carry), ys: unflatten<Y>(yStructure, stacked) };
}
