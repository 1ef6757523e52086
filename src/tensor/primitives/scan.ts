/** Loops of known length inside one run, differentiable in both modes. */
import { sizeOf } from "../../array/ndarray.ts";
import { flatten, type Structure, unflatten } from "../../array/tree.ts";
import { batchProgram } from "../batch.ts";
import { plus, pullback, pushforward, some } from "../differentiate.ts";
import { apply } from "../primitive.ts";
import { fail, range, sameShape } from "../shapes.ts";
import { describe, type Emitter, isFloat, type MaybeTensor, type Node, type Primitive, type Tensor } from "../tensor.ts";
import { captured, closed, type Program, substitute } from "../walk.ts";
import { bytesOf, bytesOfTensor, sizeInBytes } from "../wasm/memory.ts";
import { counted } from "../wasm/nest.ts";
import { type Place, pushPlace, setPointer } from "../wasm/place.ts";
import { inputAt, pingPong } from "../wasm/rules.ts";
import type { NodeWriter } from "../wasm/writer.ts";
import { fresh, iota, isValue, liftOne, placeholder, tensors, type Value } from "./constant.ts";
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
  wasm: {
    scratch: ({ inputs, params }) => 2 * inputs.slice(0, params.carries).reduce((bytes, x) => bytes + sizeInBytes(x), 0),
    steps: ({ params }) => params.length,
    programs: ({ params: { body, carries }, outputs }, used) => [
      { inputs: body.inputs, outputs: body.outputs.filter((_: Tensor, i: number) => i < carries || used(outputs[i])) },
    ],
    write: scanToWasm,
  },
  jvp: scanJvp,
  vjp: scanVjp,
  batch: scanBatch,
  work: () => Number.POSITIVE_INFINITY,
};

/** A list of inputs (or what belongs to them) as carries, sequences and constants. */
const parts = <T>(list: readonly T[], { carries, xs }: Pick<ScanParams, "carries" | "xs">): [T[], T[], T[]] => [
  list.slice(0, carries),
  list.slice(carries, carries + xs),
  list.slice(carries + xs),
];

const isFloating = (x: Tensor): boolean => isFloat(x.dtype);

/** Deals out a list to the tensors of floats, in order; the others have none. */
function dealt(xs: readonly Tensor[], list: readonly Tensor[]): MaybeTensor[] {
  let at = 0;
  return xs.map((x) => (isFloating(x) ? list[at++] : undefined));
}

/** The scan that carries tangents along. */
function scanJvp(inputs: readonly Tensor[], ds: readonly MaybeTensor[], outputs: readonly Tensor[], params: ScanParams): MaybeTensor[] {
  const { body, carries } = params;
  const active = inputs.map((x, i) => isFloating(x) && (i < carries || ds[i] !== undefined));
  const tangents = body.inputs.map((x, i) => (active[i] ? fresh(x) : undefined));
  const full = ds.map((d, i) => (active[i] ? (d ?? zerosLike(inputs[i])) : undefined));
  const dys = pushforward(body.inputs, tangents, body.outputs).map(
    (d, i) => d ?? (isFloating(body.outputs[i]) ? zerosLike(body.outputs[i]) : undefined),
  );
  const both = (primal: readonly Tensor[], tangent: readonly MaybeTensor[], of: Pick<ScanParams, "carries" | "xs">): Tensor[] => {
    const t = parts(tangent, of);
    return parts(primal, of).flatMap((part, k) => [...part, ...some(t[k])]);
  };
  const [dCarries, dXs] = parts(tangents, params).map((part) => some(part).length);
  const results = apply(scanPrimitive, both(inputs, full, params), {
    ...params,
    body: { inputs: both(body.inputs, tangents, params), outputs: both(body.outputs, dys, { carries, xs: body.outputs.length }) },
    carries: carries + dCarries,
    xs: params.xs + dXs,
  });
  // Results: last carries, their tangents, ys, their tangents, saved carries, their tangents.
  const groups = [carries, body.outputs.length - carries, carries];
  let [at, from] = [0, 0];
  return groups.flatMap((n) => {
    const own = outputs.slice(from, from + n);
    const floats = own.filter(isFloating).length;
    at += n + floats;
    from += n;
    return dealt(own, results.slice(at - floats, at));
  });
}

/** A scan in the other direction that recomputes each step from its saved carry and pulls the cotangents through it. */
function scanVjp(inputs: readonly Tensor[], cts: readonly MaybeTensor[], outputs: readonly Tensor[], params: ScanParams): MaybeTensor[] {
  const { body, carries, length, reverse } = params;
  const nOut = body.outputs.length;
  const [carry, x, constants] = parts(body.inputs, params);
  const [, xs, values] = parts(inputs, params);
  const ctCarry = carry.map((c) => (isFloating(c) ? fresh(c) : undefined));
  const ctY = body.outputs.slice(carries).map((y, i) => (cts[carries + i] ? fresh(y) : undefined));
  const ctSaved = carry.map((c, i) => (cts[nOut + i] ? fresh(c) : undefined));
  const sums = constants.map((c) => (isFloating(c) ? fresh(c) : undefined));
  const [gCarry, gX, gConstants] = parts(pullback(body.inputs, body.outputs, [...ctCarry, ...ctY]), params);
  const newCarry = carry.map((c, i) => ctCarry[i] && (plus(gCarry[i], ctSaved[i]) ?? zerosLike(c)));
  const newSums = sums.map((s, i) => s && plus(s, gConstants[i]));
  const newXs = x.map((t, i) => (isFloating(t) ? (gX[i] ?? zerosLike(t)) : undefined));
  const back: Program = {
    inputs: [...some(ctCarry), ...some(sums), ...carry, ...x, ...some(ctY), ...some(ctSaved), ...constants],
    outputs: [...some(newCarry), ...some(newSums), ...some(newXs)],
  };
  const start = [
    ...carry.flatMap((c, i) => (isFloating(c) ? [cts[i] ?? zerosLike(c)] : [])),
    ...constants.filter(isFloating).map(zerosLike),
  ];
  const sequences = [...outputs.slice(nOut), ...xs, ...some(cts.slice(carries, nOut)), ...some(cts.slice(nOut))];
  const results = apply(scanPrimitive, [...start, ...sequences, ...values], {
    body: back,
    carries: start.length,
    xs: sequences.length,
    length,
    reverse: !reverse,
  });
  const [c, k, g] = [carry, constants, x].map((list, i) =>
    dealt(list, results.slice([0, carry.filter(isFloating).length, start.length][i])),
  );
  return [...c, ...g, ...k];
}

function scanBatch(inputs: readonly Tensor[], batched: readonly boolean[], params: ScanParams): Tensor[] {
  const { body, carries, xs } = params;
  const [size] = inputs[batched.indexOf(true)].shape;
  const has = inputs.map((_, i) => i < carries || batched[i]);
  const values = inputs.map((x, i) => {
    if (i < carries) return batched[i] ? x : broadcastTo(x, [size, ...x.shape]);
    return batched[i] && i < carries + xs ? moveAxis(x, 0, 1) : x;
  });
  const rows = body.inputs.map((x, i) => (has[i] ? placeholder(x.dtype, [size, ...x.shape]) : undefined));
  const outputs = batchProgram(body, rows, size);
  const own = body.inputs.map((x, i) => rows[i] ?? x);
  const results = apply(scanPrimitive, values, { ...params, body: { inputs: own, outputs } });
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

function scanToWasm(w: NodeWriter, { inputs, outputs, params }: Node): void {
  const { body, carries, xs, length, reverse } = params as ScanParams;
  const loop = pingPong(w, inputs.slice(0, carries), 0);
  const bytes = ({ dtype, shape }: Tensor): number => sizeOf(shape.slice(1)) * bytesOf[dtype];
  // Pointers that walk along sequences.
  const walking = (place: Place, step: number): Walk => {
    const pointer = w.pointer();
    setPointer(w.code, pointer, () => pushPlace(w.code, place, reverse ? (length - 1) * step : 0));
    return { pointer, step };
  };
  const sequences = inputs.slice(carries, carries + xs).map((x, i) => walking(inputAt(w, carries + i), bytes(x)));
  const constants = inputs.slice(carries + xs).map((_, i) => inputAt(w, carries + xs + i));
  const results = (from: number, to?: number): (Walk | undefined)[] =>
    outputs.slice(from, to).map((y, i) => (w.used(from + i) ? walking(w.output(from + i), bytes(y)) : undefined));
  // what nobody uses is neither computed nor kept
  const ys = results(carries, body.outputs.length).flatMap((y) => (y ? [y] : []));
  const saved = results(body.outputs.length);
  counted(w.code, length, () => {
    saved.forEach((s, i) => {
      if (s) w.move(s.pointer, loop.now[i], bytesOfTensor(inputs[i]));
    });
    const given = [...loop.now, ...sequences.map((s) => s.pointer), ...constants];
    w.run(0, given, [...loop.next, ...ys.map((y) => y.pointer)]);
    loop.swap();
    for (const { pointer, step } of [...sequences, ...ys, ...saved.flatMap((s) => (s ? [s] : []))]) {
      if (step === 0) continue;
      setPointer(w.code, pointer, () => pushPlace(w.code, pointer, reverse ? -step : step));
    }
  });
  loop.finish();
}

interface Walk {
  readonly pointer: ReturnType<NodeWriter["pointer"]>;
  /** Bytes of a step. */
  readonly step: number;
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
