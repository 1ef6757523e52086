/** Step sizes that change: functions of the step, a scalar tensor 0, 1, 2, … */

import { TensorError } from "../errors.ts";
import { clamp, cos, fullPrecision, less, pow, Tensor, where } from "../tensor/index.ts";

/** A step size as a function of the step. */
export type Schedule = (step: Tensor) => Tensor;

/** A number for ever, or a schedule. */
export type Rate = number | Schedule;

const positiveSteps = (name: string, steps: number): void => {
  if (!(steps > 0)) throw new TensorError(`${name}: ${steps} is not a positive number of steps`);
};

/** step / steps, stopped at 1. */
const progress = (step: Tensor, steps: number): Tensor => clamp(step.mul(1 / steps), 0, 1);

/** The same at every step. */
export const constantSchedule =
  (value: number): Schedule =>
  (step) =>
    step.mul(0).add(value);

/** From `from` to `to` in a straight line over a number of steps; then stays. */
export function linear(from: number, to: number, steps: number): Schedule {
  positiveSteps("linear", steps);
  return (step) =>
    progress(step, steps)
      .mul(to - from)
      .add(from);
}

/** end + (peak - end) (1 + cos(π step / steps)) / 2; then stays at the end. Loshchilov & Hutter, ICLR 2017. */
export function cosine(peak: number, steps: number, end = 0): Schedule {
  positiveSteps("cosine", steps);
  return (step) =>
    cos(progress(step, steps).mul(Math.PI))
      .add(1)
      .mul((peak - end) / 2)
      .add(end);
}

/** peak rate^(step / steps). */
export function exponential(peak: number, rate: number, steps: number): Schedule {
  positiveSteps("exponential", steps);
  return (step) => pow(rate, step.mul(1 / steps)).mul(peak);
}

/** Schedules one after another: `boundaries[i]` is the first step of schedule i + 1, which counts from there. */
export function join(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  if (schedules.length !== boundaries.length + 1 || boundaries.some((b, i) => i > 0 && b <= boundaries[i - 1]))
    throw new TensorError(`join: ${schedules.length} schedules need ${schedules.length - 1} increasing boundaries`);
  return (step) =>
    boundaries.reduceRight(
      (later, boundary, i) => where(less(step, boundary), schedules[i](i ? step.sub(boundaries[i - 1]) : step), later),
      schedules[boundaries.length](boundaries.length ? step.sub(boundaries[boundaries.length - 1]) : step),
    );
}

/** (step + 1) / steps of the schedule's first value up to it, then the schedule from its start. No step has rate zero. */
export function warmUp(steps: number, schedule: Rate): Schedule {
  positiveSteps("warmUp", steps);
  const after = typeof schedule === "number" ? constantSchedule(schedule) : schedule;
  const before: Schedule = (step) => after(step.mul(0)).mul(step.add(1).mul(1 / steps));
  return join([before, after], [steps]);
}

/** Warm-up from 0 to the peak, then cosine to the end; `steps` counts both. */
export const warmUpCosine = (peak: number, warm: number, steps: number, end = 0): Schedule => warmUp(warm, cosine(peak, steps - warm, end));

/** The rate at a step. A constant stays a number, so that the compiler can fold it. In low precision schedules are not rounded. */
export const rateAt = (rate: Rate, step: Tensor): number | Tensor => (typeof rate === "number" ? rate : fullPrecision(rate)(step));

/** One more. Not rounded in low precision: eight bits count to 256 and no further. */
export const counted = fullPrecision((count: Tensor): Tensor => count.add(1));

/**
 * Product of numbers and tensors, of which scalar tensors take the dtype of the first; numbers stay numbers. Products of scalars (step
 * sizes and their factors) are not rounded in low precision.
 */
export function times(a: Tensor, b: number | Tensor): Tensor;
export function times(a: number | Tensor, b: Tensor): Tensor;
export function times(a: number | Tensor, b: number | Tensor): number | Tensor;
export function times(a: number | Tensor, b: number | Tensor): number | Tensor {
  if (a instanceof Tensor) {
    const product = (): Tensor => a.mul(b instanceof Tensor ? b.cast(a.dtype) : b);
    return a.rank === 0 ? fullPrecision(product)() : product();
  }
  return b instanceof Tensor ? times(b, a) : a * b;
}
