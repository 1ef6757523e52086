/** Rungs of a ladder: the same chains with ever more temperatures, each rung with a lower and an upper bound on log p(x). */
import { array, type NdArray, type Random, toNumbers } from "../../array/index.ts";
import { interpolated } from "../../information/annealed/pilot.ts";
import { kernelOf, type Observed } from "../../information/annealed/target.ts";
import { rowsOf } from "../../information/models/joint.ts";
import {
  type AnnealingOptions,
  adaptiveSchedule,
  annealedModel,
  annealedReference,
  annealing,
  byDatum,
  estimate,
  type HamiltonianNoise,
  jitter,
  logMeanExp,
  mixtureLower,
  type PathPilot,
  pilotPath,
  pilotStepSizes,
  reverseUpper,
  type SmcOptions,
  sigmoidSchedule,
  smcStart,
  smcStep,
  type WalkParameters,
} from "../../sampling/index.ts";
import { exactDraws, type Posterior } from "./posteriors.ts";

/** Chains of one population, of which one bound is made, and populations, whose spread gives the errors. */
export interface Size {
  readonly chains: number;
  readonly populations: number;
}

/** What a step of a rung shows. */
export interface Moment {
  /** Steps done, of how many. */
  readonly step: number;
  readonly steps: number;
  readonly up: At;
  /** Chains that come back from exact draws, where there are some to see. */
  readonly down?: At;
  /** Kish's size of the weights over their number. */
  readonly effective: number;
  readonly acceptance?: number;
}

/** Places [n, 2] at an inverse temperature. */
export interface At {
  readonly beta: number;
  readonly x: NdArray;
}

/** What a rung has found. log p(x) - C, one value a population. */
export interface Rung {
  readonly temperatures: number;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Log weights of single chains, where they were not resampled. */
  readonly single?: { readonly forward: Float64Array; readonly reverse: Float64Array };
  readonly acceptance: readonly number[];
  readonly invalid: number;
}

type Options = AnnealingOptions<WalkParameters, HamiltonianNoise, Observed>;

/** Leapfrog steps of a transition. */
const leapfrogs = 5;
/** Pilot chains, and temperatures of their schedule. */
const [pilots, coarse] = [64, 50];
/** Acceptance that is best for Hamiltonian chains. */
const target = 0.65;

/** What pilots found, from which schedules of any length are made. */
export interface Pilot {
  readonly path: PathPilot;
  readonly betas: ArrayLike<number>;
  readonly stepSizes: Float64Array;
}

const withStepSize = (stepSize: number) => ({ stepSize: array(stepSize, "f32", []) });

/** Fluctuations and step sizes along the path, by chains that are not those of any rung. */
export async function pilotOf({ route, observed }: Posterior, rng: Random): Promise<Pilot> {
  const betas = sigmoidSchedule(coarse, 8);
  const options = { kernel: kernelOf(route, leapfrogs), path: route.path, betas, data: observed };
  const starts = (name: string): NdArray => route.starts(observed, pilots, rng.fold(name));
  const found = await pilotStepSizes({ ...options, withStepSize, start: 0.3, target, passes: 2 }, starts("starts"), rng.fold("step sizes"));
  const parameters = (t: number) => withStepSize(found.stepSizes[t - 1]);
  const path = await pilotPath({ ...options, parameters }, starts("starts again"), 1, rng.fold("fluctuations"));
  return { path, betas, stepSizes: found.smooth };
}

/** The chains of a rung, frozen before they begin. */
function optionsOf({ route, observed }: Posterior, pilot: Pilot, temperatures: number, rng: Random): Options {
  const { betas } = adaptiveSchedule(pilot.path, temperatures);
  const stepSizes = jitter(interpolated(pilot.betas, pilot.stepSizes, betas), rng);
  return {
    ...{ kernel: kernelOf(route, leapfrogs), path: route.path, betas, data: observed },
    parameters: (t) => withStepSize(stepSizes[t - 1]),
  };
}

/** Climbs a rung; what it found is the value of the generator. */
export type Climb = (posterior: Posterior, pilot: Pilot, temperatures: number, size: Size, rng: Random) => AsyncGenerator<Moment, Rung>;

/**
 * Annealed importance sampling, from the prior up and from exact draws down. Of K chains each way, log mean e^f is below log p(x) in
 * expectation, and -log mean e^-r above.
 */
export const annealedImportance: Climb = async function* (posterior, pilot, temperatures, { chains, populations }, rng) {
  const options = optionsOf(posterior, pilot, temperatures, rng.fold("jitter"));
  const count = chains * populations;
  const starts = {
    forward: posterior.route.starts(posterior.observed, count, rng.fold("starts")),
    reverse: await exactDraws(posterior, count, rng.fold("exact draws")),
  };
  const run = annealing(options, starts);
  const acceptance: number[] = [];
  let invalid = 0;
  let state = await run.init();
  while (acceptance.length < run.steps) {
    const { state: next, record } = await run.step(state, rng.fold("steps"));
    state = next;
    acceptance.push(record.acceptance.forward);
    invalid += record.invalid;
    yield {
      ...{ step: record.step, steps: run.steps, acceptance: record.acceptance.forward, effective: record.effectiveSize / count },
      up: { beta: options.betas[record.temperatures.forward], x: rowsOf(state.chain.x, 0, count) },
      down: { beta: options.betas[record.temperatures.reverse], x: rowsOf(state.chain.x, count, 2 * count) },
    };
  }
  const weights = Float64Array.from(toNumbers(state.logWeights));
  const single = { forward: weights.slice(0, count), reverse: weights.slice(count) };
  return {
    ...{ temperatures, acceptance, invalid, single },
    lower: Float64Array.from(byDatum(single.forward, populations), mixtureLower),
    upper: Float64Array.from(byDatum(single.reverse, populations), reverseUpper),
  };
};

/**
 * Sequential Monte Carlo: light particles give way to copies of heavy ones. log Ẑ is below log p(x) in expectation, and above it where one
 * particle of each population came down from an exact draw.
 */
export const sequentialMonteCarlo: Climb = async function* (posterior, pilot, temperatures, { chains, populations }, rng) {
  const options = optionsOf(posterior, pilot, temperatures, rng.fold("jitter"));
  const start = (name: string): NdArray => posterior.route.starts(posterior.observed, chains * populations, rng.fold(name));
  const exact = await exactDraws(posterior, populations, rng.fold("exact draws"));
  const free = annealedModel(options, start("starts"));
  const held = await annealedReference(
    annealedModel(options, start("others")),
    options,
    { exact, particles: chains },
    rng.fold("reference"),
  );
  const size: SmcOptions = { particles: chains, populations };
  const [up, down] = [rng.fold("free"), rng.fold("held")];
  let states = [await smcStart(free, size, up), await smcStart(held, size, down)];
  for (let t = 1; t <= temperatures; t++) {
    const [a, b] = [await smcStep(free, states[0], size, up), await smcStep(held, states[1], size, down)];
    states = [a.state, b.state];
    yield {
      ...{ step: t, steps: temperatures, effective: estimate(a.record.effectiveSize).mean / chains },
      up: { beta: options.betas[t], x: a.state.particles.x },
    };
  }
  const [lower, upper] = states.map(({ logZ, logWeights }) =>
    logZ.map((log, g) => log + logMeanExp(logWeights.subarray(g * chains, (g + 1) * chains))),
  );
  return { temperatures, lower, upper, acceptance: [], invalid: 0 };
};
