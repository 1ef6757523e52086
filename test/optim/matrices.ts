/** Small matrices as nested lists of numbers: an independent program to compare with. */
import { array, type NdArray, toNumbers } from "../../src/array/index.ts";

export type Matrix = readonly (readonly number[])[];

/** mat(r, c; k) of the specification: ((37 i + 11 + 17 k) mod 23) / 10 - 1.1, i = 0, 1, … row-major. */
export const mat = (r: number, c: number, k: number): number[][] =>
  Array.from({ length: r }, (_, i) => Array.from({ length: c }, (_, j) => ((37 * (i * c + j) + 11 + 17 * k) % 23) / 10 - 1.1));

export const eye = (n: number): number[][] => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
export const T = (a: Matrix): number[][] => a[0].map((_, j) => a.map((row) => row[j]));
export const times = (a: Matrix, b: Matrix): number[][] => a.map((row) => b[0].map((_, j) => row.reduce((s, v, k) => s + v * b[k][j], 0)));
export const plus = (a: Matrix, b: Matrix, scale = 1): number[][] => a.map((row, i) => row.map((v, j) => v + scale * b[i][j]));
export const scale = (a: Matrix, by: number): number[][] => a.map((row) => row.map((v) => v * by));
export const norm = (a: Matrix): number => Math.sqrt(a.flat().reduce((s, v) => s + v * v, 0));
export const trace = (a: Matrix): number => a.reduce((s, row, i) => s + row[i], 0);
export const inner = (a: Matrix, b: Matrix): number => a.reduce((s, row, i) => s + row.reduce((t, v, j) => t + v * b[i][j], 0), 0);

/** Gauss–Jordan with pivoting. */
export function inverse(a: Matrix): number[][] {
  const n = a.length;
  const m = a.map((row, i) => [...row, ...eye(n)[i]]);
  for (let k = 0; k < n; k++) {
    let p = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(m[i][k]) > Math.abs(m[p][k])) p = i;
    [m[k], m[p]] = [m[p], m[k]];
    const pivot = m[k][k];
    m[k] = m[k].map((v) => v / pivot);
    for (let i = 0; i < n; i++) {
      const factor = m[i][k];
      if (i !== k) m[i] = m[i].map((v, j) => v - factor * m[k][j]);
    }
  }
  return m.map((row) => row.slice(n));
}

export const f64 = (a: Matrix | readonly number[]): NdArray => array(a as number[], "f64");

export function matrixOf(a: NdArray): number[][] {
  const flat = toNumbers(a);
  const [r, c] = a.shape;
  return Array.from({ length: r }, (_, i) => flat.slice(i * c, (i + 1) * c));
}
