/** Convex costs c(v) of a velocity, given by their conjugates c*(p) = sup_v <p, v> - c(v): the velocity of a momentum p is ∇c*(p). */
import { array, grad, type Tensor } from "../tensor/index.ts";

/** c*(p) of rows: [B, d] -> [B]. */
export type ConvexCost = (p: Tensor) => Tensor;

/** c(v) = ½ |v|², c*(p) = ½ |p|². */
export const quadraticCost: ConvexCost = (p) => p.square().sum(1).mul(0.5);

/**
 * c(v) = Σ_j |v_j|^q / q, c*(p) = Σ_j |p_j|^r / r with 1/q + 1/r = 1.
 *
 * @param q  > 1
 */
export function powerCost(q: number): ConvexCost {
  if (!(q > 1)) throw new RangeError(`powerCost: the power ${q} must exceed 1`);
  const r = q / (q - 1);
  // |p| = √(p² + tiny): the gradient at 0 stays finite for every r
  return (p) => p.square().add(1e-12).sqrt().pow(r).sum(1).div(r);
}

/** c(v) = ½ Σ_j m_j v_j², c*(p) = ½ Σ_j p_j² / m_j: directions that are dear to move in. */
export function metricCost(m: readonly number[]): ConvexCost {
  if (!m.every((v) => v > 0)) throw new RangeError("metricCost: all weights must be positive");
  return (p) => p.square().div(array([...m], p.dtype === "f64" ? "f64" : "f32")).sum(1).mul(0.5); // biome-ignore format: one formula
}

/** ∇c*(p), [B, d]. */
export const velocityOfMomentum = (cost: ConvexCost, p: Tensor): Tensor =>
  cost === quadraticCost ? p : grad((q: Tensor) => cost(q).sum())(p);
