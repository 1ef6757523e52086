/** FermiNet: a stream of single electrons that looks at means of all, and a stream of pairs that it listens to. */
import { array } from "../../array/index.ts";
import { concat, constant, type Tensor, tanh } from "../../tensor/index.ts";
import { electronsOf, type System } from "../systems/system.ts";
import type { Ansatz } from "./ansatz.ts";
import { backflow, type DeterminantOptions } from "./backflow.ts";
import { dense } from "./dense.ts";
import { differences, orderedPairs } from "./pairs.ts";
import { spinGroups } from "./spins.ts";
import { distanceFeatureCount, distanceFeatures } from "./surroundings.ts";

export interface FerminetOptions extends DeterminantOptions {
  /** Width of an electron's state; 256 in the paper. */
  readonly width: number;
  /** Width of a pair's state; 32 in the paper. */
  readonly pairWidth: number;
  /** 4 in the paper. */
  readonly layers: number;
}

/**
 * h_i begins as [r_iI, x_i - R_I], h_ij as [√(1+r²) - 1, x_i - x_j], r = r_ij. In each layer
 *
 *   f_i = [h_i, mean_↑ h, mean_↓ h, mean_{j∈↑} h_ij, mean_{j∈↓} h_ij]        means over j ≠ i; of none, 0
 *   h_i ← tanh(W f_i + b) (+ h_i where widths agree),  h_ij ← tanh(V h_ij + c) (+ h_ij)
 *
 * The distance of two electrons is smooth where they meet, which leaves their cusp to J, where it is exact; there is no pair of an electron
 * with itself. Pairs take no step after the last layer that listens to them.
 *
 * @source  Pfau, Spencer, Matthews & Foulkes, Phys. Rev. Research 2 (2020)
 */
export function ferminet(system: System, { width, pairWidth, layers, ...determinants }: FerminetOptions): Ansatz {
  const { dimension } = system;
  const groups = spinGroups(system);
  const range = Array.from({ length: layers }, (_, l) => l);
  const paired = electronsOf(system) > 1;
  const singles = (l: number): number => (l === 0 ? distanceFeatureCount(system) : width);
  const pairs = (l: number): number => (l === 0 ? dimension + 1 : pairWidth);
  const inputs = (l: number): number => singles(l) + groups.length * (singles(l) + (paired ? pairs(l) : 0));
  return backflow(system, determinants, {
    name: "ferminet",
    width: singles(layers),
    init: (rng) =>
      Object.fromEntries(
        range.flatMap((l) => [
          [`layer${l}.single`, dense(rng.fold(`single${l}`), inputs(l), width, true)],
          ...(paired && l + 1 < layers ? [[`layer${l}.pair`, dense(rng.fold(`pair${l}`), pairs(l), pairWidth, true)]] : []),
        ]),
      ),
    electrons: (x) => [distanceFeatures(system, x)],
    states: (x, [first], network) => {
      let h = first;
      let h2 = paired ? pairFeatures(x) : undefined;
      for (const l of range) {
        const means = groups.map(({ from, to }) => h.slice([], [from, to]).mean(1, true).broadcastTo(h.shape));
        const heard = h2 ? pairMeans(system, h2) : [];
        h = residual(h, tanh(network.linear(`layer${l}.single`, concat([h, ...means, ...heard], 0))));
        if (h2 && l + 1 < layers) h2 = residual(h2, tanh(network.linear(`layer${l}.pair`, h2)));
      }
      return h;
    },
  });
}

const residual = (before: Tensor, after: Tensor): Tensor => (before.shape[0] === after.shape[0] ? before.add(after) : after);

/** [√(1+r²) - 1, x_i - x_j] of all i ≠ j: [1 + dimension, pairs, walkers]. */
function pairFeatures(x: Tensor): Tensor {
  const away = differences(x, orderedPairs(x.shape[1]));
  const square = away.square().sum(0, true);
  return concat([square.add(1).sqrt().sub(1), away], 0);
}

/** Means over the other electrons of each spin: [f, pairs, walkers] -> [f, N, walkers] each. */
const pairMeans = (system: System, h: Tensor): Tensor[] => {
  const n = electronsOf(system);
  return spinGroups(system).map(({ from, to }) => {
    const weights = Array.from({ length: n }, (_, electron) => {
      const others = to - from - Number(electron >= from && electron < to);
      return orderedPairs(n).map(([i, j]) => (i === electron && j >= from && j < to ? 1 / others : 0));
    });
    return constant(array(weights, h.dtype === "f64" ? "f64" : "f32")).matmul(h);
  });
};
