/** Gradients from values of the circuit alone, as hardware gives them. */
import type { Circuit, Objective } from "./circuit.ts";
import { probabilities } from "./simulate.ts";

/**
 * Parameter shift, ∂p/∂θ = (p(θ + π/2) - p(θ - π/2)) / 2, exact where every parameter is the angle of one RX, RY, RZ, U or the only one of a
 * CP. Since p is shifted, not the objective, it holds for objectives that are not linear too: the chain rule joins them.
 *
 * @returns  2P + 1 circuits later, the gradient
 * @source   Mitarai et al., Phys. Rev. A 98 (2018); Schuld et al., Phys. Rev. A 99 (2019)
 */
export function shiftGradient(circuit: Circuit, angles: ArrayLike<number>, objective: Objective): Float64Array {
  const { slopes } = objective(probabilities(circuit, angles));
  return Float64Array.from({ length: circuit.parameters }, (_, i) => {
    const [above, below] = [Math.PI / 2, -Math.PI / 2].map((shift) => {
      const moved = Float64Array.from(angles);
      moved[i] += shift;
      return probabilities(circuit, moved);
    });
    return slopes.reduce((sum, slope, k) => sum + (slope * (above[k] - below[k])) / 2, 0);
  });
}
