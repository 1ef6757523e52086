/** The potential energy of electrons. */
import { array } from "../../array/index.ts";
import { constant, type Tensor } from "../../tensor/index.ts";
import { differences } from "../ansatz/pairs.ts";
import { nuclearDistances } from "../ansatz/surroundings.ts";
import { electronsOf, type Nucleus, nucleiOf, type System } from "../systems/system.ts";

/** V in its parts, each [walkers], in hartree. */
export interface Potential {
  /** Electrons in the field: attraction by nuclei, or the trap. */
  readonly external: Tensor;
  readonly repulsion: Tensor;
  /** That of nuclei among themselves, a number. */
  readonly nuclei: number;
}

/** Σ_{I<J} Z_I Z_J / |R_I - R_J|. */
export const nuclearRepulsion = (nuclei: readonly Nucleus[]): number =>
  nuclei.reduce(
    (sum, a, i) =>
      sum + nuclei.slice(i + 1).reduce((s, b) => s + (a.charge * b.charge) / Math.hypot(...a.position.map((p, c) => p - b.position[c])), 0),
    0,
  );

/**
 * V(x) = Σ_i v(x_i) + λ Σ_{i<j} 1/√(r_ij² + a²) + Σ_{I<J} Z_I Z_J / R_IJ. Pairs are those with i < j: nothing is divided by zero and masked away.
 *
 * @param x      [dimension, N, walkers]
 * @param field  v(x_i) of formulas: [N, walkers] of positions [1, N, walkers]
 */
export function potential(system: System, x: Tensor, field?: (x: Tensor) => Tensor): Potential {
  const pairs = system.repulsion !== 0 && electronsOf(system) > 1;
  // of squares: where softened, electrons may meet
  const squares = pairs ? differences(x).square().sum(0) : undefined;
  const softened = squares && (system.softening > 0 ? squares.add(system.softening ** 2) : squares).sqrt();
  const external = externalEnergy(system, x, field);
  return {
    external,
    repulsion: softened ? softened.pow(-1).sum(0).mul(system.repulsion) : external.mul(0),
    nuclei: nuclearRepulsion(nucleiOf(system)),
  };
}

function externalEnergy(system: System, x: Tensor, field?: (x: Tensor) => Tensor): Tensor {
  if (system.field.kind === "trap")
    return x
      .square()
      .sum([0, 1])
      .mul(system.field.omega ** 2 / 2);
  if (system.field.kind === "formula") {
    if (!field) throw new Error("a system with a formula needs its field");
    return field(x).sum(0);
  }
  const charges = constant(
    array(
      system.field.nuclei.map(({ charge }) => charge),
      x.dtype === "f64" ? "f64" : "f32",
    ),
  ).reshape([system.field.nuclei.length, 1, 1]);
  return charges.div(nuclearDistances(system, x)).sum([0, 1]).neg();
}
