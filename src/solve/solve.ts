/**
 * Solvers of ordinary differential equations dx/dt = f(t, x) as tensor programs: a whole integration is one run. Fixed steps (Euler, Heun, the
 * classical Runge–Kutta method) are scans and can be differentiated in both modes; Dormand–Prince chooses its steps in a while loop.
 */

import type { Tensor } from "../tensor/index.ts";
import * as pf from "../tensor/index.ts";

/** Right-hand side: time [] and state [n, d] -> [n, d]. */
export type Field = (t: Tensor, x: Tensor) => Tensor;

/** One step of size h (a scalar tensor, of either sign). */
type Step = (f: Field, t: Tensor, x: Tensor, h: Tensor) => Tensor;

const euler: Step = (f, t, x, h) => x.add(f(t, x).mul(h));

const heun: Step = (f, t, x, h) => {
  const k1 = f(t, x);
  const k2 = f(t.add(h), x.add(k1.mul(h)));
  return x.add(k1.add(k2).mul(h.mul(0.5)));
};

const rk4: Step = (f, t, x, h) => {
  const half = h.mul(0.5);
  const k1 = f(t, x);
  const k2 = f(t.add(half), x.add(k1.mul(half)));
  const k3 = f(t.add(half), x.add(k2.mul(half)));
  const k4 = f(t.add(h), x.add(k3.mul(h)));
  return x.add(k1.add(k2.add(k3).mul(2)).add(k4).mul(h.div(6)));
};

const steppers = { euler, heun, rk4 } as const;
export type FixedMethod = keyof typeof steppers;

/**
 * States at given times with a fixed number of steps between neighbours.
 *
 * @param x0     [n, d] at times[0]
 * @param times  [M + 1], monotone in either direction
 * @returns  states at times[1..M], [M, n, d]
 */
export function solveFixed(
  f: Field,
  x0: Tensor,
  times: Tensor,
  { method = "heun", steps = 20 }: { method?: FixedMethod; steps?: number } = {},
): Tensor {
  const step = steppers[method];
  const ends = { from: times.slice([0, -1]), to: times.slice([1, null]) };
  const interval = (x: Tensor, { from, to }: { from: Tensor; to: Tensor }) => {
    const h = to.sub(from).div(steps);
    const one = (y: Tensor, k: Tensor) => ({ carry: step(f, from.add(h.mul(k.cast(h.dtype))), y, h) });
    const { carry } = pf.scan(one, x, steps);
    return { carry, y: carry };
  };
  return pf.scan(interval, x0, ends).ys as Tensor;
}

/** Coefficients of Dormand and Prince, J. Comp. Appl. Math. 6 (1980): nodes, stages, the difference to the embedded method. */
const nodes = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const stages = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const errors = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];
/** Fifth coefficient of the interpolant of order four (Hairer, Nørsett & Wanner I, section II.6). */
const dense = [
  -12715105075 / 11282082432,
  0,
  87487479700 / 32700410799,
  -10690763975 / 1880347072,
  701980252875 / 199316789632,
  -1453857185 / 822651844,
  69997945 / 29380423,
];

export interface AdaptiveOptions {
  readonly rtol?: number;
  readonly atol?: number;
  /** Most steps, accepted and rejected; the solution is NaN at times that were not reached. */
  readonly maxSteps?: number;
}

export interface AdaptiveSolution {
  /** States at times[1..M], [M, n, d]. */
  readonly states: Tensor;
  /** Evaluations of f, accepted and rejected steps (i32 scalars). */
  readonly evaluations: Tensor;
  readonly accepted: Tensor;
  readonly rejected: Tensor;
}

interface AdaptiveState {
  t: Tensor;
  x: Tensor;
  h: Tensor;
  k: Tensor;
  states: Tensor;
  accepted: Tensor;
  rejected: Tensor;
}

/**
 * States at given times by the Dormand–Prince method 5(4) with dense output: steps follow the error, not the times asked for.
 *
 *   error = ‖(x̂ - x) / (atol + rtol max(|x_old|, |x|))‖_rms over the worst particle < 1,  h ← h clamp(0.9 error^(-1/5), 0.2, 10)
 *
 * All particles take the same steps, and the norm is that of the particle with the largest error, so that none is integrated badly.
 */
export function solveAdaptive(
  f: Field,
  x0: Tensor,
  times: Tensor,
  { rtol = 1e-5, atol = 1e-5, maxSteps = 10_000 }: AdaptiveOptions = {},
): AdaptiveSolution {
  const count = times.shape[0] - 1;
  const wanted = times.slice([1, null]);
  const [start, end] = [times.slice(0), times.slice(-1)];
  const direction = pf.sign(end.sub(start));
  const combine = (ks: readonly Tensor[], weights: readonly number[]): Tensor =>
    ks.flatMap((k, i) => (weights[i] ? [k.mul(weights[i])] : [])).reduce((a, b) => a.add(b));
  const count32 = pf.scalar(0, "i32");

  const body = ({ t, x, h, k, states, accepted, rejected }: AdaptiveState): AdaptiveState => {
    const last = pf.greaterEqual(pf.abs(h), pf.abs(end.sub(t)));
    const step = pf.where(last, end.sub(t), h);
    const ks = [k];
    for (let s = 1; s < 7; s++) ks.push(f(t.add(step.mul(nodes[s])), x.add(combine(ks, stages[s]).mul(step))));
    const next = x.add(combine(ks, stages[6]).mul(step));
    const scale = pf.maximum(pf.abs(x), pf.abs(next)).mul(rtol).add(atol);
    const error = pf.sqrt(combine(ks, errors).mul(step).div(scale).square().mean(-1)).max();
    const accept = pf.less(error, 1);
    const time = pf.where(last, end, t.add(step));
    const factor = pf.clamp(pf.pow(pf.maximum(error, 1e-10), -0.2).mul(0.9), 0.2, 10);
    // Times passed by this step: in (t, time], in the direction of the integration.
    const place = wanted.sub(t).div(step);
    const passed = pf.and(
      accept,
      pf.and(pf.greater(place, 0), pf.or(pf.lessEqual(place, 1), pf.lessEqual(wanted.sub(time).mul(direction), 0))),
    );
    const filled = interpolate(x, next, ks, step, pf.minimum(place, 1), combine);
    return {
      t: pf.where(accept, time, t),
      x: pf.where(accept, next, x),
      h: step.mul(pf.where(accept, factor, pf.minimum(factor, 1))),
      k: pf.where(accept, ks[6], k),
      states: pf.where(passed.reshape([count, 1, 1]), filled, states),
      accepted: accepted.add(accept.cast("i32")),
      rejected: rejected.add(pf.not(accept).cast("i32")),
    };
  };

  const unreached = pf.scalar(Number.NaN, x0.dtype).broadcastTo([count, ...x0.shape]);
  const k0 = f(start, x0);
  const first: AdaptiveState = {
    t: start,
    x: x0,
    h: firstStep(x0, k0, end.sub(start), rtol, atol),
    k: k0,
    states: unreached,
    accepted: count32,
    rejected: count32,
  };
  const going = ({ t, h, accepted, rejected }: AdaptiveState): Tensor =>
    pf.and(pf.greater(end.sub(t).mul(direction), 0), pf.and(pf.less(accepted.add(rejected), maxSteps), pf.greater(pf.abs(h), 1e-12)));
  const result = pf.whileLoop(going, body, first);
  return {
    states: result.states,
    evaluations: result.accepted.add(result.rejected).mul(6).add(1),
    accepted: result.accepted,
    rejected: result.rejected,
  };
}

/** Dense output at places θ [M] of the step: [M, n, d]. */
function interpolate(
  x: Tensor,
  next: Tensor,
  ks: readonly Tensor[],
  h: Tensor,
  places: Tensor,
  combine: (ks: readonly Tensor[], w: readonly number[]) => Tensor,
): Tensor {
  const theta = places.reshape([places.shape[0], 1, 1]);
  const rest = theta.neg().add(1);
  const way = next.sub(x);
  const bend = ks[0].mul(h).sub(way);
  const twist = way.sub(ks[6].mul(h)).sub(bend);
  const fifth = combine(ks, dense).mul(h);
  return x.add(theta.mul(way.add(rest.mul(bend.add(theta.mul(twist.add(rest.mul(fifth))))))));
}

/** A first step by the size of state and slope (Hairer, Nørsett & Wanner I, section II.4, without the trial step). */
function firstStep(x: Tensor, k: Tensor, span: Tensor, rtol: number, atol: number): Tensor {
  const scale = pf.abs(x).mul(rtol).add(atol);
  const [size, slope] = [x, k].map((y) => pf.sqrt(y.div(scale).square().mean()));
  const guess = size.div(pf.maximum(slope, 1e-10)).mul(0.01);
  return pf.sign(span).mul(pf.minimum(pf.maximum(guess, pf.abs(span).mul(1e-4)), pf.abs(span)));
}
