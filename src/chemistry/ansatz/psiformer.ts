/** The Psiformer: electrons as tokens of a transformer, orbitals of each that depend on all others. */
import type { Tensor } from "../../tensor/index.ts";
import type { System } from "../systems/system.ts";
import type { Ansatz } from "./ansatz.ts";
import { attention, attentionOfSums, attentionPairs, perceptron } from "./attention.ts";
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
      if (layers === 0) return [h];
      const [q, k, v] = maps.map((name) => network.linear(`layer0.${name}`, h));
      return [h, q.mul(1 / Math.sqrt(width / heads)), k, v];
    },
    ...(layers > 0 && {
      pairs: ([, ...rows], [, ...columns], [, ...all]) => attentionPairs(rows, columns, all, heads),
    }),
    states: (_, [h0, , , , weights, values], network) =>
      range.reduce((state, l) => {
        const met = (): Tensor => {
          const [q, k, v] = maps.map((name) => network.linear(`layer${l}.${name}`, state));
          return attention(q, k, v, heads);
        };
        const seen = l === 0 ? attentionOfSums(weights, values) : met();
        return perceptron(`layer${l}`, state.add(network.linear(`layer${l}.out`, seen)), network);
      }, h0),
  });
}
