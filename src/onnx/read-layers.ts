/** Operators of models that are whole layers: products with bias, normalisations, and what contains other graphs. */

import { sizeOf } from "../array/ndarray.ts";
import * as r from "../tensor/index.ts";
import { rsqrt } from "../tensor/primitives/elementwise.ts";
import { matmul } from "../tensor/primitives/product.ts";
import { expandDims, reshape, transpose } from "../tensor/primitives/reshape.ts";
import { scan } from "../tensor/primitives/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  asTensor,
  axisOf,
  type Call,
  constantValue,
  float,
  int,
  ints,
  isKnown,
  maybe,
  type Operator,
  require,
  tensor,
  type Value,
} from "./read-call.ts";
import { known } from "./read-known.ts";

function gemm(c: Call): Tensor {
  const [a, b] = ["transA", "transB"].map((name, i) => (int(c, name, 0) ? transpose(tensor(c, i)) : tensor(c, i)));
  const product = matmul(a, b).mul(float(c, "alpha", 1));
  const bias = maybe(c, 2);
  return bias ? product.add(bias.mul(float(c, "beta", 1))) : product;
}

/** One number per channel of [N, C, ...]. */
const perChannel = (p: Tensor, x: Tensor): Tensor => reshape(p, [p.size, ...new Array<number>(Math.max(0, x.rank - 2)).fill(1)]);

function batchNormalization(c: Call): Tensor {
  require(c, !int(c, "training_mode", 0) && c.outputs.length === 1, "training mode");
  const [x, scale, shift, mean, variance] = [0, 1, 2, 3, 4].map((i) => tensor(c, i));
  const factor = scale.mul(rsqrt(variance.add(float(c, "epsilon", 1e-5))));
  return x.mul(perChannel(factor, x)).add(perChannel(shift.sub(mean.mul(factor)), x));
}

/** Outputs: y, mean and 1 / √(variance + ε) over the axes from `axis` on. */
function layerNormalization(c: Call): Value[] {
  const x = tensor(c, 0);
  const axis = axisOf(c, x, int(c, "axis", -1));
  const epsilon = float(c, "epsilon", 1e-5);
  const head = x.shape.slice(0, axis);
  const rows = reshape(x, [...head, sizeOf(x.shape.slice(axis))]);
  const scaled = reshape(r.standardize(rows, epsilon), x.shape).mul(tensor(c, 1));
  const shift = maybe(c, 2);
  const statistic = (y: Tensor): Tensor => reshape(y, [...head, ...x.shape.slice(axis).map(() => 1)]);
  const y = shift ? scaled.add(shift) : scaled;
  if (c.outputs.length === 1) return [y];
  return [y, statistic(r.mean(rows, -1)), statistic(rsqrt(r.variance(rows, -1).add(epsilon)))];
}

/** Groups of channels; scale and shift are per channel, or per group in older operator sets. */
function groupNormalization(c: Call, groups: number): Tensor {
  const [x, scale, shift] = [tensor(c, 0), tensor(c, 1), tensor(c, 2)];
  const grouped = reshape(x, [x.shape[0], groups, -1]);
  const y = r.standardize(grouped, float(c, "epsilon", 1e-5));
  const [perGroup] = scale.shape;
  if (perGroup === groups && groups !== x.shape[1]) return reshape(y.mul(expandDims(scale, 1)).add(expandDims(shift, 1)), x.shape);
  return reshape(y, x.shape).mul(perChannel(scale, x)).add(perChannel(shift, x));
}

function lpNormalization(c: Call): Tensor {
  const x = tensor(c, 0);
  const axis = int(c, "axis", -1);
  return x.div(int(c, "p", 2) === 1 ? x.abs().sum(axis, true) : x.square().sum(axis, true).sqrt());
}

function meanVarianceNormalization(c: Call): Tensor {
  const x = tensor(c, 0);
  const axes = ints(c, "axes") ?? [0, 2, 3];
  return x.sub(x.mean(axes, true)).div(r.variance(x, axes, true).sqrt());
}

// --- control ---------------------------------------------------------------------------------------------------------------------

function constantNode(c: Call): Value {
  const list = (name: string): readonly number[] | undefined => {
    const a = c.attributes.get(name);
    return name === "value_floats" ? (a?.floats ?? undefined) : ints(c, name);
  };
  const floats = list("value_floats");
  const integers = list("value_ints");
  if (floats) return known(floats, [floats.length], "f32");
  if (integers) return known(integers);
  if (c.attributes.has("value_float")) return known([float(c, "value_float", 0)], [], "f32");
  if (c.attributes.has("value_int")) return known([int(c, "value_int", 0)], []);
  return constantValue(c) ?? c.fail("a constant of text, or a sparse one, is not supported");
}

function conditional(c: Call): Value[] {
  const condition = c.inputs[0];
  if (!isKnown(condition))
    return c.fail("the condition depends on data; branches are chosen when the model is read (Where can choose later)");
  return c.subgraph(condition.values[0] ? "then_branch" : "else_branch", []);
}

function scanned(c: Call): Value[] {
  const sequences = int(c, "num_scan_inputs", 0);
  const carries = c.inputs.length - sequences;
  const flags = ["scan_input_directions", "scan_output_directions"].flatMap((name) => ints(c, name) ?? []);
  const axes = ["scan_input_axes", "scan_output_axes"].flatMap((name) => ints(c, name) ?? []);
  require(c, axes.every((a) => a === 0), "an axis other than the first");
  const backward = flags.filter((f) => f === 1).length;
  const all = sequences + c.outputs.length - carries;
  require(c, backward === 0 || backward === all, "sequences in two directions");
  const values = c.inputs.map((_, i) => tensor(c, i));
  const { carry, ys } = scan(
    (carry: Tensor[], x: Tensor[]) => {
      const results = c.subgraph("body", [...carry, ...x]).map(asTensor);
      return { carry: results.slice(0, carries), y: results.slice(carries) };
    },
    values.slice(0, carries),
    values.slice(carries),
    { reverse: backward > 0 },
  );
  return [...carry, ...ys];
}

export const layerOperators: Record<string, Operator> = {
  BatchNormalization: batchNormalization,
  Constant: constantNode,
  Gemm: gemm,
  GroupNormalization: (c) => groupNormalization(c, int(c, "num_groups", 1)),
  If: conditional,
  InstanceNormalization: (c) => groupNormalization(c, tensor(c, 0).shape[1]),
  LayerNormalization: layerNormalization,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  Scan: scanned,
};
