/** How the logit of a family splits: into terms that few bits decide, given the bits of earlier layers and choices. */
import type { Family } from "./family.ts";
import { activate, affine, type BinaryNetwork, hidden } from "./network.ts";

/** A term of the logit. */
export interface Factor {
  /** The bits that decide it, besides those outside. */
  readonly bits: readonly number[];
  /** @param h  what enters the last hidden layer, or the network's only one: [count, width] */
  readonly term: (network: BinaryNetwork, h: Float64Array) => Float64Array;
}

export interface Factors {
  /** Bits that have to be set first: choices and early layers. */
  readonly outside: readonly number[];
  readonly factors: readonly Factor[];
}

/** Bits of a factor of which every combination of settings keeps a row of all points. */
const mostTogether = 4;

/**
 * A network with hidden layers has a factor for each unit of its last one, weights in and out together; one without, for every few
 * weights. The output's bias is a factor.
 *
 * @param mostSettings  of a unit with more settings some incoming weights are outside
 */
export function factorsOf({ bits, groups, spec, inputs }: Family, mostSettings: number): Factors {
  const last = spec.layers.length - 1;
  const place = (is: string, of: number): number | undefined => groups.find((g) => g.is === is && g.of === of)?.first;
  const out = place("weights", last)!;
  const bias = place("biases", last);
  const biasFactor: Factor[] =
    bias === undefined
      ? []
      : [
          {
            bits: [bias],
            term: ({ layers, temper }, h) => constant(h.length / layers[Math.max(0, last - 1)].inputs, layers[last].biases[0] * temper),
          },
        ];
  const factors = last === 0 ? [...packed(out, inputs), ...biasFactor] : [...units(), ...biasFactor];
  const inside = new Set(factors.flatMap((f) => f.bits));
  return {
    outside: Array.from({ length: bits }, (_, i) => i).filter((i) => !inside.has(i)),
    factors: factors.toSorted((a, b) => a.bits.length - b.bits.length),
  };

  function units(): Factor[] {
    const room = Math.floor(Math.log2(mostSettings));
    const width = spec.layers[last - 1].units;
    const into = last === 1 ? inputs : spec.layers[last - 2].units;
    const [first, biases] = [place("weights", last - 1)!, place("biases", last - 1)];
    const mask = groups.find(
      (g) => g.is === "units" && spec.choices.some((c, at) => at === g.of && c.choose === "units" && c.layer === last),
    );
    return Array.from({ length: width }, (_, u) => {
      const own = [
        ...Array.from({ length: into }, (_, j) => first + j * width + u),
        ...(biases === undefined ? [] : [biases + u]),
        ...(mask ? [mask.first + u] : []),
      ];
      return { bits: [...own.slice(Math.max(0, own.length + 1 - room)), out + u], term: unitTerm(u, last) };
    });
  }
}

/** v_u (on_u act(h W + b)_u + residual h_u). */
const unitTerm =
  (u: number, last: number): Factor["term"] =>
  ({ layers, temper }, h) => {
    const { weights, biases, inputs, units, activation, on, residual } = layers[last - 1];
    const column = { weights: Array.from({ length: inputs }, (_, j) => weights[j * units + u]), biases: [biases[u]], inputs, units: 1 };
    const factor = layers[last].weights[u] * temper;
    return affine({ ...column, activation, on: [true], residual: false }, h).map(
      (z, i) => factor * ((on[u] ? activate(activation, z) : 0) + (residual ? h[i * inputs + u] : 0)),
    );
  };

/** Σ_j w_j x_j over a few features. */
function packed(first: number, inputs: number): Factor[] {
  const starts = Array.from({ length: Math.ceil(inputs / mostTogether) }, (_, p) => p * mostTogether);
  return starts.map((start) => {
    const features = Array.from({ length: Math.min(mostTogether, inputs - start) }, (_, j) => start + j);
    return {
      bits: features.map((j) => first + j),
      term: ({ layers: [{ weights }], temper }, h) =>
        Float64Array.from({ length: h.length / inputs }, (_, i) =>
          features.reduce((sum, j) => sum + temper * weights[j] * h[i * inputs + j], 0),
        ),
    };
  });
}

const constant = (count: number, value: number): Float64Array => new Float64Array(count).fill(value);

/** What enters the last hidden layer, or the only one. */
export function beforeLast({ layers, features }: BinaryNetwork, x: Float64Array): Float64Array {
  const masked = features.every(Boolean) ? x : x.map((v, at) => (features[at % features.length] ? v : 0));
  return layers.slice(0, -2).reduce((h, layer) => hidden(layer, h), masked);
}
