/** One network of a family: what a configuration of bits means, and what it computes. */
import type { Family, Group } from "./family.ts";
import type { Activation, Alphabet } from "./schema.ts";

export interface NetworkLayer {
  /** [in, units], row by row. */
  readonly weights: readonly number[];
  readonly biases: readonly number[];
  readonly inputs: number;
  readonly units: number;
  readonly activation: Activation;
  /** Which units are on. */
  readonly on: readonly boolean[];
  /** Whether the layer's input is added to its output. */
  readonly residual: boolean;
}

/** P(class 1 | x) = σ(temper · f(x ∘ mask)); the last layer is affine. */
export interface BinaryNetwork {
  readonly layers: readonly NetworkLayer[];
  readonly features: readonly boolean[];
  readonly temper: number;
}

/** The value of a choice's bits, the first most significant. */
const codeOf = (s: ArrayLike<number>, { first, count }: Group): number => {
  let code = 0;
  for (let i = first; i < first + count; i++) code = 2 * code + s[i];
  return code;
};

/** The network of a configuration. @param s  bits, the first parameter first */
export function decode({ spec, inputs, groups }: Family, s: ArrayLike<number>): BinaryNetwork {
  let [alphabet, features, temper]: [Alphabet | undefined, boolean[], number] = [undefined, new Array<boolean>(inputs).fill(true), 1];
  const layers = spec.layers.map(({ activation, units }) => ({ activation, on: new Array<boolean>(units).fill(true), residual: false }));
  for (const group of groups) {
    if (group.is === "weights" || group.is === "biases") continue;
    const choice = spec.choices[group.of];
    const code = codeOf(s, group);
    const flags = () => Array.from({ length: group.count }, (_, i) => s[group.first + i] === 1);
    if (choice.choose === "alphabet") alphabet = choice.of[code % choice.of.length];
    else if (choice.choose === "temper") temper = choice.of[code % choice.of.length];
    else if (choice.choose === "units") layers[choice.layer - 1].on = flags();
    else if (choice.choose === "residual") layers[choice.layer - 1].residual = code === 1;
    else if (choice.choose === "features") {
      const chosen = choice.of?.[code % choice.of.length];
      features = chosen ? features.map((_, j) => chosen.includes(j + 1)) : flags();
    } else
      layers.forEach((layer, l) => {
        if (choice.layer === undefined || choice.layer === l + 1) layer.activation = choice.of[code % choice.of.length];
      });
  }
  return {
    layers: layers.map((layer, l) => {
      const { weights, biases, units } = spec.layers[l];
      const values = (is: Group["is"], own: Alphabet): number[] => {
        const group = groups.find((g) => g.is === is && g.of === l)!;
        return Array.from({ length: group.count }, (_, i) => (alphabet ?? own)[s[group.first + i]]);
      };
      return {
        ...layer,
        weights: values("weights", weights),
        biases: biases ? values("biases", biases) : new Array<number>(units).fill(0),
        inputs: l === 0 ? inputs : spec.layers[l - 1].units,
        units,
      };
    }),
    features,
    temper,
  };
}

/** Hidden units that are on. */
export const unitsOn = ({ layers }: BinaryNetwork): number =>
  layers.slice(0, -1).reduce((sum, { on }) => sum + on.filter(Boolean).length, 0);

const functions: Readonly<Record<Activation, (z: number) => number>> = {
  relu: (z) => Math.max(z, 0),
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
  sign: (z) => (z < 0 ? -1 : 1),
  identity: (z) => z,
};

/** act(z). */
export const activate = (activation: Activation, z: number): number => functions[activation](z);

/** What a hidden layer makes of rows [count, inputs]: [count, units]. */
export function hidden(layer: NetworkLayer, h: Float64Array): Float64Array {
  const { inputs, units, activation, on, residual } = layer;
  const act = functions[activation];
  const z = affine(layer, h);
  return z.map((v, at) => {
    const u = at % units;
    return (on[u] ? act(v) : 0) + (residual ? h[Math.floor(at / units) * inputs + u] : 0);
  });
}

/** h W + b. */
export function affine({ weights, biases, inputs, units }: NetworkLayer, h: Float64Array): Float64Array {
  const rows = h.length / inputs;
  const z = new Float64Array(rows * units);
  for (let i = 0; i < rows; i++)
    for (let u = 0; u < units; u++) {
      let sum = biases[u];
      for (let j = 0; j < inputs; j++) sum += h[i * inputs + j] * weights[j * units + u];
      z[i * units + u] = sum;
    }
  return z;
}

/** Logits of class 1, of rows [count, inputs]. */
export function logits({ layers, features, temper }: BinaryNetwork, x: Float64Array): Float64Array {
  const masked = features.every(Boolean) ? x : x.map((v, at) => (features[at % features.length] ? v : 0));
  const h = layers.slice(0, -1).reduce((rows, layer) => hidden(layer, rows), masked);
  return affine(layers[layers.length - 1], h).map((z) => z * temper);
}
