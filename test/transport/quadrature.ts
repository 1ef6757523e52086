/**
 * Exact expectations over Gaussian paths: nodes and weights of Gauss–Hermite and Gauss–Legendre rules, by Newton's method on the
 * polynomials.
 */
import { type NdArray, ndarray } from "../../src/array/index.ts";

/** Σ w f(x) = E f(Z), Z standard normal, exact for polynomials of degree 2n - 1. */
export function hermite(n: number): { x: number[]; w: number[] } {
  // orthonormal probabilists' polynomials: √(k+1) h_{k+1} = x h_k - √k h_{k-1}
  const values = (x: number): number[] => {
    const h = [1, x];
    for (let k = 1; k < n; k++) h.push((x * h[k] - Math.sqrt(k) * h[k - 1]) / Math.sqrt(k + 1));
    return h;
  };
  const f = (x: number): number => values(x)[n];
  const x: number[] = [];
  const step = 1e-3;
  for (let a = -2 * Math.sqrt(n) - 1; a < 2 * Math.sqrt(n) + 1; a += step) {
    let [low, high] = [a, a + step];
    if (f(low) * f(high) > 0) continue;
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (f(low) * f(middle) <= 0) high = middle;
      else low = middle;
    }
    x.push((low + high) / 2);
  }
  const w = x.map(
    (z) =>
      1 /
      values(z)
        .slice(0, n)
        .reduce((s, h) => s + h * h, 0),
  );
  return { x, w };
}

/** Σ w f(x) = ∫_0^1 f, exact for polynomials of degree 2n - 1. */
export function legendre(n: number): { x: number[]; w: number[] } {
  const x: number[] = [];
  const w: number[] = [];
  for (let i = 0; i < n; i++) {
    let z = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let k = 0; k < 100; k++) {
      let [p0, p1] = [1, z];
      for (let j = 2; j <= n; j++) [p0, p1] = [p1, ((2 * j - 1) * z * p1 - (j - 1) * p0) / j];
      slope = (n * (z * p1 - p0)) / (z * z - 1);
      z -= p1 / slope;
    }
    x.push((1 + z) / 2);
    w.push(1 / ((1 - z * z) * slope * slope));
  }
  return { x, w };
}

export const column = (values: readonly number[]): NdArray => ndarray(Float64Array.from(values), [values.length, 1], "f64");

/**
 * Samples whose mean of mass · f(t, x) is ∫_0^1 E f(t, m(t) + r(t) Z) dt, and those of both ends.
 *
 * @param at  mean and standard deviation of a time
 */
export function gaussianPath(at: (t: number) => { m: number; r: number }, nodes = 24, times = 40) {
  const [z, time] = [hermite(nodes), legendre(times)];
  const all = time.x.flatMap((t, i) => z.x.map((e, j) => ({ t, x: at(t).m + at(t).r * e, w: time.w[i] * z.w[j] })));
  const n = all.length;
  const end = (t: number) => ({
    x: column(z.x.map((e) => at(t).m + at(t).r * e)),
    t: column(z.x.map(() => t)),
    mass: column(z.w.map((w) => w * nodes)),
  });
  const [first, last] = [end(0), end(1)];
  return {
    sample: { t: column(all.map((p) => p.t)), x: column(all.map((p) => p.x)), mass: column(all.map((p) => p.w * n)) },
    ends: { t0: first.t, x0: first.x, t1: last.t, x1: last.x, mass0: first.mass, mass1: last.mass },
  };
}
