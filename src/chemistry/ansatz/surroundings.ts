/** What an electron sees of the field it is in: features for networks, and envelopes that make orbitals vanish far away. */
import { array, type NdArray } from "../../array/index.ts";
import { concat, constant, log1p, type Tensor } from "../../tensor/index.ts";
import { electronsOf, nucleiOf, type System } from "../systems/system.ts";
import type { WaveNetwork } from "./ansatz.ts";

const floatOf = (x: Tensor): "f32" | "f64" => (x.dtype === "f64" ? "f64" : "f32");

/** x_i - R_I: [dimension, nuclei, N, walkers]. */
export function fromNuclei(system: System, x: Tensor): Tensor {
  const nuclei = nucleiOf(system);
  const positions = [0, 1, 2].map((c) => nuclei.map(({ position }) => position[c]));
  const centres = constant(array(positions, floatOf(x))).reshape([3, nuclei.length, 1, 1]);
  return x.expandDims(1).sub(centres);
}

/** |x_i - R_I|: [nuclei, N, walkers]. */
export const nuclearDistances = (system: System, x: Tensor): Tensor => fromNuclei(system, x).square().sum(0).sqrt();

/** A length of the field, in bohr: that of an oscillator's ground state. */
const lengthOf = ({ field }: System): number => (field.kind === "trap" ? 1 / Math.sqrt(field.omega) : 1);

/** +1 and -1 for spins up and down: [1, N, walkers]. */
function spins({ up, ...rest }: System, x: Tensor): Tensor {
  const values = Array.from({ length: electronsOf({ up, ...rest }) }, (_, i) => (i < up ? 1 : -1));
  return x
    .slice([0, 1])
    .mul(0)
    .add(constant(array(values, floatOf(x))).reshape([1, values.length, 1]));
}

/** Number of features of an electron. */
export const featureCount = (system: System): number =>
  (system.field.kind === "nuclei" ? 4 * nucleiOf(system).length : system.dimension + 1) + 1;

/**
 * Of molecules: for each nucleus log(1 + r) and (x - R) log(1 + r) / r, then the spin; growing slowly, so that far electrons do not saturate
 * networks. Of traps and formulas, smooth ones: x / l and log(1 + |x/l|²), then the spin.
 *
 * @returns  [features, N, walkers]
 * @source   von Glehn, Spencer & Pfau, ICLR 2023, eq. 10
 */
export function features(system: System, x: Tensor): Tensor {
  const spin = spins(system, x);
  if (system.field.kind !== "nuclei") {
    const scaled = x.div(lengthOf(system));
    return concat([scaled, log1p(scaled.square().sum(0, true)), spin], 0);
  }
  const away = fromNuclei(system, x);
  const r = away.square().sum(0, true).sqrt();
  const grown = log1p(r);
  const [, nuclei, n, walkers] = away.shape;
  const each = concat([grown, away.mul(grown.div(r))], 0).transpose([1, 0, 2, 3]);
  return concat([each.reshape([4 * nuclei, n, walkers]), spin], 0);
}

/** Number of distance features of an electron. */
export const distanceFeatureCount = (system: System): number => featureCount(system) - 1;

/**
 * Of molecules: for each nucleus r and x - R. Of traps and formulas those of `features`. Spins are not among them.
 *
 * @returns  [features, N, walkers]
 * @source   Pfau et al., Phys. Rev. Research 2 (2020)
 */
export function distanceFeatures(system: System, x: Tensor): Tensor {
  if (system.field.kind !== "nuclei") return features(system, x).slice([0, distanceFeatureCount(system)]);
  const away = fromNuclei(system, x);
  const [, nuclei, n, walkers] = away.shape;
  const each = concat([away.square().sum(0, true).sqrt(), away], 0).transpose([1, 0, 2, 3]);
  return each.reshape([4 * nuclei, n, walkers]);
}

/** First parameters of envelopes of `count` orbitals: all 1. */
export function envelopeStart(system: System, name: string, count: number): Record<string, NdArray> {
  const centres = Math.max(1, nucleiOf(system).length);
  const ones = (): NdArray =>
    array(
      Array.from({ length: centres }, () => Array.from({ length: count }, () => [[1]])),
      "f32",
    );
  return { [`${name}.weight`]: ones(), [`${name}.decay`]: ones() };
}

/**
 * Σ_I π_Ic e^{-σ_Ic r_iI} of molecules, π_c e^{-σ_c |x/l|²/2} of traps, π_c e^{-σ_c √(1 + x²)} of formulas.
 *
 * @returns  [orbitals, N, walkers]
 */
export function envelope(system: System, name: string, x: Tensor, network: WaveNetwork): Tensor {
  const [weight, decay] = [network.other(`${name}.weight`), network.other(`${name}.decay`)];
  const extent = extentOf(system, x).expandDims(1);
  return weight.mul(decay.mul(extent).neg().exp()).sum(0);
}

/** How far out an electron is: [centres, N, walkers]. */
function extentOf(system: System, x: Tensor): Tensor {
  if (system.field.kind === "nuclei") return nuclearDistances(system, x);
  const square = x.div(lengthOf(system)).square().sum(0, true);
  return system.field.kind === "trap" ? square.mul(0.5) : square.add(1).sqrt();
}
