/** Operators of models that pick or place single elements. */

import { sizeOf } from "../array/ndarray.ts";
import { cast } from "../tensor/primitives/cast.ts";
import { iota, scalar } from "../tensor/primitives/constant.ts";
import { greater, where } from "../tensor/primitives/elementwise.ts";
import { scatterAdd, take, takeAlong, tril, triu } from "../tensor/primitives/gather.ts";
import { expandDims, reshape } from "../tensor/primitives/reshape.ts";
import { type Index, slice } from "../tensor/primitives/slice.ts";
import { broadcastTo } from "../tensor/primitives/sum.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { vjp } from "../tensor/transform.ts";
import { asTensor, axisOf, type Call, int, maybeNumbers, numbers, type Operator, require, tensor, text, type Value } from "./read-call.ts";
import { checkLength, known } from "./read-known.ts";

/** Elements of known indices along an axis. */
export const takeList = (x: Tensor, list: readonly number[], axis: number): Tensor => take(x, asTensor(known(list)), axis);

/** x[.., i, ..] along an axis; the indices may cover a corner of the other axes only. */
const gatherElements = (x: Tensor, i: Tensor, axis: number): Tensor => {
  const corner = slice(x, ...i.shape.map((n, a): Index => (a === axis ? null : [0, n])));
  return takeAlong(corner, i, axis);
};

function scatterElements(c: Call): Value {
  const [x, i, updates] = [tensor(c, 0), tensor(c, 1), tensor(c, 2)];
  const axis = axisOf(c, x, int(c, "axis", 0));
  const zeros = broadcastTo(scalar(0, updates.dtype), x.shape);
  // Its transpose adds the updates at their places.
  const sums = (u: Tensor): Tensor => vjp((z: Tensor) => gatherElements(z, i, axis), zeros)[1](u)[0];
  return assigned(c, x, updates, sums);
}

/** With reduction "none", places that something is written to take the new value; "add" adds it. */
function assigned(c: Call, x: Tensor, updates: Tensor, sums: (u: Tensor) => Tensor): Tensor {
  const reduction = text(c, "reduction", "none");
  require(c, reduction === "none" || reduction === "add", `reduction "${reduction}"`);
  if (x.dtype !== "f32" && x.dtype !== "f64") c.fail(`scatters of ${x.dtype} are not supported`);
  if (reduction === "add") return x.add(sums(updates));
  return where(greater(sums(broadcastTo(scalar(1, updates.dtype), updates.shape)), 0), sums(updates), x);
}

/** Indices [.., k] of rows of the first k axes, as indices of their product; and x with these axes merged. */
function rowsOf(x: Tensor, indices: Tensor): { rows: Tensor; flat: Tensor } {
  const k = indices.shape[indices.rank - 1];
  let flat: Tensor | undefined;
  for (let j = 0; j < k; j++) {
    const column = slice(indices, ...indices.shape.slice(1).map(() => null), j);
    const inside = where(greater(0, column), column.add(x.shape[j]), column);
    flat = flat ? flat.mul(x.shape[j]).add(inside) : inside;
  }
  return { rows: reshape(x, [sizeOf(x.shape.slice(0, k)), ...x.shape.slice(k)]), flat: flat as Tensor };
}

function gatherNd(c: Call): Value {
  require(c, int(c, "batch_dims", 0) === 0, "batch_dims");
  const { rows, flat } = rowsOf(tensor(c, 0), tensor(c, 1));
  return take(rows, flat);
}

function scatterNd(c: Call): Value {
  const [x, updates] = [tensor(c, 0), tensor(c, 2)];
  const { rows, flat } = rowsOf(x, tensor(c, 1));
  const zeros = broadcastTo(scalar(0, updates.dtype), rows.shape);
  return assigned(c, x, updates, (u) => reshape(scatterAdd(zeros, flat, u), x.shape));
}

function trilu(c: Call): Value {
  const x = tensor(c, 0);
  x.shape.slice(-2).forEach(checkLength);
  const diagonal = maybeNumbers(c, 1)?.[0] ?? 0;
  const triangle = int(c, "upper", 1) ? triu : tril;
  return x.dtype === "bool" ? cast(triangle(cast(x, "i32"), diagonal), "bool") : triangle(x, diagonal);
}

function oneHot(c: Call): Value {
  const [indices, values] = [tensor(c, 0), tensor(c, 2)];
  const [depth] = numbers(c, 1);
  checkLength(depth);
  const at = int(c, "axis", -1);
  const axis = at < 0 ? at + indices.rank + 1 : at;
  const i = expandDims(cast(indices, "i32"), axis);
  const places = reshape(iota(depth), [depth, ...new Array<number>(indices.rank - axis).fill(1)]);
  const wrapped = where(greater(0, i), i.add(depth), i);
  const hit = cast(wrapped.sub(places).abs(), "bool");
  return where(hit, slice(values, 0), slice(values, 1));
}

export const gatherOperators: Record<string, Operator> = {
  GatherElements: (c) => gatherElements(tensor(c, 0), tensor(c, 1), axisOf(c, tensor(c, 0), int(c, "axis", 0))),
  GatherND: gatherNd,
  OneHot: oneHot,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  Trilu: trilu,
};
