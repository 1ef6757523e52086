/** Step sizes from a pilot: found on chains of their own, returned frozen. */
import type { NdArray, Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { Feeds } from "../../tensor/index.ts";
import { type AnnealingOptions, annealing } from "../ais.ts";
import { smooth } from "../schedules.ts";
import { jitter } from "./jitter.ts";

export interface StepSizeOptions<P, N, D> extends Omit<AnnealingOptions<P, N, D>, "parameters" | "finalTransition"> {
  /** The kernel's parameters with a step size, at temperature t. */
  readonly withStepSize: (stepSize: number, t: number) => Feeds<P>;
  /** Where the first pass begins. */
  readonly start: number;
  /** Acceptance to aim at. Default 0.65, the best for HMC; 0.57 for MALA, 0.234 for random walks. */
  readonly target?: number;
  /** Passes over the schedule. Default 3. */
  readonly passes?: number;
  /** Spread of the jitter. Default 0.35. */
  readonly spread?: number;
  /** Told of every step; what it throws stops the pilot. */
  readonly watch?: () => void;
}

export interface FrozenStepSizes {
  /** Jittered, ready for the reported run: ε_t at index t - 1. */
  readonly stepSizes: Float64Array;
  /** Before jitter. */
  readonly smooth: Float64Array;
  /** Mean acceptance of the pilot's last pass. */
  readonly acceptance: Float64Array;
}

/**
 * log ε moves by this times the miss of the acceptance, which falls by about 1 a unit of log ε: most of a miss is taken up within three
 * temperatures. Much less follows too slowly where densities narrow within a few, much more overshoots where leapfrog steps get unstable.
 */
const gain = 0.4;
/** Steps at the start of a pass that are repeated until the acceptance is near: a start far off would spoil the first temperatures. */
const warmUp = 40;

/**
 * Runs pilot chains along the schedule, moving log ε by 0.4 (acceptance - target) after each temperature, several times; later passes begin
 * with what the pass before found. Smoothed over T / 50 temperatures, jittered, frozen. Its chains are not those of any report: give it
 * starts and a stream of their own.
 *
 * @param starts  pilot chains, draws of π_0
 */
export async function pilotStepSizes<P, N, D>(options: StepSizeOptions<P, N, D>, starts: NdArray, rng: Random): Promise<FrozenStepSizes> {
  const { withStepSize, start, target = 0.65, passes = 3, spread } = options;
  if (!(start > 0 && target > 0 && target < 1)) throw new UserError(`pilotStepSizes: step size ${start} or acceptance ${target} cannot be`);
  const increments = options.betas.length - 1;
  const logs = new Float64Array(increments).fill(Math.log(start));
  const acceptance = new Float64Array(increments);
  let current = await warm(options, starts, rng.fold("warm"));
  for (let pass = 0; pass < passes; pass++) {
    const run = annealing({ ...options, parameters: (t) => withStepSize(Math.exp(logs[t - 1]), t) }, { forward: starts });
    let state = await run.init();
    for (let t = 1; t <= increments; t++) {
      if (pass === 0) logs[t - 1] = current;
      const step = await run.step(state, rng.fold(pass));
      state = step.state;
      acceptance[t - 1] = step.record.acceptance.forward;
      options.watch?.();
      const moved = logs[t - 1] + gain * (acceptance[t - 1] - target);
      logs[t - 1] = current = moved;
    }
  }
  const window = 2 * Math.floor(increments / 100) + 1;
  const frozen = Float64Array.from(smooth([...logs], window), Math.exp);
  return { stepSizes: jitter(frozen, rng.fold("jitter"), spread), smooth: frozen, acceptance };
}

/** log ε for the first temperature: single steps from the starts, with a gain that falls. */
async function warm<P, N, D>(options: StepSizeOptions<P, N, D>, starts: NdArray, rng: Random): Promise<number> {
  const { withStepSize, start, target = 0.65 } = options;
  let log = Math.log(start);
  const run = annealing({ ...options, parameters: (t) => withStepSize(Math.exp(log), t) }, { forward: starts });
  const state = await run.init();
  for (let i = 0; i < warmUp; i++) {
    const { record } = await run.step(state, rng.fold(i));
    options.watch?.();
    log += (2 / (1 + i / 10)) * (record.acceptance.forward - target);
  }
  return log;
}
