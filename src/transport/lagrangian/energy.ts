/**
 * Potential energies of particles in second-order mechanics: of each alone, and of pairs,
 *
 *   U(x_1, …, x_n) = Σ_i V(t, x_i) + (1 / (n - 1)) Σ_{i<j} W(|x_i - x_j|),   x_i'' = -∂U/∂x_i.
 *
 * The energy does not depend on the order of the particles, and that of pairs is scaled so that the force on a particle does not depend on
 * how many particles stand for the population: it is -∇(V + W*ρ), as in a least action under V and W.
 */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { equal, grad, iota, stopGradient, type Tensor, where } from "../../tensor/index.ts";
import { type ActionOptions, type ActionParams, action, initAction } from "./action.ts";
import type { PairPotential } from "./interaction.ts";
import type { ScalarField } from "./lagrangian.ts";

/** Energies of a particle and of a pair at a distance. */
export interface Energies {
  readonly potential?: ScalarField;
  readonly interaction?: PairPotential;
}

/** Most particles that act on each other exactly; of more, so many act on all: forces of n on n would not fit into memory. */
const mostSources = 512;

/** W*ρ at each particle, [n]: the mean of W over its distances to the others, or to every few of them where there are many. */
function pairField(w: PairPotential, x: Tensor, stride: number): Tensor {
  const [n, d] = x.shape;
  // of some, who do not feel the force back
  const sources = stride === 1 ? x : stopGradient(x.slice([null, null, stride]));
  const m = sources.shape[0];
  // duplicates have no direction from each other
  const r = x
    .reshape([n, 1, d])
    .sub(sources.reshape([1, m, d]))
    .square()
    .sum(2)
    .add(1e-12)
    .sqrt();
  const row = iota(n, x.dtype as "f32").expandDims(1);
  const self = equal(row, iota(m, x.dtype as "f32").mul(stride)).broadcastTo([n, m]);
  return where(self, 0, w(where(self, 1, r)))
    .sum(1)
    .div(m - 1 / stride);
}

/** Rows of a cloud of which one acts. */
const strideOf = (n: number): number => Math.max(1, Math.ceil(n / mostSources));

/** V(t, x_i) + factor · (W*ρ)(x_i), [n]. */
function fieldOf({ potential, interaction }: Energies, t: Tensor, x: Tensor, factor: number): Tensor {
  const n = x.shape[0];
  const parts = [
    ...(potential ? [potential(t.broadcastTo([n, 1]), x)] : []),
    ...(interaction && n > 1 ? [pairField(interaction, x, strideOf(n)).mul(factor)] : []),
  ];
  return parts.length ? parts.reduce((a, b) => a.add(b)) : x.sum(1).mul(0);
}

/** Potential energy of each particle, [n]: V(t, x_i), and half of its energies with others. Summed, it is U. */
export const energyOf = (energies: Energies, t: Tensor, x: Tensor): Tensor => fieldOf(energies, t, x, 1 / 2);

/** Accelerations -∂U/∂x_i, [n, d]. */
export const accelerationOf =
  (energies: Energies) =>
  (t: Tensor, x: Tensor): Tensor =>
    // a pair of particles is in the sum twice, unless one of them is held
    grad((y: Tensor) => fieldOf(energies, t, y, strideOf(x.shape[0]) === 1 ? 1 / 2 : 1).sum())(x).neg();

/**
 * What of the energy is learned: a potential of each particle, one that also depends on time, an energy of pairs, a potential and pairs, or
 * nothing beside what is given.
 */
export const energyKinds = ["one-body", "driven", "pairs", "both", "given"] as const;
export type EnergyKind = (typeof energyKinds)[number];

/** A network and a quadratic for V, coefficients for W. */
export interface EnergyParams<T = Tensor> {
  readonly body?: ActionParams<T>;
  readonly pairs?: { readonly c: T };
}

/** Ranges ℓ of the kernels of W, in standard deviations. */
const ranges = [0.125, 0.25, 0.5, 1, 2, 4] as const;

/** Energies that begin near zero. */
export function initEnergy(rng: Random, d: number, kind: EnergyKind, size: ActionOptions): EnergyParams<NdArray> {
  const pairs = { c: ndarray(new Float32Array(ranges.length + 1), [ranges.length + 1], "f32") };
  const body = kind === "pairs" || kind === "given" ? undefined : initAction(rng, d, { ...size, head: "scalar", intervals: 1 });
  return { ...(body && { body }), ...((kind === "pairs" || kind === "both") && { pairs }) };
}

/**
 * Learned energies and given ones: V = h(x) + ½ a |x|² + b · x of a SiLU network h (of t and x where it is driven), and
 * W(r) = Σ_k c_k e^(-r² / 2ℓ_k²) + c r² / 2, smooth at zero.
 */
export function energies({ body, pairs }: EnergyParams, driven: boolean, given: Energies): Energies {
  const own = body && action(body);
  const learned: ScalarField | undefined = own && ((t, x) => own(driven ? t : t.mul(0), x));
  const between = pairs && kernels(pairs.c);
  const potential = addFields(learned, given.potential);
  const interaction = addFields(between, given.interaction);
  return { ...(potential && { potential }), ...(interaction && { interaction }) };
}

/** The sum of two functions, either of which may be missing. */
function addFields<A extends readonly unknown[]>(f?: (...at: A) => Tensor, g?: (...at: A) => Tensor) {
  return f && g ? (...at: A) => f(...at).add(g(...at)) : (f ?? g);
}

const kernels =
  (c: Tensor): PairPotential =>
  (r) => {
    const square = r.square();
    const bumps = ranges.map((l, k) =>
      square
        .div(-2 * l ** 2)
        .exp()
        .mul(c.slice(k)),
    );
    return [...bumps, square.mul(c.slice(ranges.length)).div(2)].reduce((a, b) => a.add(b));
  };

/** Energies at a time: kinetic and potential, means over the particles [], and the power of what is not conserved. */
export interface EnergyAt {
  readonly kinetic: Tensor;
  readonly potential: Tensor;
  /** d/dt of their sum by friction, noise and time: ∂_t V - γ |v|² + d σ² / 2, as a mean. */
  readonly power: Tensor;
}

/** Mean energies of particles at one time t []. */
export function energyAt(e: Energies, friction: Tensor | number, noise: number, t: Tensor, x: Tensor, v: Tensor): EnergyAt {
  const square = v.square().sum(1).mean();
  const rate = grad((s: Tensor) => energyOf(e, s, x).mean())(t);
  return {
    kinetic: square.mul(0.5),
    potential: energyOf(e, t, x).mean(),
    power: rate.sub(square.mul(friction)).add((x.shape[1] * noise ** 2) / 2),
  };
}
