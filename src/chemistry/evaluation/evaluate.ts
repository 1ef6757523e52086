/** The energy of a wave function whose parameters stay: many steps of its walkers, errors that know of correlations. */
import type { NdArray, Random } from "../../array/index.ts";
import { blockedErrors, correlatedEstimate, type Estimate } from "../../sampling/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Ansatz, Parameters } from "../ansatz/ansatz.ts";
import { meanOfValues } from "../flows/robust.ts";
import { energyProgram, type OwnField } from "../learning/programs.ts";
import type { System } from "../systems/system.ts";
import { logDensity, type Moves, walk } from "../walkers/walk.ts";
import { type Observed, observer } from "./observables.ts";

/** A wave function with walkers that sample it. */
export interface Trained {
  readonly system: System;
  readonly ansatz: Ansatz;
  readonly parameters: Parameters<NdArray>;
  /** [walkers, N · dimension]. */
  readonly x: NdArray;
  /** Standard deviation of proposals, in bohr; frozen. */
  readonly width: number;
  readonly field?: OwnField;
}

export interface EvaluationOptions {
  readonly steps: number;
  readonly moves: Moves;
  readonly movesPerStep: number;
}

export interface Evaluation {
  /** ⟨E_loc⟩, in hartree. */
  readonly energy: Estimate;
  /** Variance of E_loc over walkers, in hartree². */
  readonly variance: number;
  readonly kinetic: Estimate;
  readonly external: Estimate;
  readonly repulsion: Estimate;
  readonly acceptance: number;
  /** Energies that were no number, left out. */
  readonly lost: number;
  /** Mean energy of the walkers at each step. */
  readonly trace: Float64Array;
  /** Standard errors by block length, see `blockedErrors`. */
  readonly blocks: ReturnType<typeof blockedErrors>;
  /** Energies of single walkers, of some steps. */
  readonly sample: Float64Array;
  readonly observed: Observed;
  readonly x: NdArray;
}

/** Single energies that are kept for histograms. */
const kept = 20_000;

/**
 * Runs the chain with frozen parameters and step size. The error is that of the means over walkers as one correlated series.
 *
 * @param watch  told of each step and the mean so far; false stops
 */
export async function evaluate(
  { system, ansatz, parameters, x: start, width, field }: Trained,
  { steps, moves, movesPerStep }: EvaluationOptions,
  rng: Random,
  watch: (step: number, mean: number) => boolean,
): Promise<Evaluation | undefined> {
  const energies = energyProgram(system, ansatz, false, field);
  const move = walk<Parameters<Tensor>>(system, logDensity(system, ansatz), moves);
  const traces = {
    energy: new Float64Array(steps),
    kinetic: new Float64Array(steps),
    external: new Float64Array(steps),
    repulsion: new Float64Array(steps),
  };
  const seen = observer(system);
  const sample: number[] = [];
  let x = start;
  let [acceptance, lost, squares, sum, count] = [0, 0, 0, 0, 0];
  for (let t = 0; t < steps; t++) {
    const walked = await move(x, movesPerStep, width, parameters, rng);
    x = walked.x;
    acceptance += walked.acceptance / steps;
    const at = await energies(parameters, x);
    const own = (at.energy.data as Float32Array).filter(Number.isFinite);
    lost += at.energy.data.length - own.length;
    for (const name of ["kinetic", "external", "repulsion"] as const)
      traces[name][t] = meanOfValues((at[name].data as Float32Array).filter(Number.isFinite));
    traces.energy[t] = meanOfValues(own);
    for (const e of own) {
      squares += e * e;
      sum += e;
      count++;
    }
    if (sample.length < kept) sample.push(...own);
    seen.see(x);
    if (!watch(t + 1, sum / count)) return undefined;
  }
  const of = (name: keyof typeof traces): Estimate => correlatedEstimate([traces[name]]);
  return {
    ...{ energy: of("energy"), kinetic: of("kinetic"), external: of("external"), repulsion: of("repulsion") },
    variance: squares / count - (sum / count) ** 2,
    ...{ acceptance, lost, trace: traces.energy, blocks: blockedErrors(traces.energy) },
    ...{ sample: Float64Array.from(sample), observed: seen.result(), x },
  };
}
