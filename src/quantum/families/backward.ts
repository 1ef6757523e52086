/** The gradient of a network's loss by its weights and biases, for searches that pretend that they are real. */
import type { Family } from "./family.ts";
import { activate, affine, type BinaryNetwork, type NetworkLayer } from "./network.ts";
import type { Points } from "./points.ts";
import type { Activation } from "./schema.ts";

/** act'(z). That of sign is taken for 1 on |z| ≤ 1, as straight-through estimators do. */
const slopes: Readonly<Record<Activation, (z: number, a: number) => number>> = {
  relu: (z) => (z > 0 ? 1 : 0),
  sigmoid: (_, a) => a * (1 - a),
  tanh: (_, a) => 1 - a * a,
  sign: (z) => (Math.abs(z) <= 1 ? 1 : 0),
  identity: () => 1,
};

export interface LayerGradient {
  readonly weights: Float64Array;
  readonly biases: Float64Array;
}

/** ∂loss/∂W and ∂loss/∂b of each layer. */
export function gradientOf({ spec }: Pick<Family, "spec">, network: BinaryNetwork, { x, y, weights }: Points): readonly LayerGradient[] {
  const { layers, features, temper } = network;
  const count = y.length;
  const masked = features.every(Boolean) ? x : x.map((v, at) => (features[at % features.length] ? v : 0));
  const passes: Pass[] = [];
  for (const layer of layers) passes.push(forward(layer, passes.at(-1)?.output ?? masked));
  // of the last layer: a = (1 - 2 y) t z, d log(1 + e^a) = σ da, d σ² = 2 σ² (1 - σ) da
  const { z } = passes[passes.length - 1];
  let back: Float64Array = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const sign = (1 - 2 * y[i]) * temper;
    const p = 1 / (1 + Math.exp(-sign * z[i]));
    back[i] = weights[i] * sign * (spec.loss === "squared" ? 2 * p * p * (1 - p) : p);
  }
  return passes
    .toReversed()
    .map((pass, depth) => {
      const { gradient, before } = backward(pass, back, depth === 0);
      back = before;
      return gradient;
    })
    .toReversed();
}

interface Pass {
  readonly layer: NetworkLayer;
  readonly input: Float64Array;
  readonly z: Float64Array;
  readonly output: Float64Array;
}

function forward(layer: NetworkLayer, input: Float64Array): Pass {
  const { units, inputs, on, activation, residual } = layer;
  const z = affine(layer, input);
  const output = new Float64Array(z.length);
  for (let at = 0; at < z.length; at++) {
    const u = at % units;
    output[at] = (on[u] ? activate(activation, z[at]) : 0) + (residual ? input[((at - u) / units) * inputs + u] : 0);
  }
  return { layer, input, z, output };
}

/** @param isLast  the last layer is affine */
function backward(
  { layer, input, z }: Pass,
  back: Float64Array,
  isLast: boolean,
): { readonly gradient: LayerGradient; readonly before: Float64Array } {
  const { units, inputs, on, activation, residual, weights } = layer;
  const slope = slopes[activation];
  const gradient = { weights: new Float64Array(inputs * units), biases: new Float64Array(units) };
  const before = new Float64Array(input.length);
  for (let at = 0; at < z.length; at++) {
    const u = at % units;
    const row = ((at - u) / units) * inputs;
    if (residual && !isLast) before[row + u] += back[at];
    const g = isLast ? back[at] : on[u] ? back[at] * slope(z[at], activate(activation, z[at])) : 0;
    if (g === 0) continue;
    gradient.biases[u] += g;
    for (let j = 0; j < inputs; j++) {
      gradient.weights[j * units + u] += g * input[row + j];
      before[row + j] += g * weights[j * units + u];
    }
  }
  return { gradient, before };
}
