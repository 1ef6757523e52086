/** Ways to simulate a circuit: its probabilities, and gradients of what is made of them. */
import type { Random } from "../../array/index.ts";
import type { Circuit, Objective } from "../circuit.ts";
import { checkUndoable, mostDensityQubits, noisyProbabilities, noisyValueAndGradient } from "../density.ts";
import { depolarizing, keeps, readOut, trajectories, trajectoryGradient } from "../noise.ts";
import { probabilities, valueAndGradient } from "../simulate.ts";

export interface Simulation {
  readonly circuit: Circuit;
  /** Whether probabilities are exact, not means of noisy runs. */
  readonly exact: boolean;
  readonly probabilities: (angles: Float64Array) => Float64Array;
  readonly withGradient: (angles: Float64Array, objective: Objective) => { readonly value: number; readonly gradient: Float64Array };
}

export interface NoiseSettings {
  /** Scale p of the depolarizing noise. */
  readonly noise: number;
  /** Probability that a bit is read wrong. */
  readonly readout: number;
  /** Noisy runs of which the mean is taken, above the qubits of a density matrix. */
  readonly trajectories: number;
}

/** Whether a circuit of so many qubits is simulated by noisy runs. */
export const byTrajectories = (qubits: number, { noise }: Pick<NoiseSettings, "noise">): boolean => noise > 0 && qubits > mostDensityQubits;

/** @throws UserError  for noise that is no channel, or too strong for gradients */
export function checkNoise(circuit: Circuit, { noise }: NoiseSettings): void {
  if (byTrajectories(circuit.qubits, { noise })) keeps(depolarizing(noise));
  else checkUndoable(circuit, depolarizing(noise));
}

/** By a pure state. */
export const noiseless = (circuit: Circuit): Simulation => ({
  ...{ circuit, exact: true },
  probabilities: (angles) => probabilities(circuit, angles),
  withGradient: (angles, objective) => valueAndGradient(circuit, angles, objective),
});

/**
 * A circuit with the noise of the settings: by pure states without any, by density matrices where they fit, else by trajectories.
 * @param random  of the noisy runs: every call draws others
 */
export function simulationOf(circuit: Circuit, settings: NoiseSettings, random: Random): Simulation {
  return misread(withNoise(circuit, settings, random), settings.readout);
}

function withNoise(circuit: Circuit, { noise, trajectories: count }: NoiseSettings, random: Random): Simulation {
  if (noise === 0) return noiseless(circuit);
  const channel = depolarizing(noise);
  if (!byTrajectories(circuit.qubits, { noise })) {
    return {
      ...{ circuit, exact: true },
      probabilities: (angles) => noisyProbabilities(circuit, angles, channel),
      withGradient: (angles, objective) => noisyValueAndGradient(circuit, angles, channel, objective),
    };
  }
  let call = 0;
  const runs = () => ({ count, random: random.fold(call++) });
  return {
    ...{ circuit, exact: false },
    probabilities: (angles) => trajectories(circuit, angles, channel, runs()).probabilities,
    withGradient: (angles, objective) => trajectoryGradient(circuit, angles, channel, runs(), objective),
  };
}

/** Bits read wrong with probability r: a symmetric map R of probabilities, so that slopes c become R c. */
function misread(simulation: Simulation, r: number): Simulation {
  if (r === 0) return simulation;
  return {
    ...simulation,
    probabilities: (angles) => readOut(simulation.probabilities(angles), r),
    withGradient: (angles, objective) =>
      simulation.withGradient(angles, (p) => {
        const { value, slopes } = objective(readOut(p, r));
        return { value, slopes: readOut(slopes, r) };
      }),
  };
}
