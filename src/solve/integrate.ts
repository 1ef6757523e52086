/**
 * Solvers of differential equations as tensor programs: a whole integration is one run. An equation, a method, the control of its steps and
 * what to save are parts that combine in one call:
 *
 *   integrate(f, x0, times)                                                  dx/dt = f by Dormand and Prince, steps by their error
 *   integrate(f, x0, times, { solver: rungeKutta4, control: constantSteps(20) })
 *   integrate(f, x0, times, { solver: bogackiShampine, control: adaptiveSteps({ rtol: 1e-3 }), save: "end" })
 *   integrate({ drift, diffusion }, x0, times, { noise })                    dX = f dt + g dW by Euler and Maruyama
 *
 * Constant steps are scans, which can be differentiated in both modes; steps by their error are a while loop, in forward mode only.
 */

import { concat, scalar, scan, type Tensor } from "../tensor/index.ts";
import { integrateAdaptively } from "./adaptive.ts";
import { adaptiveSteps, type Control } from "./control.ts";
import { type Field, march, marchNoisy, rungeKutta } from "./step.ts";
import { eulerMaruyama, type Noisy, type Scheme } from "./stochastic.ts";
import { dormandPrince, type Tableau } from "./tableau.ts";

/** States at all times but the first, [M, n, d], or at the last one, [n, d]. */
export type Save = "times" | "end";

/** Method, steps and what to save, of an ordinary equation. */
export interface IntegrateOptions {
  readonly solver?: Tableau;
  readonly control?: Control;
  readonly save?: Save;
}

/** The same of a stochastic one, and its noise. */
export interface NoisyOptions {
  readonly solver?: Scheme;
  /** Normal noise [M, steps, ...], for so many equal steps between neighbouring times. */
  readonly noise: Tensor;
  readonly save?: Save;
}

/** States, and the work that they took. */
export interface Solution {
  readonly states: Tensor;
  /** Evaluations of f, accepted and rejected steps (i32 scalars). */
  readonly evaluations: Tensor;
  readonly accepted: Tensor;
  readonly rejected: Tensor;
}

/**
 * States of an ordinary or a stochastic differential equation at given times.
 *
 * @param x0     [n, d] at times[0]
 * @param times  [M + 1], monotone in either direction
 * @throws RangeError  for steps by their error with a tableau that has no embedded method
 */
export function integrate(equation: Field, x0: Tensor, times: Tensor, options?: IntegrateOptions): Solution;
export function integrate(equation: Noisy, x0: Tensor, times: Tensor, options: NoisyOptions): Pick<Solution, "states">;
export function integrate(
  equation: Field | Noisy,
  x0: Tensor,
  times: Tensor,
  options: IntegrateOptions | NoisyOptions = {},
): Solution | Pick<Solution, "states"> {
  return typeof equation === "function"
    ? ordinary(equation, x0, times, options as IntegrateOptions)
    : stochastic(equation, x0, times, options as NoisyOptions);
}

function ordinary(
  f: Field,
  x0: Tensor,
  times: Tensor,
  { solver = dormandPrince, control = adaptiveSteps(), save = "times" }: IntegrateOptions,
): Solution {
  const stages = solver.nodes.length;
  if ("steps" in control) {
    const { steps } = control;
    const step = rungeKutta(f, solver);
    const states = between(x0, times, save, (x, from, to) => march(step, x, from, to.sub(from).div(steps), steps));
    const all = steps * (times.shape[0] - 1);
    const [evaluations, accepted, rejected] = [stages * all, all, 0].map((n) => scalar(n, "i32"));
    return { states, evaluations, accepted, rejected };
  }
  // steps by their error carry no intermediate state where only the last one is wanted
  const at = save === "end" ? concat([times.slice([0, 1]), times.slice([-1, null])]) : times;
  const { states, accepted, rejected } = integrateAdaptively(f, solver, x0, at, control);
  const evaluations = accepted.add(rejected).mul(stages).add(1);
  return { states: save === "end" ? states.slice(0) : states, evaluations, accepted, rejected };
}

function stochastic(equation: Noisy, x0: Tensor, times: Tensor, { solver = eulerMaruyama, noise, save = "times" }: NoisyOptions) {
  const step = solver(equation);
  const steps = noise.shape[1];
  const states = between(x0, times, save, (x, from, to, z) => marchNoisy(step, x, from, to.sub(from).div(steps), z as Tensor), noise);
  return { states };
}

/** Integrates from each time to the next, in a scan. */
function between(
  x0: Tensor,
  times: Tensor,
  save: Save,
  integrate: (x: Tensor, from: Tensor, to: Tensor, noise?: Tensor) => Tensor,
  noise?: Tensor,
): Tensor {
  const intervals = { from: times.slice([0, -1]), to: times.slice([1, null]), ...(noise && { noise }) };
  const interval = (x: Tensor, { from, to, noise: z }: { from: Tensor; to: Tensor; noise?: Tensor }) => {
    const carry = integrate(x, from, to, z);
    return { carry, y: carry };
  };
  const { carry, ys } = scan(interval, x0, intervals);
  return save === "end" ? carry : ys;
}
