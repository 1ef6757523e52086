/**
 * Sampling: targets, kernels, annealing, sequential Monte Carlo, resampling, bounds on log Z, diagnostics (`pushforward/sampling`).
 */
export { type ChainOptions, type Draws, sampleChains } from "./chain.ts";
export { type Draw, exactDraw } from "./kernels/exact.ts";
export { type AutoregressiveParameters, autoregressive, crankNicolson } from "./kernels/gaussian.ts";
export { hmc, leapfrog, mala } from "./kernels/hamiltonian.ts";
export type { Kernel, Transition } from "./kernels/kernel.ts";
export { metropolisHastings, type Proposal, randomWalk, type WalkParameters } from "./kernels/metropolis.ts";
export { tableMetropolis, transitionTable } from "./kernels/table.ts";
export type { ChainArrays, ChainState, LogDensity, NoData, Target } from "./target.ts";
