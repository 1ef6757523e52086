/** Three flows of one wave function, from the same parameters and walkers and with the same random numbers. */
import { type Random, randomStream } from "../../array/index.ts";
import { ansatzOf } from "../../chemistry/ansatz/choose.ts";
import { knownOrbitals } from "../../chemistry/learning/known.ts";
import { waveLearner } from "../../chemistry/learning/learner.ts";
import { type FlowName, type LearningSettings, partsOf } from "../../chemistry/learning/settings.ts";
import { scalarArray, valueOf, type WaveProblem, type WaveState } from "../../chemistry/learning/state.ts";
import { readSystem } from "../../chemistry/systems/read.ts";
import type { System } from "../../chemistry/systems/system.ts";

export interface Choice {
  readonly system: "H" | "He" | "H2";
  readonly walkers: number;
  readonly steps: number;
}

/** By name: how a density goes to that of the ground state. */
export const flows = {
  w: "W: carried",
  fr: "FR: reweighted",
  wfr: "WFR: both",
} as const satisfies Record<FlowName, string>;
export const flowNames = ["w", "fr", "wfr"] as const;

/** Wave functions that a page trains while one looks. */
const small = { width: 8, pairWidth: 4, layers: 2, determinants: 1 };
/** Steps on Hartree-Fock orbitals: few, so that there is something left to learn. */
const pretrainSteps = 100;
/** Steps with frozen parameters at the end, whose mean is the result. */
export const evaluationSteps = 60;

function settingsOf({ walkers, steps }: Choice, flow: FlowName, pretrain: number): LearningSettings {
  return {
    ...{ flow, walkers, steps, evaluationSteps, transportWeight: [0.1, 0.1], reweightingWeight: 1, cost: "tanh", solver: "kfac" },
    ...{ rate: flow === "w" ? 0.02 : 0.05, delay: Math.max(50, steps / 4), damping: 1e-3, normConstraint: 1e-3, clip: 5 },
    ...{ moves: "all", movesPerStep: 10, pretrainSteps: pretrain, carry: 0, lookAhead: 0 },
  };
}

/** A row of a flow: its energy and variance, and seconds so far. */
export interface Row {
  readonly step: number;
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** One flow under way. */
export interface Racer {
  readonly name: FlowName;
  readonly state: WaveState;
  /** Seconds of its steps. */
  readonly seconds: number;
  readonly rows: readonly Row[];
  readonly step: (state: WaveState, rng: Random) => Promise<{ state: WaveState; metrics: Record<string, number> }>;
}

/** The common beginning: a network that has begun to learn known orbitals, and walkers of it. */
export interface Beginning {
  readonly system: System;
  readonly problem: WaveProblem;
  readonly steps: number;
  readonly learner: ReturnType<typeof waveLearner>;
}

export async function beginningOf(choice: Choice): Promise<Beginning> {
  const { system } = readSystem(choice.system);
  const known = await knownOrbitals(system);
  const settings = settingsOf(choice, "fr", known ? pretrainSteps : 0);
  const problem = { system, ansatz: ansatzOf("ferminet", system, small), settings, known: known?.orbitals };
  return { system, problem, steps: partsOf(settings).flow, learner: waveLearner(problem) };
}

/** The three flows, as they leave a common state. */
export async function racersFrom({ system, problem }: Beginning, choice: Choice, state: WaveState, rng: Random): Promise<Racer[]> {
  const { parameters, x, width } = state;
  const start = { parameters, x, proposal: valueOf(width) };
  return Promise.all(
    flowNames.map(async (name) => {
      const settings = settingsOf(choice, name, 0);
      const learner = waveLearner({ system, ansatz: problem.ansatz, settings, start });
      // walkers are in equilibrium already
      const first = { ...(await learner.init(rng)), step: scalarArray(partsOf(settings).flow) };
      return { name, state: first, seconds: 0, rows: [], step: learner.step };
    }),
  );
}

/** A racer after its next step. */
export async function stepped(racer: Racer, rng: Random): Promise<Racer> {
  const before = performance.now();
  const { state, metrics } = await racer.step(racer.state, rng);
  const seconds = racer.seconds + (performance.now() - before) / 1000;
  return { ...racer, state, seconds, rows: [...racer.rows, { step: racer.rows.length + 1, seconds, metrics }] };
}

/** A racer after some steps of its evaluation, whose frozen parameters are its last ones. */
export async function evaluated(racer: Racer, steps: number, rng: Random): Promise<Racer> {
  let { state } = racer;
  for (let k = 0; k < steps; k++) ({ state } = await racer.step(state, rng));
  return { ...racer, state };
}

export type Streams = ReturnType<typeof streamsOf>;
export const streamsOf = (seed: number) => {
  const rng = randomStream(seed).fold("molecule");
  return { init: rng.fold("init"), steps: rng.fold("steps"), race: rng.fold("race") };
};
