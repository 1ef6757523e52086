/** Operators of models that are whole layers: products with bias, normalisations, and what contains other graphs. */
import { array, sizeOf } from "../../array/ndarray.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import type { Call, Operator } from "./call.ts";
import { inProgram, known, knownIntegers } from "./known.ts";

function gemm(c: Call): Tensor {
  const [a, b] = ["transA", "transB"].map((name, i) => (c.int(name, 0) ? t.transpose(c.tensor(i)) : c.tensor(i)));
  const product = t.matmul(a, b).mul(c.float("alpha", 1));
  const [bias, beta] = [c.maybe(2), c.float("beta", 1)];
  return bias ? product.add(bias.mul(beta)) : product;
}

/** One number per channel of [N, C, ...]. */
export const perChannel = (p: Tensor, x: Tensor): Tensor => t.reshape(p, [p.size, ...new Array<number>(Math.max(0, x.rank - 2)).fill(1)]);

function batchNormalization(c: Call): Tensor {
  c.require(!c.int("training_mode", 0) && c.outputs === 1, "training mode");
  c.ignore("momentum");
  const [x, scale, shift, mean, variance] = [0, 1, 2, 3, 4].map((i) => c.tensor(i));
  const factor = scale.mul(t.rsqrt(variance.add(c.float("epsilon", 1e-5))));
  return x.mul(perChannel(factor, x)).add(perChannel(shift.sub(mean.mul(factor)), x));
}

/** Outputs: y, mean and 1 / √(variance + ε) over the axes from `axis` on. */
function layerNormalization(c: Call): Tensor[] {
  const x = c.tensor(0);
  const axis = c.axis(x, c.int("axis", -1));
  const epsilon = c.float("epsilon", 1e-5);
  // The precision of the statistics, which have the program's.
  c.ignore("stash_type");
  const head = x.shape.slice(0, axis);
  const rows = t.reshape(x, [...head, sizeOf(x.shape.slice(axis))]);
  const scaled = t.reshape(t.standardize(rows, epsilon), x.shape).mul(c.tensor(1));
  const shift = c.maybe(2);
  const statistic = (y: Tensor): Tensor => t.reshape(y, [...head, ...x.shape.slice(axis).map(() => 1)]);
  const y = shift ? scaled.add(shift) : scaled;
  if (c.outputs === 1) return [y];
  return [y, statistic(t.mean(rows, -1)), statistic(t.rsqrt(t.variance(rows, -1).add(epsilon)))];
}

/** x / √(mean x² + ε) over the axes from `axis` on, scaled. */
function rmsNormalization(c: Call): Tensor {
  const x = c.tensor(0);
  const first = c.axis(x, c.int("axis", -1));
  c.ignore("stash_type");
  const axes = x.shape.map((_, i) => i).slice(first);
  return x.mul(t.rsqrt(x.square().mean(axes, true).add(c.float("epsilon", 1e-5)))).mul(c.tensor(1));
}

/** Groups of channels; scale and shift are per channel, or per group in older operator sets. */
function groupNormalization(c: Call, groups: number): Tensor {
  const [x, scale, shift] = [c.tensor(0), c.tensor(1), c.tensor(2)];
  c.ignore("stash_type");
  const grouped = t.reshape(x, [x.shape[0], groups, -1]);
  const y = t.standardize(grouped, c.float("epsilon", 1e-5));
  const perGroup = scale.shape[0] === groups && groups !== x.shape[1];
  if (perGroup) return t.reshape(y.mul(t.expandDims(scale, 1)).add(t.expandDims(shift, 1)), x.shape);
  return t.reshape(y, x.shape).mul(perChannel(scale, x)).add(perChannel(shift, x));
}

function lpNormalization(c: Call): Tensor {
  const x = c.tensor(0);
  const axis = c.int("axis", -1);
  const norm = c.int("p", 2) === 1 ? x.abs().sum(axis, true) : x.square().sum(axis, true).sqrt();
  // Zeros have the norm 0 and stay zeros.
  return x.div(t.where(t.equal(norm, 0), 1, norm));
}

function meanVarianceNormalization(c: Call): Tensor {
  const x = c.tensor(0);
  const axes = c.ints("axes") ?? [0, 2, 3];
  return x.sub(x.mean(axes, true)).div(t.variance(x, axes, true).sqrt());
}

// --- control ---------------------------------------------------------------------------------------------------------------------

function constantNode(c: Call): Tensor {
  const [floats, integers] = [c.floats("value_floats"), c.ints("value_ints")];
  if (c.has("value_floats") && floats) return known(array(floats));
  if (integers) return knownIntegers(integers);
  if (c.has("value_float")) return t.scalar(c.float("value_float", 0), "f32");
  if (c.has("value_int")) return knownIntegers([c.int("value_int", 0)], []);
  return c.constant("value") ?? c.fail("a constant of text, or a sparse one, is not supported");
}

/** A branch chosen when the model is read, if that is known; else both are in the program, and must give equal shapes. */
function conditional(c: Call): Tensor[] {
  c.ignore("then_branch", "else_branch");
  const branch = (name: string) => (): Tensor[] => c.subgraph(name, []).map(inProgram);
  if (c.isKnown(0)) return c.subgraph(c.numbers(0)[0] ? "then_branch" : "else_branch", []);
  return t.cond(t.reshape(c.tensor(0), []), branch("then_branch"), branch("else_branch"), []);
}

function scanned(c: Call): Tensor[] {
  const sequences = c.int("num_scan_inputs", 0);
  const carries = c.arity - sequences;
  const flags = ["scan_input_directions", "scan_output_directions"].flatMap((name) => c.ints(name) ?? []);
  const axes = ["scan_input_axes", "scan_output_axes"].flatMap((name) => c.ints(name) ?? []);
  const others = axes.some((a) => a !== 0);
  c.require(!others, "an axis other than the first");
  const backward = flags.filter((f) => f === 1).length;
  const all = sequences + c.outputs - carries;
  c.require(backward === 0 || backward === all, "sequences in two directions");
  const values = c.tensors().map(inProgram);
  const { carry, ys } = t.scan(
    (carry: Tensor[], x: Tensor[]) => {
      const results = c.subgraph("body", [...carry, ...x]).map(inProgram);
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
  GroupNormalization: (c) => groupNormalization(c, c.int("num_groups", 1)),
  If: conditional,
  InstanceNormalization: (c) => groupNormalization(c, c.tensor(0).shape[1]),
  LayerNormalization: layerNormalization,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  RMSNormalization: rmsNormalization,
  Scan: scanned,
};
