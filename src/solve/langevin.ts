/**
 * Second-order mechanics with friction and noise (underdamped Langevin dynamics; Newton's equations without both),
 *
 *   dx = v dt,   dv = (a(t, x) - γ v) dt + σ dW,
 *
 * by a splitting whose parts are each solved exactly: half a kick, half a drift, friction and noise, half a drift, half a kick.
 */
import { exp, less, scan, sqrt, type Tensor, where } from "../tensor/index.ts";
import type { Field } from "./step.ts";

/** Places and velocities, [n, d] each. */
export interface Phase<T = Tensor> {
  readonly x: T;
  readonly v: T;
}

/** What moves them. */
export interface Mechanics {
  /** a(t, x): force over mass. */
  readonly acceleration: Field;
  /** γ >= 0, a scalar; absent: 0. */
  readonly friction?: Tensor | number;
  /** σ >= 0; absent: 0. */
  readonly noise?: number;
  /** How places follow velocities; absent: dx = v dt. */
  readonly follow?: (v: Tensor, x: Tensor) => Tensor;
}

/** Phases along a path, [M, n, d] each, and the accelerations there. */
export interface PhasePath extends Phase {
  readonly a: Tensor;
}

/**
 * One step from each time to the next: v ← v + (h/2) a; x ← x + (h/2) v; v ← e^(-γh) v + σ √((1 - e^(-2γh)) / 2γ) z; x ← x + (h/2) v;
 * v ← v + (h/2) a. Without friction and noise it is the velocity form of Störmer and Verlet: symplectic, reversible, of order 2, with one
 * evaluation of the acceleration a step. It is a scan, and can be differentiated in both modes: the gradient is that of the discrete path.
 *
 * @param start  at times[0]
 * @param times  [M + 1], monotone; with noise ascending
 * @param z      normal noise [M, n, d]
 * @returns  at times[1..M]
 * @source   Leimkuhler & Matthews, Applied Mathematics Research eXpress (2013), "BAOAB"; Hairer, Lubich & Wanner, Acta Numerica 12 (2003)
 */
export function marchPhase(system: Mechanics, start: Phase, times: Tensor, z?: Tensor): PhasePath {
  const { acceleration, friction, noise = 0, follow = (v: Tensor) => v } = system;
  const one = ({ x, v, a }: PhasePath, { t, h, e }: { t: Tensor; h: Tensor; e?: Tensor }) => {
    const half = h.mul(0.5);
    const kicked = v.add(a.mul(half));
    const middle = x.add(follow(kicked, x).mul(half));
    const damped = friction ? kicked.mul(exp(h.mul(friction).neg())) : kicked;
    const shaken = e && noise > 0 ? damped.add(e.mul(shake(friction, h).mul(noise))) : damped;
    const end = middle.add(follow(shaken, middle).mul(half));
    const next = acceleration(t.add(h), end);
    const carry = { x: end, v: shaken.add(next.mul(half)), a: next };
    return { carry, y: carry };
  };
  const from = times.slice([0, -1]);
  const first = { x: start.x, v: start.v, a: acceleration(times.slice(0), start.x) };
  return scan(one, first, { t: from, h: times.slice([1, null]).sub(from), ...(z && { e: z }) }).ys;
}

/** √((1 - e^(-2γh)) / 2γ), the deviation that friction and noise of one give a velocity in a time h; √h without friction. */
function shake(friction: Tensor | number | undefined, h: Tensor): Tensor {
  if (!friction) return sqrt(h);
  const y = h.mul(friction).mul(2);
  const small = less(y, 1e-2);
  // the series where the difference would cancel
  const safe = where(small, 1, y);
  const series = y.mul(y).div(6).sub(y.div(2)).add(1);
  return sqrt(h.mul(where(small, series, exp(safe.neg()).neg().add(1).div(safe))));
}
