/**
 * Losses of an action s on a path ρ_t = Z_t q_t, for any Lagrangian. Both have the same expectation for every s. The minimum over s is -K,
 * where K is the kinetic energy of the path (less its potential energy), and for quadratic costs
 *
 *   loss + K = ½ ∫ E_t[|∇s - ∇s*|² + λ (s - s*)²] dt,  the action gap.
 */
import { jvp, type Tensor } from "../../tensor/index.ts";
import type { Action } from "../lagrangian/action.ts";
import { derivatives, gradient, hamiltonian, type Lagrangian, laplacianOf, residual, spreading } from "../lagrangian/lagrangian.ts";

/** Samples of a path in time. */
export interface PathSample {
  /** Times [B, 1] of uniform density on the span, unless `density` is given, and points [B, d]. */
  readonly t: Tensor;
  readonly x: Tensor;
  /** Mass m of each sample, [B, 1]; absent: 1. */
  readonly mass?: Tensor;
  /** Density of the times relative to the uniform one, [B, 1]. */
  readonly density?: Tensor;
}

/** Samples at both ends: E_0[s_0] - E_1[s_1] is the mean of factor (m_0 s(t_0, x_0) - m_1 s(t_1, x_1)). */
export interface PathEnds {
  readonly t0: Tensor;
  readonly x0: Tensor;
  readonly t1: Tensor;
  readonly x1: Tensor;
  /** Masses [B, 1]; absent: 1. */
  readonly mass0?: Tensor;
  readonly mass1?: Tensor;
  /** [B, 1]; absent: 1. */
  readonly factor?: Tensor;
}

/** The time, and how the loss is weighted in it. */
export interface LossOptions {
  /** Times t_1 - t_0. */
  readonly duration: number;
  /** w(t) >= 0: [B, 1] -> [B, 1], differentiable; default 1. It changes the weight of errors in time, not the minimiser. */
  readonly weight?: (t: Tensor) => Tensor;
  /** Signs [B, d] for the Laplacian; absent: exact. */
  readonly probe?: Tensor;
}

/** A loss and what it is a mean of. */
export interface Loss {
  readonly loss: Tensor;
  /** The integrand in time of each sample, [B]. */
  readonly integrand: Tensor;
}

const times = (x: Tensor, factor: Tensor | undefined): Tensor => (factor ? x.mul(factor.squeeze(1)) : x);
const over = (x: Tensor, density: Tensor | undefined): Tensor => (density ? x.div(density.squeeze(1)) : x);

/**
 * Action form, for samples of the path alone:
 *
 *   L(s) = w_0 E_0[m s] - w_1 E_1[m s] + ∫ { w E_t[m Λ] + w' E_t[m s] } dt
 *
 * @source  Neklyudov et al., Action Matching, ICML 2023, eq. 5 and its entropic, unbalanced and weighted forms
 */
export function actionLoss(l: Lagrangian, s: Action, sample: PathSample, ends: PathEnds, options: LossOptions): Loss {
  const { t, x, mass, density } = sample;
  const { weight, probe, duration } = options;
  let integrand = residual(l, s, t, x, probe);
  if (weight) {
    const [w, slope] = jvp(weight, [t], [t.mul(0).add(1)]);
    integrand = times(integrand, w).add(times(s(t, x), slope));
  }
  integrand = over(times(integrand, mass), density);
  const end = (at: Tensor, z: Tensor, m: Tensor | undefined): Tensor => times(times(s(at, z), m), weight?.(at));
  const boundary = end(ends.t0, ends.x0, ends.mass0).sub(end(ends.t1, ends.x1, ends.mass1));
  return { loss: times(boundary, ends.factor).mean().add(integrand.mean().mul(duration)), integrand };
}

/**
 * Flow form, for paths with known velocities v and growth m': no boundary terms, far less variance,
 *
 *   L(s) = ∫ w E[m (Λ - ∂_t s - <∇s, v>) - m' s] dt
 *
 * @param v         dx/dt [B, d]
 * @param massRate  m' [B, 1]; absent: 0
 */
export function flowLoss(
  l: Lagrangian,
  s: Action,
  sample: PathSample & { readonly v: Tensor; readonly massRate?: Tensor },
  { duration, weight, probe }: LossOptions,
): Loss {
  const { t, x, v, mass, massRate, density } = sample;
  const needsValue = l.growth > 0 || massRate;
  const { value, gradient: g } = needsValue ? derivatives(s, t, x) : { value: t, gradient: gradient(s, t, x) };
  let inner = hamiltonian(l, t, x, value, g).sub(g.mul(v).sum(1));
  if (l.noise > 0) inner = inner.add(spreading(l, t, laplacianOf(s, t, x, probe)));
  inner = times(inner, mass);
  if (massRate) inner = inner.sub(times(value, massRate));
  const integrand = over(times(inner, weight?.(t)), density);
  return { loss: integrand.mean().mul(duration), integrand };
}

/**
 * The same path run backward, in the time -t. The loss of an action on it is that of the drift of the reversed process: with noise,
 *
 *   L(s) = E_1[s_1] - E_0[s_0] + ∫ E_t[c*(∇s) - ∂_t s + (σ²/2) Δs] dt,   dY = ∇s d(-t) + σ dW from the last time to the first.
 */
export function reversed<S extends PathSample & { readonly v?: Tensor }>(
  s: Action,
  sample: S,
  ends: PathEnds,
): { s: Action; sample: S; ends: PathEnds } {
  const { t, v } = sample;
  const { t0, x0, t1, x1, mass0, mass1, factor } = ends;
  return {
    s: (time, x) => s(time.neg(), x),
    sample: { ...sample, t: t.neg(), ...(v && { v: v.neg() }) },
    ends: { t0: t1.neg(), x0: x1, t1: t0.neg(), x1: x0, mass0: mass1, mass1: mass0, factor },
  };
}
