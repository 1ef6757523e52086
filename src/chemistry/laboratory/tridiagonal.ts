/** Lowest states of a symmetric tridiagonal matrix with one entry beside the diagonal: the Hamiltonian of a grid. */
import { bandedSolver } from "./banded.ts";

/** H = diag(d) with `off` on both sides of the diagonal. */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly off: number;
}

export interface Eigenstate {
  readonly energy: number;
  /** Of length 1, its largest entry positive. */
  readonly vector: Float64Array;
}

/** How many eigenvalues lie below a number: the negative pivots of H - λ (Sylvester's law of inertia). */
function countBelow({ diagonal, off }: Tridiagonal, lambda: number): number {
  const squared = off * off;
  let [count, pivot] = [0, Number.POSITIVE_INFINITY];
  for (const d of diagonal) {
    pivot = d - lambda - squared / pivot;
    if (pivot === 0) pivot = Number.MIN_VALUE;
    if (pivot < 0) count++;
  }
  return count;
}

/** The `count` lowest eigenvalues, rising, by bisection to the last bits. */
export function lowestEnergies(h: Tridiagonal, count: number): number[] {
  const reach = 2 * Math.abs(h.off);
  const bottom = h.diagonal.reduce((least, d) => Math.min(least, d), Number.POSITIVE_INFINITY) - reach;
  const top = h.diagonal.reduce((most, d) => Math.max(most, d), Number.NEGATIVE_INFINITY) + reach;
  return Array.from({ length: Math.min(count, h.diagonal.length) }, (_, n) => {
    let [low, high] = [bottom, top];
    for (;;) {
      const middle = low + (high - low) / 2;
      if (middle <= low || middle >= high) return middle;
      if (countBelow(h, middle) > n) high = middle;
      else low = middle;
    }
  });
}

/** The lowest eigenvalues with their vectors, by inverse iteration; neighbours of one energy are made orthogonal. */
export function lowestStates(h: Tridiagonal, count: number): Eigenstate[] {
  const n = h.diagonal.length;
  const beside = new Float64Array(n).fill(h.off);
  const none = new Float64Array(n);
  const states: Eigenstate[] = [];
  for (const energy of lowestEnergies(h, count)) {
    // a shift that misses the eigenvalue by some rounding errors keeps the solution finite
    const shift = energy - 1e-13 * Math.max(1, Math.abs(energy));
    const solve = bandedSolver([none, beside, h.diagonal.map((d) => d - shift), beside, none]);
    let vector: Float64Array = Float64Array.from({ length: n }, (_, i) => 1 + 0.1 * Math.sin(1.7 * i));
    for (let round = 0; round < 4; round++) vector = normalised(orthogonal(solve(vector), states));
    states.push({ energy, vector });
  }
  return states;
}

const product = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

function orthogonal(vector: Float64Array, states: readonly Eigenstate[]): Float64Array {
  for (const { vector: other } of states) {
    const part = product(vector, other);
    vector = vector.map((x, i) => x - part * other[i]);
  }
  return vector;
}

function normalised(vector: Float64Array): Float64Array {
  const largest = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  const scaled = vector.map((x) => x / largest);
  const length = Math.sqrt(product(scaled, scaled));
  return scaled.map((x) => x / length);
}
