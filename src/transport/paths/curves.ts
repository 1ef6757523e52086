/**
 * Curves through one point a snapshot: a cubic between neighbouring knots, given by the places and velocities at both.
 *
 * At knots with a measured velocity that is the curve's. At the others the velocities m are those of least ∫ |x''|² dt, so that x'' has no
 * jump there and, at the first and the last knot, is zero: the natural cubic spline where nothing is measured. With gaps h,
 *
 *   m_{k-1} / h_{k-1} + 2 m_k (1 / h_{k-1} + 1 / h_k) + m_{k+1} / h_k = 3 ((x_k - x_{k-1}) / h_{k-1}² + (x_{k+1} - x_k) / h_k²),
 *
 * where terms beyond the ends are left out. The system depends on the times alone, so that velocities are a constant matrix times the chain.
 *
 * @source  de Boor, A Practical Guide to Splines, chapter 4
 */
import type { Tensor } from "../../tensor/index.ts";

/** "linear": straight between neighbours; "spline": the natural cubic spline; "hermite": measured velocities at the knots that have them. */
export type Curve = "linear" | "spline" | "hermite";

/**
 * Velocities at the knots as a matrix: row k has the weights of the K points, then those of the K measured velocities, in the velocity at
 * knot k.
 *
 * @param times     K ascending ones
 * @param measured  is the velocity measured at each knot?
 */
export function knotVelocities(times: readonly number[], measured: readonly boolean[]): Float64Array[] {
  const K = times.length;
  const rows = times.map((time, k) => {
    const right = new Float64Array(2 * K);
    if (measured[k]) {
      right[K + k] = 1;
      return { before: 0, own: 1, after: 0, right };
    }
    const before = k > 0 ? 1 / (time - times[k - 1]) : 0;
    const after = k + 1 < K ? 1 / (times[k + 1] - time) : 0;
    if (k > 0) right[k - 1] = -3 * before ** 2;
    right[k] = 3 * (before ** 2 - after ** 2);
    if (k + 1 < K) right[k + 1] = 3 * after ** 2;
    return { before, own: 2 * (before + after), after, right };
  });
  // each row is dominated by its own entry, so that elimination needs no pivots
  for (let k = 1; k < K; k++) {
    const factor = rows[k].before / rows[k - 1].own;
    rows[k].own -= factor * rows[k - 1].after;
    for (let j = 0; j < 2 * K; j++) rows[k].right[j] -= factor * rows[k - 1].right[j];
  }
  for (let k = K - 1; k >= 0; k--) {
    const { own, after, right } = rows[k];
    for (let j = 0; j < 2 * K; j++) right[j] = (right[j] - (k + 1 < K ? after * rows[k + 1].right[j] : 0)) / own;
  }
  return rows.map(({ right }) => right);
}

/**
 * The cubic between two knots. With equal velocities (b - a) / gap it is the straight line.
 *
 * @param a, b    ends [B, d]
 * @param v0, v1  velocities there, [B, d]
 * @param gap     time between them, [B, 1]
 * @param u       place in [0, 1], [B, 1]
 */
export function cubicBetween(a: Tensor, b: Tensor, v0: Tensor, v1: Tensor, gap: Tensor, u: Tensor): Tensor {
  const [way, rest] = [b.sub(a), u.neg().add(1)];
  const [leaving, arriving] = [v0, v1].map((v) => v.mul(gap).sub(way));
  const bend = leaving.mul(rest).sub(arriving.mul(u)).mul(u).mul(rest);
  return a.add(way.mul(u)).add(bend);
}
