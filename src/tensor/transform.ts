/** Transformations of functions of tensors. All take functions and return functions, and compose in any order. */

import { type Structure, unflatten } from "../array/tree.ts";
import { batchProgram } from "./batch.ts";
import { pullback, pushforward } from "./differentiate.ts";
import { withRounding } from "./primitive.ts";
import { aliasOf, placeholder, scalar, stopped, tensors } from "./primitives/constant.ts";
import { eye } from "./primitives/gather.ts";
import { moveAxis, reshape } from "./primitives/reshape.ts";
import { zerosLike } from "./primitives/sum.ts";
import { fail, floatType, sameShape } from "./shapes.ts";
import { isFloat, type MaybeTensor, type Rounding, type Tensor } from "./tensor.ts";

interface Run<R> {
  readonly inputs: Tensor[];
  readonly outputs: Tensor[];
  readonly argStructure: Structure;
  readonly structure: Structure;
  readonly result: R;
}

/** Calls f on aliases of its arguments, so that the uses of these arguments inside f can be told from any others. */
function runOnAliases<A extends unknown[], R>(operation: string, f: (...args: A) => R, args: A): Run<R> {
  const flat = tensors(operation, args);
  const inputs = flat.leaves.map(aliasOf);
  const result = f(...unflatten<A>(flat.structure, inputs));
  const { leaves, structure } = tensors(operation, result);
  return { inputs, outputs: leaves, argStructure: flat.structure, structure, result };
}

/** Value and directional derivative: f(x), f'(x) v. */
export function jvp<A extends unknown[], R>(f: (...args: A) => R, args: A, directions: A): [R, R] {
  const run = runOnAliases("jvp", f, args);
  const ds = tensors("jvp", directions).leaves;
  checkLike("jvp", "direction", ds, run.inputs);
  const floats = ds.map((d) => (isFloat(d.dtype) ? d : undefined));
  const dys = pushforward(run.inputs, floats, run.outputs);
  return [unflatten(run.structure, run.outputs), unflatten(run.structure, orZeros(dys, run.outputs))];
}

/** Value and the transposed derivative: f(x), and a function from cotangents of f(x) to cotangents of the arguments. */
export function vjp<A extends unknown[], R>(f: (...args: A) => R, ...args: A): [R, (ct: R) => A] {
  const run = runOnAliases("vjp", f, args);
  const back = (ct: R): A => {
    const cts = tensors("vjp", ct).leaves;
    checkLike("vjp", "cotangent", cts, run.outputs);
    const xs = pullback(run.inputs, run.outputs, cts);
    return unflatten<A>(run.argStructure, orZeros(xs, run.inputs));
  };
  return [unflatten(run.structure, run.outputs), back];
}

const orZeros = (list: readonly MaybeTensor[], like: readonly Tensor[]): Tensor[] => list.map((t, i) => t ?? zerosLike(like[i]));

function checkLike(operation: string, what: string, given: readonly Tensor[], expected: readonly Tensor[]): void {
  if (given.length !== expected.length) fail(operation, `${given.length} ${what}s for ${expected.length} tensors`);
  given.forEach((t, i) => {
    if (!sameShape(t.shape, expected[i].shape) || t.dtype !== expected[i].dtype)
      fail(operation, `${what} ${i} does not fit`, [t, expected[i]]);
  });
}

type First<A extends unknown[]> = A[0];

/**
 * Value and gradient of a scalar function with respect to its first argument (a tree).
 *
 * With `aux`, f returns [value, aux] and the result is [[value, aux], gradient].
 */
export function valueAndGrad<A extends unknown[]>(f: (...args: A) => Tensor): (...args: A) => [Tensor, First<A>];
export function valueAndGrad<A extends unknown[], X>(
  f: (...args: A) => [Tensor, X],
  options: { aux: true },
): (...args: A) => [[Tensor, X], First<A>];
export function valueAndGrad<A extends unknown[]>(
  f: (...args: A) => unknown,
  options?: { aux: true },
): (...args: A) => [unknown, First<A>] {
  return (...args) => {
    const flat = tensors("grad", args[0]);
    const integer = flat.leaves.find((x) => !isFloat(x.dtype));
    if (integer) fail("grad", "derivatives are with respect to floats", [integer]);
    const inputs = flat.leaves.map(aliasOf);
    const result = f(...([unflatten(flat.structure, inputs), ...args.slice(1)] as A));
    const value = tensors("grad", options?.aux ? (result as [Tensor, unknown])[0] : result).leaves[0];
    if (value.size !== 1 || value.rank !== 0) fail("grad", "the function must return a scalar; use sum() or jacobian()", [value]);
    const gradient = orZeros(pullback(inputs, [value], [scalar(1, value.dtype)]), inputs);
    return [options?.aux ? result : value, unflatten(flat.structure, gradient)];
  };
}

/** Gradient of a scalar function with respect to its first argument (a tree). */
export function grad<A extends unknown[]>(f: (...args: A) => Tensor): (...args: A) => First<A> {
  const both = valueAndGrad(f);
  return (...args) => both(...args)[1];
}

/** ∂f_i/∂x_j of a function of one tensor: shape [...f, ...x]. Forward or reverse, whichever needs fewer passes. */
export function jacobian(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => {
    const y = f(placeholder(x.dtype, x.shape));
    const shape = [...y.shape, ...x.shape];
    if (x.size <= y.size) {
      const columns = vmap((direction: Tensor) => jvp(f, [x], [reshape(direction, x.shape)])[1])(eye(x.size, floatType("jacobian", x)));
      return reshape(moveAxis(columns, 0, -1), shape);
    }
    const rows = vmap((ct: Tensor) => vjp(f, x)[1](reshape(ct, y.shape))[0])(eye(y.size, floatType("jacobian", y)));
    return reshape(rows, shape);
  };
}

/** Product of the Hessian of a scalar function with v: forward over reverse, without the Hessian. */
export function hvp<X>(f: (x: X) => Tensor, x: X, v: X): X {
  return jvp(grad(f), [x], [v])[1];
}

/** Hessian of a scalar function of one tensor: shape [...x, ...x]. */
export const hessian = (f: (x: Tensor) => Tensor): ((x: Tensor) => Tensor) => jacobian(grad(f));

/**
 * The function for a batch: arguments and results get a leading axis.
 *
 * @param inAxes  for each argument the axis of the batch, or null if it is shared; default 0 for all. Applies to every leaf of a tree.
 */
export function vmap<A extends unknown[], R>(f: (...args: A) => R, inAxes?: readonly (number | null)[]): (...args: A) => R {
  return (...args) => {
    const flats = args.map((a) => tensors("vmap", a));
    const batches = flats.map(({ leaves }, i) => {
      const axis = inAxes ? inAxes[i] : 0;
      return leaves.map((x) => {
        if (axis === null) return undefined;
        if (x.rank === 0) fail("vmap", `argument ${i} has no axis to map over; give it null in inAxes`, [x]);
        return moveAxis(x, axis, 0);
      });
    });
    const sizes = new Set(batches.flat().flatMap((x) => (x ? [x.shape[0]] : [])));
    if (sizes.size !== 1) fail("vmap", sizes.size ? `batch sizes differ: ${[...sizes].join(", ")}` : "no argument is mapped");
    const [size] = sizes;
    const rowLike = (b: Tensor): Tensor => placeholder(b.dtype, b.shape.slice(1));
    const rows = flats.map(({ leaves }, i) => leaves.map((x, j) => (batches[i][j] ? rowLike(batches[i][j]) : x)));
    const { leaves, structure } = tensors("vmap", f(...(flats.map((flat, i) => unflatten(flat.structure, rows[i])) as A)));
    const inputs = rows.flat();
    return unflatten<R>(structure, batchProgram({ inputs, outputs: leaves }, batches.flat(), size));
  };
}

/** The same values, as constants to differentiation. */
export function stopGradient<T>(tree: T): T {
  const { leaves, structure } = tensors("stopGradient", tree);
  return unflatten<T>(structure, leaves.map(stopped));
}

/** f with the result of every operation rounded to f16 or bf16 (products accumulate in f32), and its derivatives alike. */
export function lowPrecision<A extends unknown[], R>(mode: Rounding, f: (...args: A) => R): (...args: A) => R {
  return (...args) => withRounding(mode, () => f(...args));
}

/** f with no result rounded, also where it is called by a function in low precision: for counters, step sizes and schedules. */
export function fullPrecision<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => withRounding(undefined, () => f(...args));
}
