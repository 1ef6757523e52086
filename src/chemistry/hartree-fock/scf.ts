/** Self-consistent fields: orbitals in the mean field of themselves. */
import { symmetricEigen } from "../../array/index.ts";
import { extrapolate, type Iterate, memory } from "./diis.ts";
import type { Integrals } from "./integrals.ts";
import { combine, firstColumns, inner, type Matrix, product, transposed, zeros } from "./matrix.ts";
import { coulomb, exchange } from "./repulsion.ts";

/** Closed shells, closed shells and parallel spins in common orbitals, or orbitals of their own for each spin. */
export type ScfMethod = "rhf" | "rohf" | "uhf";

/** D_ij = Σ over occupied orbitals of C_ia C_ja, of each spin. */
export interface Densities {
  readonly up: Matrix;
  readonly down: Matrix;
}

/** In the order of their energies. */
export interface Orbitals {
  /** In hartree. */
  readonly energies: Float64Array;
  /** [functions, orbitals]. */
  readonly coefficients: Matrix;
}

export interface Field {
  readonly energy: number;
  readonly converged: boolean;
  readonly iterations: number;
  readonly densities: Densities;
  /** The same orbitals for both spins, unless unrestricted. */
  readonly up: Orbitals;
  readonly down: Orbitals;
}

interface Electrons {
  readonly up: number;
  readonly down: number;
}

/** Largest entry of F D S - S D F, in orthonormal functions, at which the field is its own. */
const tolerance = 1e-9;

/** Ways to go on, one after another until one converges: extrapolated; with virtual orbitals held up, which falls slowly but surely. */
const phases = [
  { diis: true, shift: 0, most: 80 },
  { diis: false, shift: 0.5, most: 300 },
  { diis: true, shift: 0, most: 60 },
];

/**
 * X with Xᵀ S X = 1: eigenvectors of the overlap over the roots of their eigenvalues, those of nearly dependent functions left out.
 */
export function orthonormal(overlap: Matrix, threshold = 1e-8): Matrix {
  const { values, vectors } = symmetricEigen(overlap.data, overlap.rows);
  const n = overlap.rows;
  const dropped = values.filter((value) => value < threshold).length;
  const kept = n - dropped;
  const data = Float64Array.from({ length: n * kept }, (_, k) => {
    const column = dropped + (k % kept);
    return vectors[Math.floor(k / kept) * n + column] / Math.sqrt(values[column]);
  });
  return { rows: n, columns: kept, data };
}

/** The field that iteration from some densities leads to. */
export function selfConsistent(integrals: Integrals, x: Matrix, electrons: Electrons, method: ScfMethod, start: Densities): Field {
  let densities = start;
  let iterations = 0;
  for (const { diis, shift, most } of phases) {
    let history: Iterate[] = [];
    for (let k = 0; k < most; k++) {
      const { focks, energy } = fockMatrices(integrals, densities, method);
      const owners = method === "uhf" ? [densities.up, densities.down] : [combine(1, densities.up, 1, densities.down)];
      const errors = focks.map((fock, i) => commutator(fock, owners[i], integrals.overlap, x));
      const residual = Math.max(...errors.map(({ data }) => data.reduce((worst, value) => Math.max(worst, Math.abs(value)), 0)));
      const own = focks.map((fock) => orbitalsOf(fock, x));
      // a start need not be a determinant, even if it commutes
      if (iterations > 0 && residual < tolerance)
        return { energy, converged: true, iterations, densities, up: own[0], down: own[own.length - 1] };
      history = [...history.slice(1 - memory), { focks, errors }];
      const next = diis ? extrapolate(history) : focks.map((fock, i) => shifted(fock, owners[i], integrals.overlap, shift, method));
      densities = densitiesOf(
        next.map((fock) => orbitalsOf(fock, x)),
        electrons,
      );
      iterations++;
    }
  }
  const { focks, energy } = fockMatrices(integrals, densities, method);
  const own = focks.map((fock) => orbitalsOf(fock, x));
  return { energy, converged: false, iterations, densities, up: own[0], down: own[own.length - 1] };
}

/** Lowest orbitals filled; one list of orbitals serves both spins. */
export const densitiesOf = (orbitals: readonly Orbitals[], { up, down }: Electrons): Densities => {
  const filled = ({ coefficients }: Orbitals, count: number): Matrix => {
    const occupied = firstColumns(coefficients, count);
    return product(occupied, transposed(occupied));
  };
  return { up: filled(orbitals[0], up), down: filled(orbitals[orbitals.length - 1], down) };
};

/** Eigenvectors of F C = S C ε. The largest coefficient of each is positive. */
export function orbitalsOf(fock: Matrix, x: Matrix): Orbitals {
  const n = x.columns;
  const { values, vectors } = symmetricEigen(product(transposed(x), fock, x).data, n);
  const coefficients = product(x, { rows: n, columns: n, data: vectors });
  const { rows, columns, data } = coefficients;
  for (let j = 0; j < columns; j++) {
    let largest = 0;
    // ties go to the first, whatever the rounding
    for (let i = 0; i < rows; i++) if (Math.abs(data[i * columns + j]) > Math.abs(largest) + 1e-6) largest = data[i * columns + j];
    if (largest < 0) for (let i = 0; i < rows; i++) data[i * columns + j] *= -1;
  }
  return { energies: values, coefficients };
}

/**
 * F_σ = h + J(D↑ + D↓) - K(D_σ), and E = ½ Σ_σ tr D_σ (h + F_σ) + nuclear repulsion. One matrix for restricted orbitals, two otherwise.
 */
function fockMatrices(integrals: Integrals, { up, down }: Densities, method: ScfMethod): { focks: readonly Matrix[]; energy: number } {
  const core = combine(1, integrals.kinetic, 1, integrals.attraction);
  const mean = combine(1, core, 1, coulomb(integrals.repulsion, combine(1, up, 1, down)));
  const a = combine(1, mean, -1, exchange(integrals.repulsion, up));
  const b = up === down ? a : combine(1, mean, -1, exchange(integrals.repulsion, down));
  const energy = 0.5 * (inner(up, core) + inner(up, a) + inner(down, core) + inner(down, b)) + integrals.nuclear;
  if (method === "uhf") return { focks: [a, b], energy };
  return { focks: [method === "rhf" ? a : roothaan(a, b, { up, down }, integrals.overlap)], energy };
}

/**
 * One matrix whose stationary orbitals make the energy of an open shell stationary: blocks of closed, open and empty orbitals
 *
 *              closed   open   empty
 *   closed       F        F↓     F          F = (F↑ + F↓)/2
 *   open         F↓       F      F↑
 *   empty        F        F↑     F
 *
 * @source  Guest & Saunders, Mol. Phys. 28 (1974) 819, with Roothaan's diagonal blocks
 */
function roothaan(up: Matrix, down: Matrix, densities: Densities, overlap: Matrix): Matrix {
  const mean = combine(0.5, up, 0.5, down);
  const closed = product(densities.down, overlap);
  const open = product(combine(1, densities.up, -1, densities.down), overlap);
  const one = zeros(overlap.rows, overlap.rows);
  for (let i = 0; i < one.rows; i++) one.data[i * one.rows + i] = 1;
  const empty = combine(1, one, -1, product(densities.up, overlap));
  const block = (left: Matrix, fock: Matrix, right: Matrix): Matrix => product(transposed(left), fock, right);
  const half = [block(open, down, closed), block(open, up, empty), block(empty, mean, closed)].reduce(
    (sum, part) => combine(1, sum, 1, part),
    [closed, open, empty].reduce((sum, space) => combine(1, sum, 0.5, block(space, mean, space)), zeros(one.rows, one.rows)),
  );
  return combine(1, half, 1, transposed(half));
}

/** Xᵀ (F D S - S D F) X: zero where occupied and empty orbitals do not mix. */
function commutator(fock: Matrix, density: Matrix, overlap: Matrix, x: Matrix): Matrix {
  const fds = product(fock, density, overlap);
  return product(transposed(x), combine(1, fds, -1, transposed(fds)), x);
}

/** F + shift (S - S D S): empty orbitals are lifted, which makes steps smaller. */
function shifted(fock: Matrix, density: Matrix, overlap: Matrix, shift: number, method: ScfMethod): Matrix {
  const occupied = product(overlap, density, overlap);
  return combine(1, fock, shift, combine(1, overlap, method === "uhf" ? -1 : -0.5, occupied));
}
