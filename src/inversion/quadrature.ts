/** The rule of Gauss and Hermite: sums that are expectations over N(0, I). */

/** Nodes along an axis, by the number of axes: up to two thousand points in all. */
const nodes = [96, 32, 12];

/** Codes of so many numbers at most have expectations by the rule. */
export const mostAxes = nodes.length;

/** The product rule over d ≤ 3 axes: noise [n, d] row by row, and how much each row counts. */
export function hermitePoints(d: number): { readonly noise: Float64Array; readonly weights: Float64Array } {
  const { x, w } = hermite(nodes[d - 1]);
  const n = x.length ** d;
  const noise = new Float64Array(n * d);
  const weights = new Float64Array(n).fill(1);
  for (let i = 0; i < n; i++)
    for (let k = 0, rest = i; k < d; k++, rest = Math.floor(rest / x.length)) {
      noise[i * d + k] = x[rest % x.length];
      weights[i] *= w[rest % x.length];
    }
  return { noise, weights };
}

/**
 * Σ w f(x) = E f(Z), Z ~ N(0, 1), exact for polynomials of degree 2n - 1. Zeros of the orthonormal polynomials
 * √(k+1) h_{k+1} = x h_k - √k h_{k-1}, degree by degree: those of one degree lie between those of the next.
 */
export function hermite(n: number): { readonly x: number[]; readonly w: number[] } {
  const bound = 2 * Math.sqrt(n) + 1;
  let x = [0];
  for (let degree = 2; degree <= n; degree++) {
    const ends = [-bound, ...x, bound];
    x = Array.from({ length: degree }, (_, i) => zero(degree, ends[i], ends[i + 1]));
  }
  return { x, w: x.map((z) => 1 / polynomial(z, n).squares) };
}

/** h_degree(x), the one before it, and the sum of the squares of all before it. */
function polynomial(x: number, degree: number): { readonly value: number; readonly before: number; readonly squares: number } {
  let [before, value, squares] = [0, 1, 0];
  for (let k = 0; k < degree; k++) {
    squares += value * value;
    [before, value] = [value, (x * value - Math.sqrt(k) * before) / Math.sqrt(k + 1)];
  }
  return { value, before, squares };
}

/** By Newton's method, h_n' = √n h_{n-1}, and by bisection where that leads out of the interval. */
function zero(degree: number, low: number, high: number): number {
  const rising = polynomial(high, degree).value > 0;
  for (let x = (low + high) / 2; ; ) {
    const { value, before } = polynomial(x, degree);
    const next = x - value / (Math.sqrt(degree) * before);
    if (Math.abs(next - x) <= Number.EPSILON * Math.max(1, Math.abs(x))) return next;
    if (value > 0 === rising) high = x;
    else low = x;
    x = next > low && next < high ? next : (low + high) / 2;
  }
}
