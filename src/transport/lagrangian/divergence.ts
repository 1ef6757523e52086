/** The divergence of vector fields of rows. */
import { equal, iota, jvp, type Tensor } from "../../tensor/index.ts";
import type { VectorField } from "./lagrangian.ts";

/**
 * f(t, x) and its divergence Σ_j ∂f_j / ∂x_j [B]: exactly, in d forward derivatives, or as e · (∂f/∂x) e for rows e with E[e eᵀ] = 1
 * (Hutchinson's estimate, unbiased).
 *
 * @param probe  e [B, d]; absent: exact
 */
export function withDivergence(f: VectorField, t: Tensor, x: Tensor, probe?: Tensor): { value: Tensor; divergence: Tensor } {
  const along = (e: Tensor) => jvp((z: Tensor) => f(t, z), [x], [e]);
  if (probe) {
    const [value, slope] = along(probe);
    return { value, divergence: slope.mul(probe).sum(1) };
  }
  const d = x.shape[1];
  const parts = Array.from({ length: d }, (_, j) => along(x.mul(0).add(unit(j, d, x))));
  const divergence = parts.map(([, slope], j) => slope.slice(null, j)).reduce((a, b) => a.add(b));
  return { value: parts[0][0], divergence };
}

/** The row e_j [1, d]. */
const unit = (j: number, d: number, like: Tensor): Tensor => equal(iota(d), j).cast(like.dtype).expandDims(0);
