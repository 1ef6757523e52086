/**
 * Ground states of electrons by flows of walkers: systems, Hartree-Fock, wave functions, local energies, solvers, long evaluations, and an
 * exact laboratory of flows (`pushforward/chemistry`). Atomic units.
 */

export { type Ansatz, type Parameters, type Wave, type WaveNetwork, waveOf } from "./ansatz/ansatz.ts";
export { type AnsatzChoice, ansatzNames, ansatzOf } from "./ansatz/choose.ts";
export { type KnownOrbitals, usualOrbitals } from "./ansatz/known.ts";
export { plainNetwork } from "./ansatz/network.ts";
export { ownField } from "./energy/formula-field.ts";
export { type LocalEnergy, localEnergy } from "./energy/local-energy.ts";
export { nuclearRepulsion, potential } from "./energy/potential.ts";
export { densityCube } from "./evaluation/density.ts";
export { type Evaluation, evaluationOf } from "./evaluation/evaluation.ts";
export { costNames, type TransportCost, transportCost } from "./flows/costs.ts";
export { type HartreeFock, hartreeFock } from "./hartree-fock/hartree-fock.ts";
export { molecularOrbitals } from "./hartree-fock/orbitals.ts";
export { type Gaussian, gaussianFlow } from "./laboratory/gaussian.ts";
export { lineFlow } from "./laboratory/line-flow.ts";
export { boundBox, makeGrid, potentialOf } from "./laboratory/potential.ts";
export { lineEnergies } from "./laboratory/spectrum.ts";
export { knownOrbitals } from "./learning/known.ts";
export { waveLearner } from "./learning/learner.ts";
export { learnWave } from "./learning/run.ts";
export { flowNames, type LearningSettings, partsOf } from "./learning/settings.ts";
export type { WaveProblem, WaveState } from "./learning/state.ts";
export { type ReadSystem, readSystem } from "./systems/read.ts";
export { electronsOf, nucleiOf, type System } from "./systems/system.ts";
export { readWave, writeWave } from "./wave-file.ts";
