/** What curvature is made of: gradients of log q of single walkers, whole or layer by layer. */
import { concat, type Tensor } from "../../tensor/index.ts";
import type { Parameters } from "../ansatz/ansatz.ts";
import type { Passage, Passages } from "./passages.ts";
import { byName } from "./vector.ts";

const columns = (x: Tensor): Tensor => x.reshape([x.shape[0], x.size / x.shape[0]]);

/** A last row of ones, for a bias. */
const withOnes = (x: Tensor): Tensor => concat([x, x.slice([0, 1]).mul(0).add(1)], 0);

/** Second moments of a linear map, whose curvature is inputs ⊗ outputs. */
export interface Moments {
  /** mean a aᵀ: [inputs, inputs], with a last row and column for the bias. */
  readonly inputs: Tensor;
  /** Mean over walkers of Σ δ δᵀ over the electrons (or pairs) that share the map: [outputs, outputs]. */
  readonly outputs: Tensor;
}

/** Moments of other parameters: the matrix mean O Oᵀ where it is small, else its diagonal. */
export interface KroneckerStatistics {
  readonly linear: Readonly<Record<string, Moments>>;
  readonly other: Readonly<Record<string, Tensor>>;
}

/** Others of up to so many elements have a matrix of their own: it costs less than the smallest product of the network. */
export const largestDense = 256;

/** Moments of Kronecker-factored curvature. @source  Martens & Grosse, ICML 2015; Pfau et al., Phys. Rev. Research 2 (2020), appendix C */
export function kroneckerStatistics({ linear, other }: Passages, parameters: Parameters<Tensor>, walkers: number): KroneckerStatistics {
  const moments = (name: string, passage: Passage): Moments => {
    const a = columns(parameters.linear[name].bias ? withOnes(passage.x) : passage.x);
    const delta = columns(passage.delta);
    const gram = (rows: Tensor): Tensor => rows.matmul(rows.transpose());
    return { inputs: gram(a).div(a.shape[1]), outputs: gram(delta).div(walkers) };
  };
  const block = (o: Tensor): Tensor => {
    const rows = o.reshape([o.size / walkers, walkers]);
    return rows.shape[0] <= largestDense ? rows.matmul(rows.transpose()).div(walkers) : rows.square().mean(1);
  };
  return {
    linear: Object.fromEntries(Object.entries(linear).map(([name, passage]) => [name, moments(name, passage)])),
    other: Object.fromEntries(Object.entries(other).map(([name, o]) => [name, block(o)])),
  };
}

/**
 * O = ∇_θ log q of each walker, rows in the order of `flattened`; centred and
 * divided by √walkers, so that F = O Oᵀ.
 *
 * @returns  [parameters, walkers]
 */
export function perWalkerGradients({ linear, other }: Passages, parameters: Parameters<Tensor>, walkers: number): Tensor {
  const pieces = byName(parameters.linear).flatMap(([name, map]) => {
    const { x: inputs, delta } = linear[name];
    const positions = inputs.size / (inputs.shape[0] * walkers);
    const a = inputs.reshape([inputs.shape[0], 1, positions, walkers]);
    const d = delta.reshape([1, delta.shape[0], positions, walkers]);
    const weight = a
      .mul(d)
      .sum(2)
      .reshape([inputs.shape[0] * delta.shape[0], walkers]);
    return map.bias ? [weight, d.sum(2).reshape([delta.shape[0], walkers])] : [weight];
  });
  const rest = byName(parameters.other).map(([name]) => other[name].reshape([other[name].size / walkers, walkers]));
  const o = concat([...pieces, ...rest], 0);
  return o.sub(o.mean(1, true)).div(Math.sqrt(walkers));
}
