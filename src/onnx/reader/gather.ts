/** Operators of models that pick or place single elements. */
import { sizeOf } from "../../array/ndarray.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import type { Call, Operator } from "./call.ts";
import { checkLength, inProgram, knownIntegers } from "./known.ts";

/** Elements of known indices along an axis. */
export const takeList = (x: Tensor, list: readonly number[], axis: number): Tensor => t.take(x, inProgram(knownIntegers(list)), axis);

/** x[.., i, ..] along an axis; the indices may cover a corner of the other axes only. */
const gatherElements = (x: Tensor, i: Tensor, axis: number): Tensor => {
  const corner = t.slice(x, ...i.shape.map((n, a): t.Index => (a === axis ? null : [0, n])));
  return t.takeAlong(corner, i, axis);
};

function scatterElements(c: Call): Tensor {
  const [x, i, updates] = c.tensors();
  const axis = c.axis(x, c.int("axis", 0));
  const zeros = t.broadcastTo(t.scalar(0, updates.dtype), x.shape);
  // Its transpose adds the updates at their places.
  const sums = (u: Tensor): Tensor => t.vjp((z: Tensor) => gatherElements(z, i, axis), zeros)[1](u)[0];
  return assigned(c, x, updates, sums);
}

/** With reduction "none", places that something is written to take the new value; "add" adds it. */
function assigned(c: Call, x: Tensor, updates: Tensor, sums: (u: Tensor) => Tensor): Tensor {
  const reduction = c.text("reduction", "none");
  c.require(reduction === "none" || reduction === "add", `reduction "${reduction}"`);
  if (x.dtype !== "f32" && x.dtype !== "f64") c.fail(`scatters of ${x.dtype} are not supported`);
  if (reduction === "add") return x.add(sums(updates));
  return t.where(t.greater(sums(t.broadcastTo(t.scalar(1, updates.dtype), updates.shape)), 0), sums(updates), x);
}

/** Indices [.., k] of rows of the first k axes, as indices of their product; and x with these axes merged. */
function rowsOf(x: Tensor, indices: Tensor): { rows: Tensor; flat: Tensor } {
  const k = indices.shape[indices.rank - 1];
  const columns = x.shape.slice(0, k).map((n, j) => {
    const column = t.slice(indices, ...indices.shape.slice(1).map(() => null), j);
    return t.where(t.greater(0, column), column.add(n), column);
  });
  const flat = columns.reduce((sum, column, j) => sum.mul(x.shape[j]).add(column));
  return { rows: t.reshape(x, [sizeOf(x.shape.slice(0, k)), ...x.shape.slice(k)]), flat };
}

function gatherNd(c: Call): Tensor {
  c.require(c.int("batch_dims", 0) === 0, "batch_dims");
  const { rows, flat } = rowsOf(c.tensor(0), c.tensor(1));
  return t.take(rows, flat);
}

function scatterNd(c: Call): Tensor {
  const [x, updates] = [c.tensor(0), c.tensor(2)];
  const { rows, flat } = rowsOf(x, c.tensor(1));
  const zeros = t.broadcastTo(t.scalar(0, updates.dtype), rows.shape);
  return assigned(c, x, updates, (u) => t.reshape(t.scatterAdd(zeros, flat, u), x.shape));
}

function trilu(c: Call): Tensor {
  const x = c.tensor(0);
  x.shape.slice(-2).forEach(checkLength);
  const diagonal = c.maybeNumbers(1)?.[0] ?? 0;
  const triangle = c.int("upper", 1) ? t.triu : t.tril;
  return x.dtype === "bool" ? t.cast(triangle(t.cast(x, "i32"), diagonal), "bool") : triangle(x, diagonal);
}

function oneHot(c: Call): Tensor {
  const [indices, values] = [c.tensor(0), c.tensor(2)];
  const [depth] = c.numbers(1);
  checkLength(depth);
  const at = c.int("axis", -1);
  const axis = at < 0 ? at + indices.rank + 1 : at;
  const i = t.expandDims(t.cast(indices, "i32"), axis);
  const places = t.reshape(t.iota(depth), [depth, ...new Array<number>(indices.rank - axis).fill(1)]);
  const wrapped = t.where(t.greater(0, i), i.add(depth), i);
  const miss = t.cast(wrapped.sub(places).abs(), "bool");
  return t.where(miss, t.slice(values, 0), t.slice(values, 1));
}

export const gatherOperators: Record<string, Operator> = {
  GatherElements: (c) => gatherElements(c.tensor(0), c.tensor(1), c.axis(c.tensor(0), c.int("axis", 0))),
  GatherND: gatherNd,
  OneHot: oneHot,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  Trilu: trilu,
};
