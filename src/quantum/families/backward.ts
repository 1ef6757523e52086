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
  const passes: { layer: NetworkLayer; input: Float64Array; z: Float64Array }[] = [];
  let h = x.map((v, at) => (features[at % features.length] ? v : 0));
  for (const layer of layers) {
    const [input, z] = [h, affine(layer, h)];
    passes.push({ layer, input, z });
    h = z.map((v, at) => {
      const [i, u] = [Math.floor(at / layer.units), at % layer.units];
      return (layer.on[u] ? activate(layer.activation, v) : 0) + (layer.residual ? input[i * layer.inputs + u] : 0);
    });
  }
  // of the last layer: a = (1 - 2 y) t z, d log(1 + e^a) = σ da, d σ² = 2 σ² (1 - σ) da
  let back = passes[passes.length - 1].z.map((z, i) => {
    const sign = (1 - 2 * y[i]) * temper;
    const p = 1 / (1 + Math.exp(-sign * z));
    return weights[i] * sign * (spec.loss === "squared" ? 2 * p * p * (1 - p) : p);
  });
  return passes
    .toReversed()
    .map(({ layer, input, z }, depth) => {
      const { units, inputs, on, activation, residual } = layer;
      const own =
        depth === 0 ? back : back.map((g, at) => (on[at % units] ? g * slopes[activation](z[at], activate(activation, z[at])) : 0));
      const found = { weights: new Float64Array(inputs * units), biases: new Float64Array(units) };
      const before = new Float64Array(input.length);
      own.forEach((g, at) => {
        const [i, u] = [Math.floor(at / units), at % units];
        found.biases[u] += g;
        for (let j = 0; j < inputs; j++) {
          found.weights[j * units + u] += g * input[i * inputs + j];
          before[i * inputs + j] += g * layer.weights[j * units + u] + (residual && j === u ? back[at] : 0);
        }
      });
      back = before;
      return found;
    })
    .toReversed();
}
