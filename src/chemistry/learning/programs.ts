/** The compiled parts of a step: energies of walkers, gradients and curvature of the wave function. */
import { isFinite, jit, type Tensor, valueAndGrad, where } from "../../tensor/index.ts";
import type { Ansatz, Parameters } from "../ansatz/ansatz.ts";
import { plainNetwork } from "../ansatz/network.ts";
import { localEnergy } from "../energy/local-energy.ts";
import type { TransportCost } from "../flows/costs.ts";
import { fisherRaoGradient, wassersteinGradient } from "../flows/estimators.ts";
import { type KroneckerStatistics, kroneckerStatistics, perWalkerGradients } from "../solvers/curvature.ts";
import { passages } from "../solvers/passages.ts";
import type { System } from "../systems/system.ts";
import { walkersLast } from "../walkers/walk.ts";

/** The field of a formula, see `potential`. */
export type OwnField = (x: Tensor) => Tensor;

/** Sizes [walkers] of gradients [dimension, N, walkers]. */
const lengths = (g: Tensor): Tensor => g.square().sum([0, 1]).sqrt();

/**
 * Energies at walkers x [walkers, N · dimension]: E_loc and its parts, the size of the score |∇ log q|, and with `slopes` ∇E_loc as
 * [dimension, N, walkers] and its size.
 */
export function energyProgram(system: System, ansatz: Ansatz, slopes: boolean, field?: OwnField) {
  return jit((parameters: Parameters<Tensor>, x: Tensor) => {
    const places = walkersLast(system, x);
    const network = plainNetwork(parameters);
    const at = (y: Tensor) => {
      const { energy, kinetic, potential, gradient } = localEnergy(system, ansatz, network, y, field);
      return { energy, kinetic, external: potential.external, repulsion: potential.repulsion, scores: lengths(gradient).mul(2) };
    };
    if (!slopes) return { ...at(places), slope: places.slice([0, 1], [0, 1]).mul(0), steepness: places.slice([0, 1], [0, 1]).mul(0) };
    const sum = (y: Tensor): [Tensor, ReturnType<typeof at>] => {
      const found = at(y);
      return [found.energy.sum(), found];
    };
    const [[, found], slope] = valueAndGrad(sum, { aux: true })(places);
    return { ...found, slope, steepness: lengths(slope) };
  });
}

/** x - h u for walkers [walkers, N · dimension]: where the flow would carry them in a time h. */
export const carryProgram = (cost: TransportCost) =>
  jit((x: Tensor, slope: Tensor, h: Tensor) =>
    x.sub(where(isFinite(slope), cost.map(slope), 0).transpose([2, 1, 0]).reshape(x.shape).mul(h)),
  );

/** What a step needs to know of the walkers besides where they are. */
export interface Drives {
  /** ∇E_loc: [dimension, N, walkers]; not read where the cost is absent. */
  readonly slope: Tensor;
  /** Weights of walkers in the Wasserstein part, of mean 1: [walkers]. */
  readonly masks: Tensor;
  /** Clipped energies of mean 0: [walkers]. */
  readonly energies: Tensor;
}

/** Sums over steps Σ ρ^k (1 - ρ) S of Kronecker factors. */
export interface Averages {
  readonly factors: KroneckerStatistics;
  /** ρ. */
  readonly keep: Tensor;
}

const mix = (old: Tensor, now: Tensor, keep: Tensor): Tensor => old.mul(keep).add(now.mul(keep.mul(-1).add(1)));

function mixed(old: KroneckerStatistics, now: KroneckerStatistics, keep: Tensor): KroneckerStatistics {
  return {
    linear: Object.fromEntries(
      Object.entries(now.linear).map(([name, { inputs, outputs }]) => [
        name,
        { inputs: mix(old.linear[name].inputs, inputs, keep), outputs: mix(old.linear[name].outputs, outputs, keep) },
      ]),
    ),
    other: Object.fromEntries(Object.entries(now.other).map(([name, block]) => [name, mix(old.other[name], block, keep)])),
  };
}

/** The gradients of both flows: [fisherRao, wasserstein or nothing]. Walkers that are not finite have no part. */
function gradientsOf(system: System, ansatz: Ansatz, cost: TransportCost | undefined, ahead: number) {
  return (parameters: Parameters<Tensor>, x: Tensor, { slope, masks, energies }: Drives) => {
    const places = walkersLast(system, x);
    const passed = passages(ansatz, parameters, places);
    const fisherRao = fisherRaoGradient(passed, parameters, energies);
    const u = cost && where(isFinite(slope), cost.map(slope), 0);
    return {
      passed,
      gradients: { fisherRao, ...(u && { wasserstein: wassersteinGradient(ansatz, parameters, places, u, masks, ahead) }) },
    };
  };
}

/** Gradients, and the averages of Kronecker factors. */
export function factorProgram(system: System, ansatz: Ansatz, cost: TransportCost | undefined, ahead: number) {
  const both = gradientsOf(system, ansatz, cost, ahead);
  return jit((parameters: Parameters<Tensor>, x: Tensor, drives: Drives, { factors, keep }: Averages) => {
    const { passed, gradients } = both(parameters, x, drives);
    return { gradients, factors: mixed(factors, kroneckerStatistics(passed, parameters, x.shape[0]), keep) };
  });
}

/** Gradients, and those of log q of single walkers. */
export function rowProgram(system: System, ansatz: Ansatz, cost: TransportCost | undefined, ahead: number) {
  const both = gradientsOf(system, ansatz, cost, ahead);
  return jit((parameters: Parameters<Tensor>, x: Tensor, drives: Drives) => {
    const { passed, gradients } = both(parameters, x, drives);
    return { gradients, rows: perWalkerGradients(passed, parameters, x.shape[0]) };
  });
}

/** Gradients alone. */
export function gradientProgram(system: System, ansatz: Ansatz, cost: TransportCost | undefined, ahead: number) {
  const both = gradientsOf(system, ansatz, cost, ahead);
  return jit((parameters: Parameters<Tensor>, x: Tensor, drives: Drives) => ({ gradients: both(parameters, x, drives).gradients }));
}

/** Shapes of Kronecker factors, as zeros. */
export const zeroFactors = (system: System, ansatz: Ansatz) =>
  jit((parameters: Parameters<Tensor>, x: Tensor) => {
    const zero = (t: Tensor): Tensor => where(isFinite(t), 0, 0).cast(t.dtype);
    const { linear, other } = kroneckerStatistics(passages(ansatz, parameters, walkersLast(system, x)), parameters, x.shape[0]);
    return {
      linear: Object.fromEntries(
        Object.entries(linear).map(([name, { inputs, outputs }]) => [name, { inputs: zero(inputs), outputs: zero(outputs) }]),
      ),
      other: Object.fromEntries(Object.entries(other).map(([name, block]) => [name, zero(block)])),
    };
  });
