/** Wave functions of tests, written as formulas. */
import type { NdArray } from "../../src/array/index.ts";
import { type Ansatz, type Parameters, type WaveNetwork, waveOf } from "../../src/chemistry/ansatz/ansatz.ts";
import { plainNetwork } from "../../src/chemistry/ansatz/network.ts";
import { localEnergy } from "../../src/chemistry/energy/local-energy.ts";
import { potential } from "../../src/chemistry/energy/potential.ts";
import type { Field, System } from "../../src/chemistry/systems/system.ts";
import { concat, grad, hessian, jit, type Tensor, vmap } from "../../src/tensor/index.ts";

export const nothing: Parameters<NdArray> = { linear: {}, other: {} };

/** Without parameters: log |ψ| of x [dimension, N, walkers]. */
export const formula = (logAbs: (x: Tensor) => Tensor): Ansatz => ({
  name: "formula",
  init: () => nothing,
  electrons: () => [],
  wave: (x) => {
    const value = logAbs(x);
    return { logAbs: value, sign: value.mul(0).add(1) };
  },
});

export const systemOf = (field: Field, dimension: 1 | 2 | 3, up: number, down: number, repulsion = 0): System => ({
  name: "test",
  title: "test",
  dimension,
  field,
  up,
  down,
  repulsion,
  softening: 0,
});

/** Electrons at one nucleus in the origin. */
export const atom = (charge: number, up: number, down: number, repulsion = 0): System =>
  systemOf({ kind: "nuclei", nuclei: [{ symbol: "X", charge, position: [0, 0, 0] }] }, 3, up, down, repulsion);

/** -½ (tr ∇∇ℓ + |∇ℓ|²) of each walker by the whole Hessian. */
export function plainKinetic(ansatz: Ansatz, x: Tensor, network: WaveNetwork = plainNetwork({ linear: {}, other: {} })): Tensor {
  const one = (y: Tensor): Tensor => waveOf(ansatz, y.expandDims(2), network).logAbs.sum();
  const d = x.shape[0] * x.shape[1];
  return vmap(
    (y: Tensor) => {
      const h = hessian(one)(y).reshape([d, d]);
      const diagonal = Array.from({ length: d }, (_, k) => h.slice([k, k + 1], [k, k + 1]).reshape([1]));
      return concat(diagonal, 0).sum().add(grad(one)(y).square().sum()).mul(-0.5);
    },
    [2],
  )(x);
}

/** E_loc and its slope by the engine's forward Laplacian, and E_loc by the Hessian. */
export const energies = (system: System, ansatz: Ansatz) =>
  jit((x: Tensor) => {
    const network = plainNetwork({ linear: {}, other: {} });
    const at = (y: Tensor): Tensor => localEnergy(system, ansatz, network, y).energy;
    const v = potential(system, x);
    const plain = plainKinetic(ansatz, x).add(v.external).add(v.repulsion).add(v.nuclei);
    return { energy: at(x), slope: grad((y: Tensor) => at(y).sum())(x), plain, logAbs: waveOf(ansatz, x, network).logAbs };
  });
