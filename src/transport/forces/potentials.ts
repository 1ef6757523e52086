/** Potentials V(t, x): paths minimise kinetic energy minus V, so particles accelerate by -∇V. */
import { array, type NdArray } from "../../array/index.ts";
import { constant, maximum, minimum, type Tensor } from "../../tensor/index.ts";
import type { ScalarField } from "../lagrangian/lagrangian.ts";

const like = (x: Tensor): "f32" | "f64" => (x.dtype === "f64" ? "f64" : "f32");

/** V = (ω²/2) |x - centre|²: a harmonic oscillator about the centre (ω² > 0), or away from it (ω² < 0). */
export const quadraticPotential =
  (omegaSquared: number, centre?: readonly number[]): ScalarField =>
  (_, x) =>
    (centre ? x.sub(array([...centre], like(x))) : x)
      .square()
      .sum(1)
      .mul(omegaSquared / 2);

/** V = -<a, x>: the acceleration a everywhere. */
export const constantForce =
  (a: readonly number[]): ScalarField =>
  (_, x) =>
    x
      .mul(array([...a], like(x)))
      .sum(1)
      .neg();

/** V = -Σ h exp(-|x - c|² / (2 r²)): being near a centre costs h a unit of time, so paths go round it (h > 0) or linger there (h < 0). */
export function obstacles(bumps: readonly { centre: readonly number[]; height: number; radius: number }[]): ScalarField {
  return (_, x) =>
    bumps
      .map(({ centre, height, radius }) =>
        x
          .sub(array([...centre], like(x)))
          .square()
          .sum(1)
          .div(-2 * radius ** 2)
          .exp()
          .mul(-height),
      )
      .reduce((a, b) => a.add(b));
}

/**
 * A potential from the data: V_t(x) = -<x, a(t)> with the accelerations of the snapshots' means,
 *
 *   v_k = (m_{k+1} - m_k) / (t_{k+1} - t_k),   a_k = 2 (v_k - v_{k-1}) / (t_{k+1} - t_{k-1}),
 *
 * linear in time between the inner snapshots and constant beyond them. Held-out snapshots must not be among the means.
 *
 * @param means  of the training snapshots, at least three
 * @source  Neklyudov et al., Wasserstein Lagrangian Flows, ICML 2024, appendix on single cells
 */
export function accelerationPotential(times: readonly number[], means: readonly (readonly number[])[]): ScalarField {
  const K = times.length;
  if (K < 3) throw new RangeError("accelerationPotential: accelerations need at least three snapshots");
  const speed = (k: number, j: number): number => (means[k + 1][j] - means[k][j]) / (times[k + 1] - times[k]);
  const inner = Array.from({ length: K - 2 }, (_, i) =>
    means[0].map((_m, j) => (2 * (speed(i + 1, j) - speed(i, j))) / (times[i + 2] - times[i])),
  );
  return (t, x) => {
    // hat functions of the inner times, which add up to one
    const hat = inner.map((_, i) => {
      const parts = [];
      if (i > 0) parts.push(t.sub(times[i]).div(times[i + 1] - times[i]));
      if (i < K - 3)
        parts.push(
          t
            .sub(times[i + 2])
            .neg()
            .div(times[i + 2] - times[i + 1]),
        );
      const low = parts.length ? parts.reduce((a, b) => minimum(a, b)) : t.mul(0).add(1);
      return minimum(maximum(low, 0), 1);
    });
    const force = hat.map((h, i) => h.mul(constant(array([inner[i]], like(x)) as NdArray))).reduce((a, b) => a.add(b));
    return x.mul(force).sum(1).neg();
  };
}
