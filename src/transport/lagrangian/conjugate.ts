/**
 * Conjugate points: under a force -ω² x the path of least action between two places is unique only for times below π / ω, and beyond that
 * the action is not bounded below. For a potential V and the cost ½ Σ m_j v_j², ω² is the largest eigenvalue of m^(-½) ∇²V m^(-½).
 */

import { type NdArray, ndarray, toNumbers } from "../../array/index.ts";
import { grad, iota, jit, jvp, maximum, scan, type Tensor } from "../../tensor/index.ts";
import type { ScalarField } from "./lagrangian.ts";

/** Curvatures of a force over particles. */
export interface Stiffness {
  /** ω² over the places: the lowest and the highest; below 0 a force drives apart, which has no conjugate points. */
  readonly lowest: number;
  readonly highest: number;
}

/**
 * ω² of a potential at places of its data.
 *
 * @param t, x     times [n, 1] and places [n, d] in units of the training
 * @param metric   m_j; absent: 1
 */
export async function stiffness(
  potential: ScalarField,
  t: NdArray<"f32">,
  x: NdArray<"f32">,
  metric?: readonly number[],
): Promise<Stiffness> {
  const d = x.shape[1];
  const scale = ndarray(
    Float32Array.from({ length: d }, (_, j) => 1 / Math.sqrt(metric?.[j] ?? 1)),
    [d],
    "f32",
  );
  const program = jit((at: Tensor, z: Tensor, s: Tensor) => {
    const slope = (y: Tensor): Tensor => grad((w: Tensor) => potential(at, w).sum())(y);
    // column j of the scaled Hessians, one derivative of the slope after the other
    const column = (carry: Tensor, j: Tensor) => {
      const direction = iota(d, "f32").sub(j).abs().mul(-1).add(1);
      const [, bend] = jvp(slope, [z], [maximum(direction, 0).mul(s).add(z.mul(0))]);
      return { carry, y: bend.mul(s) };
    };
    const hessians = (scan(column, z.slice(0, 0), iota(d, "f32")).ys as Tensor).transpose([1, 0, 2]);
    return largestEigenvalue(hessians);
  });
  const values = toNumbers(await program(t, x, scale));
  return { lowest: Math.min(...values), highest: Math.max(...values) };
}

/** Of symmetric matrices [n, d, d]: [n], by the power method on the matrix shifted to be positive. */
function largestEigenvalue(a: Tensor): Tensor {
  const [n, d] = a.shape;
  const shift = a.square().sum([1, 2], true).sqrt();
  const turn = (v: Tensor): Tensor => {
    const w = a.matmul(v).add(v.mul(shift));
    return w.div(w.square().sum(1, true).sqrt().add(1e-20));
  };
  // an irregular start, so that it is orthogonal to no eigenvector that matters
  const start = iota(d, "f32").add(1).sin().add(1.5).reshape([1, d, 1]).broadcastTo([n, d, 1]).add(a.sum(2, true).mul(0));
  const { carry } = scan((v: Tensor) => ({ carry: turn(v) }), start, 200);
  const v = carry as Tensor;
  return v
    .mul(a.matmul(v))
    .sum([1, 2])
    .div(v.square().sum([1, 2]));
}
