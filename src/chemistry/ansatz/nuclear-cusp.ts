/** A factor that gives electrons their cusps at nuclei. */
import { array } from "../../array/index.ts";
import { constant, type Tensor } from "../../tensor/index.ts";
import { nucleiOf, type System } from "../systems/system.ts";
import { type Ansatz, afterFirst, type WaveNetwork } from "./ansatz.ts";
import { nuclearDistances } from "./surroundings.ts";

/**
 * -Σ_I Z_I r_iI / (1 + b_I r_iI), the logarithm of a factor with slope -Z_I at nucleus I and constant far away.
 *
 * @returns  [N, walkers]
 * @source   Kato, Comm. Pure Appl. Math. 10 (1957): the condition
 */
export function nuclearCusp(system: System, x: Tensor, network: WaveNetwork): Tensor {
  const nuclei = nucleiOf(system);
  const charges = constant(
    array(
      nuclei.map(({ charge }) => charge),
      x.dtype === "f64" ? "f64" : "f32",
    ),
  ).reshape([nuclei.length, 1, 1]);
  const r = nuclearDistances(system, x);
  // of either sign the same: 1 + b r has no root
  const bend = network.other("cusp.bend").abs().expandDims(1);
  return charges.mul(r).div(bend.mul(r).add(1)).sum(0).neg();
}

/**
 * The same wave function times the factor: exact at nuclei where it was smooth there, closer where its own cusp was wrong.
 *
 * @param bend  b_I / Z_I to begin with, in 1/bohr; the factor reaches 1 / b_I far
 */
export function withNuclearCusp(system: System, ansatz: Ansatz, bend = 1): Ansatz {
  const { orbitals, pairs } = ansatz;
  return {
    ...ansatz,
    init: (rng) => {
      const { linear, other } = ansatz.init(rng);
      const first = array(
        nucleiOf(system).map(({ charge }) => [bend * charge]),
        "f32",
      );
      return { linear, other: { ...other, "cusp.bend": first } };
    },
    electrons: (x, network) => [nuclearCusp(system, x, network), ...ansatz.electrons(x, network)],
    ...(pairs && { pairs: (...of) => pairs(...afterFirst(1, of)) }),
    ...(orbitals && { orbitals: (x, [, ...electrons], network) => orbitals(x, electrons, network) }),
    wave: (x, [cusp, ...electrons], network) => {
      const { logAbs, sign } = ansatz.wave(x, electrons, network);
      return { logAbs: logAbs.add(cusp.sum(0)), sign };
    },
  };
}
