/** Convex costs c(v) of a velocity and their conjugates c*(p) = sup_v <p, v> - c(v): the velocity of a momentum p is ∇c*(p). */
import { array } from "../../array/index.ts";
import { grad, type Tensor } from "../../tensor/index.ts";

/** A convex cost of a velocity. */
export interface ConvexCost {
  /** c(v) of rows: [B, d] -> [B]. */
  readonly of: (v: Tensor) => Tensor;
  /** c*(p) of rows: [B, d] -> [B]. */
  readonly conjugate: (p: Tensor) => Tensor;
}

const half = (v: Tensor): Tensor => v.square().sum(1).mul(0.5);

/** c(v) = ½ |v|², c*(p) = ½ |p|². */
export const quadraticCost: ConvexCost = { of: half, conjugate: half };

/**
 * c(v) = |v|^q / q, c*(p) = |p|^r / r with 1/q + 1/r = 1 and Euclidean lengths, so that no direction is special.
 *
 * @param q  > 1
 */
export function powerCost(q: number): ConvexCost {
  if (!(q > 1)) throw new RangeError(`powerCost: the power ${q} must exceed 1`);
  // |p|² + tiny: derivatives at 0 stay finite for every power
  const power = (n: number) => (p: Tensor) =>
    p
      .square()
      .sum(1)
      .add(1e-8)
      .pow(n / 2)
      .div(n);
  return { of: power(q), conjugate: power(q / (q - 1)) };
}

/** c(v) = ½ Σ_j m_j v_j², c*(p) = ½ Σ_j p_j² / m_j: directions that are dear to move in. */
export function metricCost(m: readonly number[]): ConvexCost {
  if (!m.every((v) => v > 0)) throw new RangeError("metricCost: all weights must be positive");
  const weights = (like: Tensor) => array([...m], like.dtype === "f64" ? "f64" : "f32");
  return {
    of: (v) => v.square().mul(weights(v)).sum(1).mul(0.5),
    conjugate: (p) => p.square().div(weights(p)).sum(1).mul(0.5),
  };
}

/** ∇c*(p), [B, d]. */
export const velocityOfMomentum = (cost: ConvexCost, p: Tensor): Tensor =>
  cost === quadraticCost ? p : grad((q: Tensor) => cost.conjugate(q).sum())(p);
