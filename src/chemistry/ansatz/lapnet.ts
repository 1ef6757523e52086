/** A network in the manner of LapNet: who attends to whom is decided before electrons meet. */
import type { System } from "../systems/system.ts";
import type { Ansatz } from "./ansatz.ts";
import { attention, perceptron } from "./attention.ts";
import { backflow, type DeterminantOptions } from "./backflow.ts";
import { dense, layerStart } from "./dense.ts";
import { featureCount, features } from "./surroundings.ts";

export interface LapnetOptions extends DeterminantOptions {
  /** Width d of an electron's states. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

/**
 * Two streams from one embedding. That of single electrons knows no others: h ← h + tanh(W₂ tanh(W₁ h + b₁) + b₂); it gives queries and keys.
 * The mixed one gives values: g ← g + MHA(q(h), k(h), v(g)) W_o, g ← g + tanh(W₂ tanh(W₁ g + b₁) + b₂). Queries and keys of all layers have
 * derivatives by an electron's own coordinates only, so that scores cost little.
 *
 * @source  Li et al., A computational framework for neural network-based variational Monte Carlo with Forward Laplacian, Nature Machine
 *          Intelligence 6 (2024)
 */
export function lapnet(system: System, { width, layers, heads, ...determinants }: LapnetOptions): Ansatz {
  const range = Array.from({ length: layers }, (_, l) => l);
  return backflow(system, determinants, {
    name: "lapnet",
    width,
    init: (rng) => ({
      embed: dense(rng.fold("embed"), featureCount(system), width, false),
      ...Object.assign(
        {},
        ...range.map((l) => ({
          ...layerStart(rng.fold(`alone${l}`), `alone${l}`, l + 1 < layers ? ["query", "key", "mlp1", "mlp2"] : ["query", "key"], width),
          ...layerStart(rng.fold(`layer${l}`), `layer${l}`, ["value", "out", "mlp1", "mlp2"], width),
        })),
      ),
    }),
    electrons: (x, network) => {
      let h = network.linear("embed", features(system, x));
      const streams = layers > 0 ? [h, network.linear("layer0.value", h)] : [h];
      for (const l of range) {
        streams.push(network.linear(`alone${l}.query`, h), network.linear(`alone${l}.key`, h));
        if (l + 1 < layers) h = perceptron(`alone${l}`, h, network);
      }
      return streams;
    },
    states: (_, [g0, v0, ...scores], network) =>
      range.reduce((g, l) => {
        const v = l === 0 ? v0 : network.linear(`layer${l}.value`, g);
        const met = attention(scores[2 * l], scores[2 * l + 1], v, heads);
        return perceptron(`layer${l}`, g.add(network.linear(`layer${l}.out`, met)), network);
      }, g0),
  });
}
