/** The Psiformer: electrons as tokens of a transformer, orbitals of each that depend on all others. */
import type { System } from "../systems/system.ts";
import type { Ansatz } from "./ansatz.ts";
import { attention, perceptron } from "./attention.ts";
import { backflow, type DeterminantOptions } from "./backflow.ts";
import { dense, layerStart } from "./dense.ts";
import { featureCount, features } from "./surroundings.ts";

export interface PsiformerOptions extends DeterminantOptions {
  /** Width d of an electron's state. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

/**
 * h_i = W f_i; in each layer h ← h + MHA(h) W_o, h ← h + tanh(W₂ tanh(W₁ h + b₁) + b₂); orbitals of h by `backflow`.
 *
 * Weights begin as N(0, 1/inputs), biases as N(0, 1).
 *
 * @source  von Glehn, Spencer & Pfau, A Self-Attention Ansatz for Ab-initio Quantum Chemistry, ICLR 2023
 */
export function psiformer(system: System, { width, layers, heads, ...determinants }: PsiformerOptions): Ansatz {
  const range = Array.from({ length: layers }, (_, l) => l);
  const maps = ["query", "key", "value"];
  return backflow(system, determinants, {
    name: "psiformer",
    width,
    init: (rng) => ({
      embed: dense(rng.fold("embed"), featureCount(system), width, false),
      ...Object.assign({}, ...range.map((l) => layerStart(rng.fold(`layer${l}`), `layer${l}`, [...maps, "out", "mlp1", "mlp2"], width))),
    }),
    electrons: (x, network) => {
      const h = network.linear("embed", features(system, x));
      return [h, ...(layers > 0 ? maps.map((name) => network.linear(`layer0.${name}`, h)) : [])];
    },
    states: (_, [h0, ...first], network) =>
      range.reduce((state, l) => {
        const [q, k, v] = l === 0 ? first : maps.map((name) => network.linear(`layer${l}.${name}`, state));
        return perceptron(`layer${l}`, state.add(network.linear(`layer${l}.out`, attention(q, k, v, heads))), network);
      }, h0),
  });
}
