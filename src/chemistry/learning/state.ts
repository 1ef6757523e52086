/** What a run of a wave function remembers, and what it is about. */
import { type NdArray, ndarray } from "../../array/index.ts";
import type { Ansatz, Parameters } from "../ansatz/ansatz.ts";
import type { KnownOrbitals } from "../ansatz/known.ts";
import type { Tally } from "../evaluation/tally.ts";
import type { KroneckerArrays, Memory } from "../solvers/solver.ts";
import type { System } from "../systems/system.ts";
import type { AdamArrays } from "./pretrain.ts";
import type { OwnField } from "./programs.ts";
import type { LearningSettings } from "./settings.ts";

/** The whole of what a run must remember: walkers and the state of the solver among it. */
export interface WaveState {
  readonly parameters: Parameters<NdArray>;
  /** [walkers, N · dimension]. */
  readonly x: NdArray;
  /** Standard deviation of proposals, in bohr: []. */
  readonly width: NdArray;
  /** Steps done: []. */
  readonly step: NdArray;
  readonly adam: AdamArrays;
  readonly memory: FlowMemory;
  /** What the evaluation has seen. */
  readonly tally: Tally;
  /** Steps without an update, those in a row among them, and the factor of λ: []. */
  readonly skipped: NdArray;
  readonly inARow: NdArray;
  readonly dampingScale: NdArray;
}

/** What the solver of a flow remembers. */
export interface FlowMemory {
  readonly solver: Memory;
  /** Sums of Kronecker factors over steps, empty where the solver needs none, and their weight: []. */
  readonly factors: KroneckerArrays;
  readonly share: NdArray;
}

/** What is learned, in which way. */
export interface WaveProblem {
  readonly system: System;
  readonly ansatz: Ansatz;
  readonly settings: LearningSettings;
  /** Orbitals to begin with, where some are known. */
  readonly known?: readonly KnownOrbitals[];
  /** A wave function to begin with instead of a random one, walkers that sample it and their proposals in bohr. */
  readonly start?: { readonly parameters: Parameters<NdArray>; readonly x: NdArray; readonly proposal: number };
  /** The field of a formula. */
  readonly field?: OwnField;
}

export const scalarArray = (value: number): NdArray => ndarray(Float64Array.of(value), [], "f64");
export const valueOf = ({ data }: NdArray): number => Number(data[0]);

/** Acceptance is kept between these. */
const [lowAcceptance, highAcceptance] = [0.5, 0.55];

/** Proposals grow where most are accepted, and shrink where few are. */
export const adapted = (width: number, acceptance: number, by = 1.05): number =>
  acceptance > highAcceptance ? width * by : acceptance < lowAcceptance ? width / by : width;
