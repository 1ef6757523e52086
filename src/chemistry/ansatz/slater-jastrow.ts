/** Slater-Jastrow: known orbitals in one determinant of each spin, times the factor that keeps electrons apart. */
import { array } from "../../array/index.ts";
import { pad, type Tensor } from "../../tensor/index.ts";
import { hasBasis } from "../hartree-fock/basis.ts";
import type { System } from "../systems/system.ts";
import type { Ansatz, WaveNetwork } from "./ansatz.ts";
import { blockDiagonal, joined, sumOfProducts } from "./determinants.ts";
import { hasCusps, jastrow, jastrowStart } from "./jastrow.ts";
import type { KnownOrbitals } from "./known.ts";
import { withNuclearCusp } from "./nuclear-cusp.ts";
import { spinGroups } from "./spins.ts";

/** b_I / Z_I of orbitals that are Gaussians near nuclei: of 3, 5, 10 and 20 the lowest energy and variance of helium in STO-6G. */
const bend = 5;

/**
 * ψ = e^J det φ↑ det φ↓. At nuclei, orbitals of Gaussians get their cusp by a factor, and those of Slater have one; those of traps and formulas are stretched by a
 * parameter, φ(ζ x).
 *
 * @source  Foulkes et al., Rev. Mod. Phys. 73 (2001), section IV
 */
export function slaterJastrow(system: System, known: KnownOrbitals): Ansatz {
  const groups = spinGroups(system);
  const most = Math.max(system.up, system.down);
  const stretches = system.field.kind !== "nuclei";
  const blocks = ([phi]: readonly Tensor[]): Tensor[] => groups.map(({ from, to }) => phi.slice([0, to - from], [from, to]).expandDims(0));
  const ansatz: Ansatz = {
    name: "slater-jastrow",
    init: () => ({ linear: {}, other: { ...(stretches && { stretch: array([1], "f32") }), ...(hasCusps(system) && jastrowStart()) } }),
    electrons: (x, network) => {
      const places = stretches ? x.mul(network.other("stretch")) : x;
      // orbitals of each electron's own spin, [most, N, walkers]: rows that a spin does not have are zero
      const each = groups.map(({ spin, from, to }) => {
        const phi = known(spin, places.slice([], [from, to])).slice([0, to - from]);
        return to - from < most
          ? pad(phi, [
              [0, most - (to - from)],
              [0, 0],
              [0, 0],
            ])
          : phi;
      });
      return [joined(each, 1)];
    },
    orbitals: (_, electrons) => blockDiagonal(blocks(electrons)),
    wave: (x, electrons, network: WaveNetwork) => {
      const { logAbs, sign } = sumOfProducts(blocks(electrons));
      const j = jastrow(system, x, network);
      return { logAbs: j ? logAbs.add(j) : logAbs, sign };
    },
  };
  return stretches || !hasBasis(system) ? ansatz : withNuclearCusp(system, ansatz, bend);
}
