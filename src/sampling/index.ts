/**
 * Sampling: targets, kernels, annealing, sequential Monte Carlo, resampling, bounds on log Z, diagnostics (`pushforward/sampling`).
 */

export { jitter } from "./adaptation/jitter.ts";
export { pilotPath } from "./adaptation/path-pilot.ts";
export { pilotScale } from "./adaptation/scale.ts";
export { type FrozenStepSizes, pilotStepSizes, type StepSizeOptions } from "./adaptation/step-size.ts";
export { type Annealed, type AnnealingOptions, type AnnealingRecord, type AnnealingState, anneal, annealing } from "./ais.ts";
export { bennett } from "./bounds/bennett.ts";
export { type DivergenceBounds, divergences } from "./bounds/divergences.ts";
export { type Estimate, estimate, type Sandwich, sandwich } from "./bounds/estimate.ts";
export { logMeanExp, normalisedWeights } from "./bounds/log-mean-exp.ts";
export { byDatum, mixtureLower, mixtureUpper, reverseLower, reverseUpper } from "./bounds/multi-sample.ts";
export { categorical } from "./categorical.ts";
export { type ChainOptions, type Draws, sampleChains } from "./chain.ts";
export { autocorrelationTime, type BlockedError, blockedErrors, type Chains, correlatedEstimate } from "./diagnostics/autocorrelation.ts";
export { type Evidence, samplingCautions } from "./diagnostics/cautions.ts";
export { kishSize } from "./diagnostics/kish.ts";
export { fitPareto, type ParetoFit, paretoShape } from "./diagnostics/pareto.ts";
export { normalQuantile, rankRHat, splitRHat } from "./diagnostics/r-hat.ts";
export { type Draw, exactDraw } from "./kernels/exact.ts";
export { type AutoregressiveParameters, autoregressive, crankNicolson } from "./kernels/gaussian.ts";
export { type HamiltonianNoise, hmc, leapfrog, mala } from "./kernels/hamiltonian.ts";
export type { Kernel, Transition } from "./kernels/kernel.ts";
export { metropolisHastings, type Proposal, randomWalk, type WalkParameters } from "./kernels/metropolis.ts";
export { tableMetropolis, transitionTable } from "./kernels/table.ts";
export { type AnnealingPath, geometricPath, temperedPath } from "./paths.ts";
export { resample, resamplingSchemes } from "./resampling/resample.ts";
export type { ResamplingScheme } from "./resampling/scheme.ts";
export { concatRows, gatherRows, replaceRows } from "./rows.ts";
export {
  type AdaptiveSchedule,
  adaptiveSchedule,
  linearSchedule,
  type PathPilot,
  powerSchedule,
  sigmoidSchedule,
} from "./schedules.ts";
export { annealedModel, annealedReference } from "./smc/annealed.ts";
export {
  lineages,
  type ResamplingRule,
  type SmcModel,
  type SmcOptions,
  type SmcRecord,
  type SmcResult,
  type SmcState,
  smc,
  smcStart,
  smcStep,
} from "./smc/smc.ts";
export type { ChainArrays, ChainState, LogDensity, NoData, Target } from "./target.ts";
