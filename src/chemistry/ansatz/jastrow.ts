/** The factor e^J that gives electrons their cusps. */
import { array } from "../../array/index.ts";
import { constant, type Tensor } from "../../tensor/index.ts";
import { electronsOf, type System } from "../systems/system.ts";
import type { WaveNetwork } from "./ansatz.ts";
import { distances, pairsOf } from "./pairs.ts";

/** Has the wave function cusps where electrons meet? */
export const hasCusps = ({ repulsion, softening, dimension, ...spins }: System): boolean =>
  repulsion !== 0 && softening === 0 && dimension > 1 && electronsOf(spins) > 1;

/** First parameters: α of electrons of like and of unlike spin, in bohr. */
export const jastrowStart = () => ({ "jastrow.parallel": array([1], "f32"), "jastrow.antiparallel": array([1], "f32") });

/**
 * J = -Σ_{i<j} c α² / (α + r_ij), dJ/dr(0) = c = λ / (d + 1) for like spins and λ / (d - 1) for unlike ones: ¼ and ½ in three dimensions.
 *
 * @returns  [walkers], or nothing where electrons have no cusps
 * @source   Kato, Comm. Pure Appl. Math. 10 (1957); Pack & Brown, J. Chem. Phys. 45 (1966)
 */
export function jastrow(system: System, x: Tensor, network: WaveNetwork): Tensor | undefined {
  if (!hasCusps(system)) return undefined;
  const { up, repulsion, dimension } = system;
  const dtype = x.dtype === "f64" ? "f64" : "f32";
  const parallel = pairsOf(x.shape[1]).map(([i, j]) => i < up === j < up);
  const column = (values: readonly number[]): Tensor => constant(array(values, dtype)).expandDims(-1);
  const like = column(parallel.map(Number));
  const slope = column(parallel.map((same) => repulsion / (dimension + (same ? 1 : -1))));
  // of either sign the same: α + r has no root
  const [parallelAlpha, antiparallelAlpha] = ["parallel", "antiparallel"].map((spins) => network.other(`jastrow.${spins}`).abs());
  const alpha = like.mul(parallelAlpha).add(like.mul(-1).add(1).mul(antiparallelAlpha));
  return slope
    .mul(alpha.square())
    .div(alpha.add(distances(x)))
    .sum(0)
    .mul(-1);
}
