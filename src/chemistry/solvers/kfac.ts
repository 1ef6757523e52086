/** KFAC: the Fisher matrix layer by layer, each a Kronecker product of two small matrices. */
import { choleskyFactor, choleskySolve, type Factored, type NdArray } from "../../array/index.ts";
import type { Linear, Parameters } from "../ansatz/ansatz.ts";
import type { Direction, KroneckerArrays, Solver } from "./solver.ts";
import { byName, piecesOf } from "./vector.ts";

const meanDiagonal = ({ data, shape: [n] }: NdArray): number => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Number(data[i * (n + 1)]);
  return sum / n;
};

const factored = ({ data, shape: [n] }: NdArray, ridge: number): Factored | undefined => choleskyFactor(data as Float32Array, n, ridge);

/** [rows, columns] -> [columns, rows]. */
function transposed(x: Float64Array, rows: number, columns: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j];
  return y;
}

type Block = (g: Float64Array) => Float64Array;

/** g -> (A + √λ π)⁻¹ g (G + √λ/π)⁻¹ with π² = t̄r A / t̄r G; a bias is the last row of g. */
function layerBlock(inputs: NdArray, outputs: NdArray, damping: number): Block | undefined {
  const root = Math.sqrt(damping);
  const [a, g] = [meanDiagonal(inputs), meanDiagonal(outputs)];
  const ratio = a > 0 && g > 0 ? Math.sqrt(a / g) : 1;
  const [left, right] = [factored(inputs, root * ratio), factored(outputs, root / ratio)];
  if (!left || !right) return undefined;
  return (gradient) => {
    const half = choleskySolve(left, gradient, right.n);
    return transposed(choleskySolve(right, transposed(half, left.n, right.n), left.n), right.n, left.n);
  };
}

/** (M + λ)⁻¹ g, M a matrix or its diagonal. */
function otherBlock(moments: NdArray, damping: number): Block | undefined {
  if (moments.shape.length === 1) return (g) => g.map((v, i) => v / (Number(moments.data[i]) + damping));
  const whole = factored(moments, damping);
  return whole && ((g) => choleskySolve(whole, g));
}

/**
 * V = (A + √λ π)⁻¹ ∇W (G + √λ/π)⁻¹ for each linear map: A the mean of a aᵀ, G that of Σ δ δᵀ over the electrons that share the map, both averaged
 * over steps as `kroneckerStatistics` gives them. Other parameters have a matrix of their own, or its diagonal.
 *
 * @returns  the inverse as a map of vectors, or nothing where a factor is not positive definite
 * @source   Martens & Grosse, ICML 2015, section 6.3
 */
export function kfacInverse(parameters: Parameters<NdArray>, { linear, other }: KroneckerArrays, damping: number): Block | undefined {
  const blocks: { readonly size: number; readonly apply: Block }[] = [];
  for (const [name, map] of byName(parameters.linear)) {
    const apply = layerBlock(linear[name].inputs, linear[name].outputs, damping);
    if (!apply) return undefined;
    blocks.push({ size: sizeOfMap(map), apply });
  }
  for (const [name, { data }] of byName(parameters.other)) {
    const apply = otherBlock(other[name], damping);
    if (!apply) return undefined;
    blocks.push({ size: data.length, apply });
  }
  return (g) => {
    const v = new Float64Array(g.length);
    let at = 0;
    for (const { size, apply } of blocks) {
      v.set(apply(g.subarray(at, at + size)), at);
      at += size;
    }
    return v;
  };
}

const sizeOfMap = (map: Linear<NdArray>): number => piecesOf({ linear: { map }, other: {} }).reduce((n, { data }) => n + data.length, 0);

/** KFAC as a solver: its averages come with the compiled step. */
export const kfacSolver: Solver = {
  name: "kfac",
  curvature: "factors",
  init: () => ({}),
  async direction({ gradient, curvature, parameters, damping }, memory): Promise<Direction | undefined> {
    if (!curvature || !("linear" in curvature)) return undefined;
    const apply = kfacInverse(parameters, curvature, damping);
    return apply && { vector: apply(gradient), memory, apply };
  },
};
