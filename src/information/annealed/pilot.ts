/** Pilots: temperatures and step sizes from chains and data of their own. */
import { array, type NdArray, type Random } from "../../array/index.ts";
import { adaptiveSchedule, jitter, pilotPath, pilotStepSizes, sigmoidSchedule } from "../../sampling/index.ts";
import type { Frozen, ScheduleRule } from "./frozen.ts";
import { kernelOf, type Route } from "./target.ts";

export interface PilotOptions {
  /** T. */
  readonly temperatures: number;
  /** L. */
  readonly leapfrogs: number;
  /** A formula for temperatures instead of the adaptive schedule. */
  readonly rule?: ScheduleRule;
  /** Acceptance aimed at. */
  readonly acceptance: number;
  /** Told of every step of the pilot. */
  readonly watch: (step: number) => void;
}

/** Data points that a pilot should have, two chains each: V is the variance within a data point. */
export const pilotPoints = 32;
const chains = 2;
/** Temperatures of the pilot for T of the run: step sizes and fluctuations are smooth along a path, those of 150 serve any number. */
const coarse = (temperatures: number): number => Math.min(150, Math.max(50, temperatures));
/** Fluctuations are measured on this schedule: it has temperatures from 1e-3 to 1 - 1e-3, where paths of decoders are steep. */
const exploring: ScheduleRule = (increments) => sigmoidSchedule(increments, 8);
const passes = 3;
/** Single steps from which the first pass begins, as `pilotStepSizes` does. */
const warmUp = 40;

/** Steps of a pilot, for its line of progress. */
export const pilotSteps = ({ temperatures, rule }: Pick<PilotOptions, "temperatures" | "rule">): number =>
  rule ? warmUp + passes * Math.min(temperatures, coarse(temperatures)) : warmUp + (passes + 1) * coarse(temperatures);

/**
 * Freezes a schedule: step sizes along a first schedule, the fluctuations V(β) there, the schedule of constant √V from them, and its step
 * sizes from the first ones at the same β. Data, starts and noise are the pilot's own, so that nothing of the reported chains is in it;
 * step sizes are jittered by a fixed factor a temperature.
 *
 * @param x  data points of the pilot, not those that are reported: [points, D]
 *
 * @source  Brekelmans et al., ICLR 2022, section 4; Grosse, Maddison & Salakhutdinov, NIPS 2013, section 4
 */
export async function pilot(route: Route, x: NdArray, options: PilotOptions, rng: Random): Promise<Frozen> {
  const { temperatures, leapfrogs, rule, acceptance: target } = options;
  let steps = 0;
  const watch = (): void => options.watch(++steps);
  const kernel = kernelOf(route, leapfrogs);
  const withStepSize = (stepSize: number) => ({ stepSize: array(stepSize, x.dtype as "f32" | "f64", []) });
  const data = await route.observe(x);
  const starts = route.starts(data, chains, rng.fold("starts"));
  const betas = rule ? rule(Math.min(temperatures, coarse(temperatures))) : exploring(coarse(temperatures));
  const shared = { kernel, path: route.path, betas, data, watch };
  const found = await pilotStepSizes({ ...shared, withStepSize, start: 0.1, target, passes }, starts, rng.fold("step sizes"));
  const frozen = (schedule: ArrayLike<number>) => ({
    betas: schedule,
    stepSizes: jitter(interpolated(betas, found.smooth, schedule), rng.fold("jitter")),
    ...{ leapfrogs, route: route.name },
  });
  if (rule) return frozen(rule(temperatures));
  const parameters = (t: number) => withStepSize(found.stepSizes[t - 1]);
  const again = route.starts(data, chains, rng.fold("starts again"));
  const fluctuations = await pilotPath({ ...shared, parameters }, again, x.shape[0], rng.fold("fluctuations"));
  const { betas: schedule, length } = adaptiveSchedule(fluctuations, temperatures);
  return { ...frozen(schedule), length, fluctuations };
}

/** ε_t of a schedule from those of another: log ε is linear in log β between its temperatures, and constant outside. */
export function interpolated(betas: ArrayLike<number>, stepSizes: ArrayLike<number>, schedule: ArrayLike<number>): Float64Array {
  let i = 1;
  return Float64Array.from({ length: schedule.length - 1 }, (_, t) => {
    const beta = schedule[t + 1];
    while (i < betas.length - 1 && betas[i] < beta) i++;
    if (i === 1) return stepSizes[0];
    const share = (Math.log(beta) - Math.log(betas[i - 1])) / (Math.log(betas[i]) - Math.log(betas[i - 1]));
    return Math.exp((1 - share) * Math.log(stepSizes[i - 2]) + share * Math.log(stepSizes[i - 1]));
  });
}
