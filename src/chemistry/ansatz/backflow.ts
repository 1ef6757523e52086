/** Wave functions of orbitals that depend on all electrons: what networks of different kinds have in common. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { electronsOf, type System } from "../systems/system.ts";
import { type Ansatz, afterFirst, type Linear, type WaveNetwork } from "./ansatz.ts";
import { dense } from "./dense.ts";
import { blockDiagonal, joined, sumOfProducts } from "./determinants.ts";
import { hasCusps, jastrow, jastrowStart } from "./jastrow.ts";
import { spinGroups } from "./spins.ts";
import { envelope, envelopeStart } from "./surroundings.ts";

export interface DeterminantOptions {
  /** Determinants K. */
  readonly determinants: number;
  /** Determinants of both spins apart, det Φ↑ det Φ↓, instead of one of all electrons: fewer orbitals, smaller matrices. */
  readonly factored?: boolean;
}

/** A network that gives each electron a state. */
export interface StateNetwork {
  readonly name: string;
  /** Width d of the states. */
  readonly width: number;
  readonly init: (rng: Random) => Record<string, Linear<NdArray>>;
  /** Before electrons meet: see `Ansatz.electrons`. */
  readonly electrons: (x: Tensor, network: WaveNetwork) => readonly Tensor[];
  /** How they first meet: see `Ansatz.pairs`. */
  readonly pairs?: Ansatz["pairs"];
  /** h: [d, N, walkers]. */
  readonly states: (x: Tensor, electrons: readonly Tensor[], network: WaveNetwork) => Tensor;
}

/**
 * Φ^k_ij = (w^k_j · h_i) Σ_I π^k_jI e^{-σ^k_jI r_iI}, with maps w and envelopes (π, σ) of their own for both spins; ψ = e^J Σ_k det Φ^k,
 * or e^J Σ_k det Φ^k↑ det Φ^k↓. Weights begin as N(0, 1/d), envelopes and the parameters of J as 1.
 *
 * @source  Pfau et al., Phys. Rev. Research 2 (2020); Spencer et al., arXiv 2011.07125 (envelopes, one determinant of all electrons)
 */
export function backflow(system: System, { determinants, factored = false }: DeterminantOptions, network: StateNetwork): Ansatz {
  const n = electronsOf(system);
  const { pairs } = network;
  const groups = spinGroups(system);
  const orbitals = (from: number, to: number): number => (factored ? to - from : n);
  const matrices = (x: Tensor, electrons: readonly Tensor[], parameters: WaveNetwork): Tensor[] => {
    const h = network.states(x, electrons.slice(groups.length), parameters);
    const blocks = groups.map(({ spin, from, to }, g) => {
      const own = parameters.linear(`orbitals.${spin}`, h.slice([], [from, to])).mul(electrons[g].slice([], [from, to]));
      return own.reshape([determinants, orbitals(from, to), to - from, own.shape[2]]);
    });
    return factored ? blocks : [joined(blocks, 2)];
  };
  return {
    name: network.name,
    init: (rng) => ({
      linear: {
        ...network.init(rng),
        ...Object.fromEntries(
          groups.map(({ spin, from, to }) => [
            `orbitals.${spin}`,
            dense(rng.fold(spin), network.width, determinants * orbitals(from, to), false),
          ]),
        ),
      },
      other: {
        ...Object.assign(
          {},
          ...groups.map(({ spin, from, to }) => envelopeStart(system, `envelope.${spin}`, determinants * orbitals(from, to))),
        ),
        ...(hasCusps(system) && jastrowStart()),
      },
    }),
    electrons: (x, parameters) => [
      ...groups.map(({ spin }) => envelope(system, `envelope.${spin}`, x, parameters)),
      ...network.electrons(x, parameters),
    ],
    ...(pairs && { pairs: (...of) => pairs(...afterFirst(groups.length, of)) }),
    orbitals: (x, electrons, parameters) => blockDiagonal(matrices(x, electrons, parameters)),
    wave: (x, electrons, parameters) => {
      const { logAbs, sign } = sumOfProducts(matrices(x, electrons, parameters));
      const j = jastrow(system, x, parameters);
      return { logAbs: j ? logAbs.add(j) : logAbs, sign };
    },
  };
}
