/**
 * Energies of pairs, U[ρ] = ½ ∬ W(|x - y|) dρ(x) dρ(y), in the action K - U. Paths accelerate by -∇δU/δρ = -∇(W*ρ): particles repel each
 * other where W falls with the distance, and attract each other where it grows.
 */
import { equal, iota, type Tensor, where } from "../../tensor/index.ts";
import type { ScalarField } from "./lagrangian.ts";

/** W(r) of distances of any shape, smooth for r > 0. */
export type PairPotential = (r: Tensor) => Tensor;

/** Particles of a batch that share a time where particles interact. */
export const together = 16;

/**
 * (W*ρ)(x_i) at rows x [B, d], estimated without bias from the other rows of the same time, Σ_{j≠i} m_j W(|x_i - X_j|) / (P - 1). Rows come
 * in groups of P that share a time.
 *
 * @param others  X [B, d], the particles of the batch
 * @param mass    m [B, 1]; absent: 1
 */
export function meanField(w: PairPotential, others: Tensor, mass?: Tensor, P = together): ScalarField {
  const [B, d] = others.shape;
  const groups = (y: Tensor): Tensor => y.reshape([B / P, P, y.shape[1]]);
  const X = groups(others);
  const m = mass && groups(mass).reshape([B / P, 1, P]);
  const i = iota(P, others.dtype as "f32");
  const self = equal(i.expandDims(1), i).broadcastTo([B / P, P, P]);
  return (_, x) => {
    const between = groups(x)
      .reshape([B / P, P, 1, d])
      .sub(X.reshape([B / P, 1, P, d]));
    // a thousandth of a standard deviation keeps forces between duplicates finite
    const values = w(between.square().sum(3).add(1e-6).sqrt());
    const weighted = m ? values.mul(m) : values;
    return where(self, 0, weighted)
      .sum(2)
      .div(P - 1)
      .reshape([B]);
  };
}
