/** The Psiformer: electrons as tokens of a transformer, orbitals of each that depend on all others. */
import { array, type NdArray, type Random } from "../../array/index.ts";
import { stopGradient, type Tensor, tanh } from "../../tensor/index.ts";
import { electronsOf, type System } from "../systems/system.ts";
import type { Ansatz, Linear, Network } from "./ansatz.ts";
import { joined, sumOfDeterminants } from "./determinants.ts";
import { hasCusps, jastrow, jastrowStart } from "./jastrow.ts";
import { envelope, envelopeStart, featureCount, features } from "./surroundings.ts";

export interface PsiformerOptions {
  /** Width d of an electron's state. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Determinants K. */
  readonly determinants: number;
}

/**
 * h_i = W f_i; in each layer h ← h + MHA(h) W_o, h ← h + tanh(W₂ tanh(W₁ h + b₁) + b₂); Φ^k_ij = (w^k_j · h_i) Σ_I π e^{-σ r_iI}, with maps
 * and envelopes of their own for both spins; ψ = e^J Σ_k det Φ^k.
 *
 * Weights begin as N(0, 1/inputs), biases as N(0, 1), envelopes and Jastrow parameters as 1.
 *
 * @source  von Glehn, Spencer & Pfau, A Self-Attention Ansatz for Ab-initio Quantum Chemistry, ICLR 2023
 */
export function psiformer(system: System, { width, layers, heads, determinants }: PsiformerOptions): Ansatz {
  const n = electronsOf(system);
  const orbitals = determinants * n;
  const groups = spinGroups(system);
  const range = Array.from({ length: layers }, (_, l) => l);
  const streams = (x: Tensor, network: Network): readonly Tensor[] => {
    const h = network.linear("embed", features(system, x));
    const first = layers > 0 ? ["query", "key", "value"].map((name) => network.linear(`layer0.${name}`, h)) : [];
    return [h, ...groups.map(({ spin }) => envelope(system, `envelope.${spin}`, x, network)), ...first];
  };
  const matrices = ([h0, ...rest]: readonly Tensor[], network: Network): Tensor => {
    const envelopes = rest.slice(0, groups.length);
    const h = range.reduce((state, l) => {
      const [q, k, v] =
        l === 0 ? rest.slice(groups.length) : ["query", "key", "value"].map((name) => network.linear(`layer${l}.${name}`, state));
      const met = state.add(network.linear(`layer${l}.out`, attention(q, k, v, heads)));
      return met.add(tanh(network.linear(`layer${l}.mlp2`, tanh(network.linear(`layer${l}.mlp1`, met)))));
    }, h0);
    const blocks = groups.map(({ spin, from, to }, g) => {
      const own = network.linear(`orbitals.${spin}`, h.slice([], [from, to])).mul(envelopes[g].slice([], [from, to]));
      return own.reshape([determinants, n, to - from, own.shape[2]]);
    });
    return joined(blocks, 2);
  };
  return {
    name: "psiformer",
    init: (rng) => ({
      linear: {
        embed: dense(rng.fold("embed"), featureCount(system), width, false),
        ...Object.assign({}, ...range.map((l) => layerStart(rng.fold(`layer${l}`), `layer${l}`, width))),
        ...Object.fromEntries(groups.map(({ spin }) => [`orbitals.${spin}`, dense(rng.fold(spin), width, orbitals, false)])),
      },
      other: {
        ...Object.assign({}, ...groups.map(({ spin }) => envelopeStart(system, `envelope.${spin}`, orbitals))),
        ...(hasCusps(system) && jastrowStart()),
      },
    }),
    electrons: streams,
    orbitals: (_, electrons, network) => matrices(electrons, network),
    wave: (x, electrons, network) => {
      const { logAbs, sign } = sumOfDeterminants(matrices(electrons, network));
      const j = jastrow(system, x, network);
      return { logAbs: j ? logAbs.add(j) : logAbs, sign };
    },
  };
}

/** Electrons of one spin stand together: up first. */
export const spinGroups = ({ up, down }: System): { spin: "up" | "down"; from: number; to: number }[] =>
  [
    { spin: "up" as const, from: 0, to: up },
    { spin: "down" as const, from: up, to: up + down },
  ].filter(({ from, to }) => to > from);

/** A linear map with weights N(0, 1/inputs) and biases N(0, 1). */
export function dense(rng: Random, inputs: number, outputs: number, bias: boolean): Linear<NdArray> {
  const weight = rng.fold("weight").normal([inputs, outputs]);
  const scale = 1 / Math.sqrt(inputs);
  const scaled = array(
    Array.from({ length: inputs }, (_, i) => Array.from(weight.data.subarray(i * outputs, (i + 1) * outputs), (w) => Number(w) * scale)),
    "f32",
  );
  return bias ? { weight: scaled, bias: rng.fold("bias").normal([outputs]) } : { weight: scaled };
}

const layerStart = (rng: Random, layer: string, width: number): Record<string, Linear<NdArray>> =>
  Object.fromEntries(
    ["query", "key", "value", "out", "mlp1", "mlp2"].map((name) => [
      `${layer}.${name}`,
      dense(rng.fold(name), width, width, name.startsWith("mlp")),
    ]),
  );

/** So many electrons and fewer: attention by multiplying and adding, walkers innermost; beyond, as products of matrices, walkers outermost. */
const mostByAdding = 6;

/** Attention of electrons to all, themselves included: q, k, v [d, N, walkers] -> [d, N, walkers]. */
export function attention(q: Tensor, k: Tensor, v: Tensor, heads: number): Tensor {
  const [d, n, walkers] = q.shape;
  const size = d / heads;
  const scaled = q.mul(1 / Math.sqrt(size));
  if (n <= mostByAdding) {
    const [a, b, c] = [scaled, k, v].map((t) => t.reshape([heads, size, n, walkers]));
    const scores = a.expandDims(3).mul(b.expandDims(2)).sum(1);
    return softmax(scores, 2).expandDims(1).mul(c.expandDims(2)).sum(3).reshape([d, n, walkers]);
  }
  const rows = (t: Tensor): Tensor => t.reshape([heads, size, n, walkers]).transpose([3, 0, 2, 1]);
  const weights = softmax(rows(scaled).matmul(rows(k).transpose([0, 1, 3, 2])), 3);
  return weights.matmul(rows(v)).transpose([1, 3, 2, 0]).reshape([d, n, walkers]);
}

/** Softmax along an axis; the maximum taken out is a constant to derivatives. */
function softmax(scores: Tensor, axis: number): Tensor {
  const e = scores.sub(stopGradient(scores.max(axis, true))).exp();
  return e.div(e.sum(axis, true));
}
