/**
 * Layers, found in the traced loss: products, convolutions and look-ups that read a parameter, and the biases added to their results. No
 * layer has to announce itself: a user's own `x.matmul(p.w).add(p.b)` is found as well as those of `nn`.
 */

import { sizeOf } from "../../array/index.ts";
import type { ConvGeometry, Operation, Tensor } from "../../tensor/index.ts";

/** An operation with a weight, and the bias that is added to its result. */
export interface Layer {
  readonly kind: "dense" | "conv" | "embedding";
  /** Paths of the parameters. */
  readonly weight: string;
  readonly bias?: string;
  /** Width of the inputs that a row of the weight's matrix sees, without the bias, and of the outputs. */
  readonly inputs: number;
  readonly outputs: number;
  /** Whether the weight's matrix is [inputs, outputs] (dense, embedding) or [outputs, inputs] (kernels, transposed products). */
  readonly inputsFirst: boolean;
  /** How many operations share the weight. */
  readonly uses: number;
}

/** A parameter that is in no layer, and why. */
export interface Uncovered {
  readonly path: string;
  readonly why: string;
}

/** One operation of a layer: x and y = W x. */
interface Use {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly geometry?: ConvGeometry;
}

/** All layers of a loss, their operations, and the parameters in none. */
export interface Found {
  readonly layers: readonly Layer[];
  readonly uses: Readonly<Record<string, readonly Use[]>>;
  readonly uncovered: readonly Uncovered[];
}

/** What layers saw in a step: their inputs, and the gradients of their outputs. */
export interface Curvature {
  readonly layers: readonly Layer[];
  readonly uncovered: readonly Uncovered[];
  /** By path of the weight: for each use its input, and the gradients of one or more scalars with respect to its output. */
  readonly seen: Readonly<Record<string, readonly Seen[]>>;
}

/** One use of a layer in a step: its input, and the gradients of its output. */
export interface Seen {
  readonly x: Tensor;
  readonly gradients: readonly Tensor[];
  readonly geometry?: ConvGeometry;
}

type Kind = Pick<Layer, "kind" | "inputs" | "outputs" | "inputsFirst">;

const swapsLast = ({ primitive, params, inputs }: Operation): boolean =>
  primitive === "transpose" && inputs[0].rank === 2 && params.permutation[0] === 1;

/** What kind of layer an operation makes of a parameter, or of its transpose; or why none. */
function kindOf(op: Operation, leaf: Tensor, transposed: boolean): Kind | string {
  const [first, second] = op.inputs;
  if (op.primitive === "matmul" && second.rank === 2 && isLast(op, leaf, transposed)) {
    const [inputs, outputs] = second.shape;
    return { kind: "dense", inputs, outputs, inputsFirst: !transposed };
  }
  if (op.primitive === "conv" && second === leaf) {
    const [outputs, ...rest] = leaf.shape;
    return { kind: "conv", inputs: sizeOf(rest), outputs, inputsFirst: false };
  }
  if (op.primitive === "gatherRows" && first === leaf && leaf.rank === 2)
    return { kind: "embedding", inputs: leaf.shape[0], outputs: leaf.shape[1], inputsFirst: true };
  return `is used by ${op.primitive}`;
}

const isLast = (op: Operation, leaf: Tensor, transposed: boolean): boolean =>
  transposed ? op.inputs[0] !== leaf : op.inputs[1] === leaf && op.inputs[0] !== leaf;

/** Follows a tensor through operations that only move its values. */
const movers = new Set(["reshape", "broadcastTo", "roundTo"]);

/** The layers among the operations that lie between parameters and a loss. */
export function findLayers(paths: readonly string[], leaves: readonly Tensor[], operations: readonly Operation[]): Found {
  const readers = new Map<Tensor, Operation[]>();
  for (const op of operations) for (const x of new Set(op.inputs)) readers.set(x, [...(readers.get(x) ?? []), op]);
  const maker = new Map(operations.flatMap((op) => op.outputs.map((y) => [y, op] as const)));
  const layers = new Map<string, Layer>();
  const uses: Record<string, Use[]> = {};
  const reasons = new Map<string, string>();
  leaves.forEach((leaf, i) => {
    const found: [Operation, Kind | string][] = (readers.get(leaf) ?? []).flatMap((op): [Operation, Kind | string][] =>
      swapsLast(op)
        ? (readers.get(op.outputs[0]) ?? []).map((next) => [next, kindOf(next, op.outputs[0], true)])
        : [[op, kindOf(op, leaf, false)]],
    );
    const wrong = found.find(([, kind]) => typeof kind === "string");
    const kinds = found.map(([, kind]) => kind as Kind);
    const [kind] = kinds;
    if (!found.length) reasons.set(paths[i], "is not used by the loss");
    else if (wrong) reasons.set(paths[i], wrong[1] as string);
    else if (kinds.some((k) => k.kind !== kind.kind || k.inputsFirst !== kind.inputsFirst))
      reasons.set(paths[i], "is shared by layers of different kinds");
    else {
      layers.set(paths[i], { ...kind, weight: paths[i], uses: found.length });
      uses[paths[i]] = found.map(([op]) => ({
        x: op.primitive === "gatherRows" ? op.inputs[1] : op.inputs[0],
        y: op.outputs[0],
        ...(op.primitive === "conv" ? { geometry: op.params as ConvGeometry } : {}),
      }));
    }
  });
  leaves.forEach((leaf, i) => {
    if (layers.has(paths[i])) return;
    const owner = biasOf(leaf, readers, maker, uses);
    const layer = owner !== undefined ? layers.get(owner) : undefined;
    if (layer && !layer.bias && layer.kind !== "embedding" && leaf.size === layer.outputs) {
      layers.set(layer.weight, { ...layer, bias: paths[i] });
      reasons.delete(paths[i]);
    }
  });
  return { layers: [...layers.values()], uses, uncovered: [...reasons].map(([path, why]) => ({ path, why })) };
}

/** The weight of the layer to whose every result a parameter is added, and that alone. */
function biasOf(
  leaf: Tensor,
  readers: ReadonlyMap<Tensor, readonly Operation[]>,
  maker: ReadonlyMap<Tensor, Operation>,
  uses: Readonly<Record<string, readonly Use[]>>,
): string | undefined {
  const sums: Operation[] = [];
  const visit = (x: Tensor): boolean =>
    (readers.get(x) ?? []).every((op) => {
      if (movers.has(op.primitive)) return visit(op.outputs[0]);
      sums.push(op);
      return op.primitive === "add";
    });
  if (leaf.size !== Math.max(...leaf.shape) || !visit(leaf)) return undefined;
  const depends = (x: Tensor): boolean => {
    for (let at: Tensor | undefined = x; at; at = movers.has(maker.get(at)?.primitive ?? "") ? maker.get(at)?.inputs[0] : undefined)
      if (at === leaf) return true;
    return false;
  };
  const owners = sums.map((op) => {
    let y = depends(op.inputs[0]) ? op.inputs[1] : op.inputs[0];
    for (;;) {
      const single = readers.get(y)?.length === 1;
      const made = maker.get(y);
      if (!single) return undefined;
      const owner = Object.keys(uses).find((path) => uses[path].some((use) => use.y === y));
      if (owner !== undefined) return owner;
      if (!made || !movers.has(made.primitive)) return undefined;
      y = made.inputs[0];
    }
  });
  const [owner] = owners;
  const all = owner !== undefined && owners.every((o) => o === owner) && owners.length === uses[owner].length;
  return all ? owner : undefined;
}
