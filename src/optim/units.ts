/** Tensors that share a preconditioner: single parameters without axes of length one, or a weight with its bias. */

import { flatten, isArrayLeaf, leafPaths, type Shape, sizeOf } from "../array/index.ts";
import { concat, type Tensor } from "../tensor/index.ts";
import { type Settings, toggle } from "./hyper.ts";

/** Parameters that are one tensor to a preconditioner. */
export interface Unit {
  /** Name: path of the first parameter. */
  readonly path: string;
  readonly paths: readonly string[];
  readonly shape: Shape;
  join(xs: readonly Tensor[]): Tensor;
  split(x: Tensor): Tensor[];
}

/** What makes a unit, as hyper-parameters; the defaults are the optimizer's. */
export const unitParameters = ({ joinBias, mergeKernels }: { joinBias: boolean; mergeKernels: boolean }) => ({
  /** Weight and bias as one matrix, scale and shift of a norm as two rows. */
  joinBias: toggle("weight and bias of a layer as one matrix", joinBias),
  /** Kernels [out, in, ...kernel] as matrices [out, in |kernel|]. */
  mergeKernels: toggle("convolution kernels as matrices instead of tensors of four axes", mergeKernels),
});

/** What makes a unit. */
export type UnitOptions = Settings<ReturnType<typeof unitParameters>>;

const squeezed = (shape: Shape): Shape => {
  const rest = shape.filter((n) => n !== 1);
  return rest.length ? rest : [1];
};

/** Leaves of a tree by path. */
export function leavesByPath<L>(tree: unknown): Map<string, L> {
  const { leaves, structure } = flatten(tree, isArrayLeaf);
  const paths = leafPaths(structure);
  return new Map(leaves.map((x, i) => [paths[i], x as L]));
}

/** The units of a tree of parameters (or of its gradients: only shapes count). */
export function unitsOf(params: unknown, { joinBias, mergeKernels }: UnitOptions): Unit[] {
  const shapes = new Map([...leavesByPath<{ shape: Shape }>(params)].map(([path, { shape }]) => [path, shape]));
  const partner = (path: string, key: string, other: string): string | undefined => {
    const at = path.lastIndexOf(".") + 1;
    const mate = path.slice(0, at) + other;
    return joinBias && path.slice(at) === key && shapes.has(mate) ? mate : undefined;
  };
  const taken = new Set<string>();
  const units: Unit[] = [];
  for (const [path, shape] of shapes) {
    const matrix: Shape = shape.length > 2 && mergeKernels ? [shape[0], sizeOf(shape.slice(1))] : shape;
    const bias = partner(path, "w", "b");
    const shift = partner(path, "scale", "shift");
    const [last] = matrix.slice(-1);
    if (bias && shape.length === 2 && String(shapes.get(bias)) === String([last])) {
      taken.add(bias);
      units.push(joined([path, bias], [shape, [last]], 0, [1, last]));
    } else if (bias && shape.length > 2 && mergeKernels && String(shapes.get(bias)) === String([matrix[0]])) {
      taken.add(bias);
      units.push(joined([path, bias], [matrix, [matrix[0]]], 1, [matrix[0], 1], shape));
    } else if (shift && shape.length === 1 && String(shapes.get(shift)) === String(shape)) {
      taken.add(shift);
      units.push(joined([path, shift], [[1, ...shape], shape], 0, [1, ...shape], shape));
    } else units.push(single(path, shape, squeezed(matrix)));
  }
  return units.filter(({ paths }) => !(paths.length === 1 && taken.has(paths[0])));
}

const single = (path: string, shape: Shape, view: Shape): Unit => ({
  path,
  paths: [path],
  shape: view,
  join: ([x]) => x.reshape(view),
  split: (x) => [x.reshape(shape)],
});

/** Two parameters along an axis: the first seen as a matrix, the second as one row or column. */
function joined(paths: string[], [matrix, vector]: Shape[], axis: 0 | 1, view: Shape, shape: Shape = matrix): Unit {
  const total = matrix.map((n, i) => (i === axis ? n + 1 : n));
  const cut = (x: Tensor, from: number, to: number): Tensor => (axis ? x.slice(null, [from, to]) : x.slice([from, to]));
  return {
    path: paths[0],
    paths,
    shape: total,
    join: ([w, b]) => concat([w.reshape(matrix), b.reshape(view)], axis),
    split: (x) => [cut(x, 0, matrix[axis]).reshape(shape), cut(x, matrix[axis], matrix[axis] + 1).reshape(vector)],
  };
}
