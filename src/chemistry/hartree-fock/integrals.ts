/** Integrals over basis functions, in atomic units. */
import { nuclearRepulsion } from "../energy/potential.ts";
import type { Nucleus } from "../systems/system.ts";
import { functionsOf, type Shell } from "./basis.ts";
import { coulombHermites, hermiteCount, hermites } from "./hermite.ts";
import { type Matrix, zeros } from "./matrix.ts";
import { pairsOf, type ShellPair } from "./pairs.ts";
import { type Repulsion, repulsionOf } from "./repulsion.ts";

export interface Integrals {
  readonly overlap: Matrix;
  readonly kinetic: Matrix;
  /** -Σ_I Z_I / |r - R_I|. */
  readonly attraction: Matrix;
  /** x, y, z. */
  readonly position: readonly [Matrix, Matrix, Matrix];
  readonly repulsion: Repulsion;
  /** Σ_{I<J} Z_I Z_J / |R_I - R_J|. */
  readonly nuclear: number;
}

export function integralsOf(shells: readonly Shell[], nuclei: readonly Nucleus[]): Integrals {
  const n = functionsOf(shells).length;
  const pairs = pairsOf(shells);
  return {
    overlap: filled(n, pairs, overlaps),
    kinetic: filled(n, pairs, ({ kinetic }) => kinetic),
    attraction: filled(n, pairs, (pair) => attractions(pair, nuclei)),
    position: [filled(n, pairs, moments(0)), filled(n, pairs, moments(1)), filled(n, pairs, moments(2))],
    repulsion: repulsionOf(n, pairs),
    nuclear: nuclearRepulsion(nuclei),
  };
}

/** A symmetric matrix from its values at each pair of shells, [functions of a, functions of b]. */
function filled(n: number, pairs: readonly ShellPair[], valuesAt: (pair: ShellPair) => Float64Array): Matrix {
  const out = zeros(n, n);
  for (const pair of pairs) {
    const columns = pair.b.functions.length;
    valuesAt(pair).forEach((value, k) => {
      const [i, j] = [pair.a.first + Math.floor(k / columns), pair.b.first + (k % columns)];
      out.data[i * n + j] = value;
      out.data[j * n + i] = value;
    });
  }
  return out;
}

/** ∫ Λ_tuv = (π/p)^(3/2) for t = u = v = 0, and 0 otherwise. */
function overlaps({ kinetic, degree, primitives }: ShellPair): Float64Array {
  const count = hermiteCount(degree);
  const out = new Float64Array(kinetic.length);
  for (const { p, expansion } of primitives) for (let k = 0; k < out.length; k++) out[k] += expansion[k * count] * (Math.PI / p) ** 1.5;
  return out;
}

/** ∫ x Λ_tuv: P_x of Λ_000, 1 of Λ_100, in units of (π/p)^(3/2). */
const moments =
  (axis: number) =>
  ({ kinetic, degree, primitives }: ShellPair): Float64Array => {
    const count = hermiteCount(degree);
    const first = hermites.findIndex((powers) => powers[axis] === 1);
    const out = new Float64Array(kinetic.length);
    for (const { p, centre, expansion } of primitives)
      for (let k = 0; k < out.length; k++) {
        const dipole = degree === 0 ? 0 : expansion[k * count + first];
        out[k] += (dipole + centre[axis] * expansion[k * count]) * (Math.PI / p) ** 1.5;
      }
    return out;
  };

/** ∫ Λ_tuv / |r - R| = 2π/p R_tuv(p, P - R). */
function attractions({ kinetic, degree, primitives }: ShellPair, nuclei: readonly Nucleus[]): Float64Array {
  const count = hermiteCount(degree);
  const out = new Float64Array(kinetic.length);
  const r = new Float64Array(hermites.length);
  for (const { p, centre, expansion } of primitives)
    for (const { charge, position } of nuclei) {
      coulombHermites(degree, p, centre[0] - position[0], centre[1] - position[1], centre[2] - position[2], r);
      const scale = (-charge * 2 * Math.PI) / p;
      for (let k = 0; k < out.length; k++) for (let h = 0; h < count; h++) out[k] += scale * expansion[k * count + h] * r[h];
    }
  return out;
}
