/** Trees of arrays whose leaves have rows (a leading axis of chains or particles): gathering, joining, replacing. */
import { allocate, flatten, isArrayLeaf, mapTree, type NdArray, type Shape, sizeOf, unflatten } from "../array/index.ts";
import { UserError } from "../errors.ts";

const rowSize = (shape: Shape): number => sizeOf(shape.slice(1));

/** An array of the same dtype with other rows. */
const withRowCount = (like: NdArray, rows: number): NdArray => allocate(like.dtype, [rows, ...like.shape.slice(1)]);

/** Copies row i of one array into row j of another. */
function copyRow(from: NdArray, i: number, to: NdArray, j: number): void {
  const size = rowSize(from.shape);
  // both have one dtype, so that their storage is of one kind
  (to.data as Float64Array).set((from.data as Float64Array).subarray(i * size, (i + 1) * size), j * size);
}

/** The rows of one array, then those of another of the same dtype. */
export function concatRows(a: NdArray, b: NdArray): NdArray {
  const [m, n] = [a.shape[0], b.shape[0]];
  const result = withRowCount(a, m + n);
  for (let row = 0; row < m + n; row++) copyRow(row < m ? a : b, row < m ? row : row - m, result, row);
  return result;
}

/** Rows `indices` of every leaf, in that order. */
export function gatherRows<T>(tree: T, indices: ArrayLike<number>): T {
  return mapTree<T, [NdArray]>((leaf) => {
    const result = withRowCount(leaf, indices.length);
    for (let j = 0; j < indices.length; j++) copyRow(leaf, indices[j], result, j);
    return result;
  }, tree);
}

/** The tree with rows `indices` replaced by the rows of another tree of the same structure: how a reference particle enters. */
export function replaceRows<T>(tree: T, indices: ArrayLike<number>, rows: T): T {
  return mapTree<T, [NdArray, NdArray]>(
    (leaf, replacement) => {
      if (replacement.dtype !== leaf.dtype || rowSize(replacement.shape) !== rowSize(leaf.shape) || replacement.shape[0] !== indices.length)
        throw new UserError(
          `replaceRows: [${replacement.shape.join(", ")}] does not give ${indices.length} rows of [${leaf.shape.join(", ")}]`,
        );
      const result: NdArray = { ...leaf, data: leaf.data.slice() };
      for (let j = 0; j < indices.length; j++) copyRow(replacement, j, result, indices[j]);
      return result;
    },
    tree,
    rows,
  );
}

/** Number of rows of a tree, the same for all leaves. */
export function rowCount(tree: unknown): number {
  const { leaves } = flatten(tree, isArrayLeaf);
  if (leaves.length === 0 || leaves.some(({ shape }) => shape.length === 0 || shape[0] !== leaves[0].shape[0]))
    throw new UserError("the leaves of a state have different numbers of rows");
  return leaves[0].shape[0];
}

const isLeaf = (x: unknown): x is NdArray | number => typeof x === "number" || isArrayLeaf(x);

/**
 * Parameters for two groups of chains that run as one batch: leaves of leading axis 1 (or scalars) become rows, `counts[0]` of the first
 * and `counts[1]` of the second. What both share (the same array) stays as it is; matrices of equal groups stay two.
 */
export function joinParameters<T>(first: T, second: T, counts: readonly [number, number]): T {
  const [a, b] = [flatten(first, isLeaf), flatten(second, isLeaf)];
  const leaves = a.leaves.map((x, i) => (x === b.leaves[i] ? x : joinLeaf(x, b.leaves[i], counts)));
  return unflatten<T>(a.structure, leaves);
}

function joinLeaf(a: NdArray | number, b: NdArray | number, [m, n]: readonly [number, number]): NdArray {
  const [x, y] = [asRow(a), asRow(b)];
  const pair = x.shape.length > 2 && m === n;
  const result = withRowCount(x, pair ? 2 : m + n);
  for (let row = 0; row < (pair ? 2 : m + n); row++) copyRow(row < (pair ? 1 : m) ? x : y, 0, result, row);
  return result;
}

function asRow(x: NdArray | number): NdArray {
  if (typeof x === "number") return { dtype: "f32", shape: [1], data: Float32Array.of(x) };
  const row: NdArray = x.shape.length === 0 ? { ...x, shape: [1] } : x;
  if (row.shape[0] !== 1)
    throw new UserError(
      `annealing: a parameter of shape [${x.shape.join(", ")}] belongs to no one temperature`,
      "give it a leading axis of 1",
    );
  return row;
}
