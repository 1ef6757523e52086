/**
 * Products of two Gaussians, and their Coulomb integrals, in Hermite Gaussians.
 *
 *   Λ_tuv(r) = ∂^t/∂Px ∂^u/∂Py ∂^v/∂Pz e^(-p |r - P|²)
 *
 * @source  McMurchie & Davidson, J. Comput. Phys. 26 (1978) 218; Helgaker, Jørgensen, Olsen, chapter 9
 */
import { boys, boysOrder } from "./boys.ts";

/** All (t, u, v) up to degree 4, by degree: the first 1, 4, 10, 20, 35 are those up to degree 0 … 4. */
export const hermites: readonly (readonly [number, number, number])[] = Array.from({ length: boysOrder + 1 }, (_, degree) => {
  const some: [number, number, number][] = [];
  for (let t = degree; t >= 0; t--) for (let u = degree - t; u >= 0; u--) some.push([t, u, degree - t - u]);
  return some;
}).flat();

/** How many there are up to a degree. */
export const hermiteCount = (degree: number): number => ((degree + 1) * (degree + 2) * (degree + 3)) / 6;

const placeOf = (t: number, u: number, v: number): number => hermites.findIndex(([a, b, c]) => a === t && b === u && c === v);

/** Place of the sum of two, each of degree at most 2: [i * 10 + j]. */
export const sums = Int32Array.from({ length: 100 }, (_, k) => {
  const [a, b] = [hermites[Math.floor(k / 10)], hermites[k % 10]];
  return placeOf(a[0] + b[0], a[1] + b[1], a[2] + b[2]);
});

/** (-1)^(t + u + v). */
export const signs = Float64Array.from(hermites, ([t, u, v]) => ((t + u + v) % 2 === 0 ? 1 : -1));

/** How each comes from lower ones: the axis, the one below along it, the one two below or 0, and its factor. */
const recipes = hermites.map((tuv, k) => {
  const axis = tuv.findIndex((power) => power > 0);
  if (k === 0) return { axis: 0, below: 0, twice: 0, factor: 0 };
  const lower = (by: number) => placeOf(tuv[0] - (axis === 0 ? by : 0), tuv[1] - (axis === 1 ? by : 0), tuv[2] - (axis === 2 ? by : 0));
  return { axis, below: lower(1), twice: Math.max(0, lower(2)), factor: tuv[axis] - 1 };
});

const values = new Float64Array(boysOrder + 1);
const displacement = new Float64Array(3);
const spare = new Float64Array(hermites.length);

/**
 * R_tuv(α, r) = ∂^t ∂^u ∂^v F₀(α r²) for all of a degree, by
 *   R^n_000 = (-2α)^n F_n(α r²),   R^n_{t+1,u,v} = t R^{n+1}_{t-1,u,v} + x R^{n+1}_{tuv}.
 */
export function coulombHermites(degree: number, alpha: number, x: number, y: number, z: number, out: Float64Array): void {
  boys(degree, alpha * (x * x + y * y + z * z), values);
  displacement[0] = x;
  displacement[1] = y;
  displacement[2] = z;
  let factor = (-2 * alpha) ** degree;
  for (let n = degree; n >= 0; n--) {
    const count = hermiteCount(degree - n);
    // those of n + 1 stand in `out`, one degree lower
    spare[0] = factor * values[n];
    for (let k = 1; k < count; k++) {
      const { axis, below, twice, factor: times } = recipes[k];
      spare[k] = displacement[axis] * out[below] + times * out[twice];
    }
    for (let k = 0; k < count; k++) out[k] = spare[k];
    factor /= -2 * alpha;
  }
}

/**
 * E_t^{ij} of one coordinate: x_A^i x_B^j e^(-a x_A²) e^(-b x_B²) = Σ_t E_t Λ_t, x_A = x - A.
 *
 *   E_0^{00} = e^(-μ (A - B)²), μ = ab/p, p = a + b
 *   E_t^{i+1,j} = E_{t-1}^{ij} / 2p + (P - A) E_t^{ij} + (t + 1) E_{t+1}^{ij};  j + 1 likewise, with P - B
 *
 * @returns  [i][j][t] for i up to `most[0]`, j up to `most[1]`
 */
export function expansions(most: readonly [number, number], a: number, b: number, A: number, B: number): readonly (readonly number[][])[] {
  const p = a + b;
  const P = (a * A + b * B) / p;
  const raise = (e: readonly number[], shift: number): number[] =>
    Array.from({ length: e.length + 1 }, (_, t) => (e[t - 1] ?? 0) / (2 * p) + shift * (e[t] ?? 0) + (t + 1) * (e[t + 1] ?? 0));
  let row = [Math.exp((-a * b * (A - B) ** 2) / p)];
  const table: number[][][] = [];
  for (let i = 0; i <= most[0]; i++) {
    const columns = [row];
    for (let j = 1; j <= most[1]; j++) columns.push(raise(columns[j - 1], P - B));
    table.push(columns);
    row = raise(row, P - A);
  }
  return table;
}
