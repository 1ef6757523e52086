/** How circuits are trained, as options say it; what makes no sense together is refused here, before the work. */
import type { z } from "zod";
import { UserError } from "../../errors.ts";
import { mostDensityQubits } from "../../quantum/density.ts";
import { mostQubits } from "../../quantum/operations.ts";
import { checkMetric } from "../../quantum/training/natural.ts";
import type { RestartOptions } from "../../quantum/training/restart.ts";
import { circuitOf, estimateOf } from "../../quantum/training/settings.ts";
import { byTrajectories, checkNoise, type NoiseSettings } from "../../quantum/training/simulation.ts";
import type { trainOptions } from "./options.ts";
import type { Loaded } from "./problem.ts";

type Options = z.infer<typeof trainOptions> & { readonly quick?: boolean };

/** Values and gradients of a training. */
export interface Measuring {
  /** Of an estimate; 0: exact. */
  readonly shots: number;
  readonly gradient: "score" | "shift";
  readonly noise: NoiseSettings;
}

export interface Plan {
  readonly depths: readonly number[];
  readonly restarts: number;
  readonly stepping: Pick<RestartOptions, "optimiser" | "iterations">;
  readonly measuring: Measuring;
  readonly warnings: readonly string[];
}

const [defaultShots, defaultTrajectories] = [1024, 100];

/** @throws UserError */
export function planOf(problem: Pick<Loaded, "bits" | "sampled">, options: Options): Plan {
  const { bits, sampled } = problem;
  const { ansatz, objective, noise, readout, restarts, quick } = options;
  const shots = options.trainShots ?? (sampled ? defaultShots : 0);
  const runs = byTrajectories(bits, { noise });
  const optimiser = options.optimiser ?? (shots > 0 || runs ? "adam" : "lbfgs");
  const settings: NoiseSettings = { noise, readout, trajectories: options.trajectories ?? defaultTrajectories };
  const whole = !isByBits(ansatz, sampled, settings);
  const depths = depthsOf(options);
  for (const [when, what, hint] of refusals({ ...options, ...problem, shots, runs, optimiser, whole }))
    if (when) throw new UserError(what, hint);
  if (shots > 0) estimateOf({ objective, temperature: 1 }, () => 0, bits);
  // QAOA's phases are not looked at by what is checked here
  for (const circuit of depths.map((layers) => circuitOf(bits, { ansatz, layers }))) {
    if (noise > 0) checkNoise(circuit, settings);
    if (optimiser === "natural" && ansatz !== "product") checkMetric(circuit);
  }
  return {
    depths,
    restarts: quick ? Math.min(restarts, 2) : restarts,
    stepping: { optimiser, iterations: quick ? Math.min(options.iterations, 30) : options.iterations },
    measuring: { shots, gradient: options.gradient ?? "score", noise: settings },
    warnings: [...(sampled ? [saidOfSampling(bits, whole)] : []), ...(noise > 0 ? saidOfNoise(bits, settings) : [])],
  };
}

/** Fewest shots of an estimate; and most that are compared pair by pair: a hundred million kernels a step. */
const [fewestShots, mostPaired] = [10, 10_000];

interface Chosen extends Options, Pick<Loaded, "bits" | "sampled"> {
  readonly shots: number;
  readonly runs: boolean;
  readonly optimiser: RestartOptions["optimiser"];
  readonly whole: boolean;
}

/** What does not go together: when, what is said, what to do. */
function refusals(chosen: Chosen): readonly (readonly [when: boolean, what: string, hint: string])[] {
  const { ansatz, objective, optimiser, gradient, noise, trajectories, bits, sampled, shots, runs, whole } = chosen;
  const [shift, natural] = [gradient === "shift", optimiser === "natural" && ansatz !== "product"];
  const compares = optimiser === "lbfgs" || optimiser === "cma-es";
  const exact = noise > 0 ? `up to ${mostDensityQubits} bits noise is exact, by density matrices` : "give --noise";
  return [
    [sampled && shots === 0, "--train-shots 0 needs all costs, and costs are sampled", "give a number of shots, or --costs all"],
    [shots > 0 && shots < fewestShots, `--train-shots ${shots} are too few for an estimate`, `give at least ${fewestShots} shots`],
    [
      objective === "mmd" && shots > mostPaired,
      `--objective mmd compares each shot with each other: ${shots.toLocaleString("en")} are too many`,
      `give --train-shots of at most ${mostPaired.toLocaleString("en")}`,
    ],
    [
      (shots > 0 || runs) && compares,
      `--optimiser ${optimiser} compares values, and here they are estimates`,
      "take adam or spsa, which move by estimates",
    ],
    [
      runs && objective !== "mean",
      `--objective ${objective} is not linear in the probabilities: the mean of noisy runs biases it`,
      `above ${mostDensityQubits} bits noise goes with --objective mean`,
    ],
    [gradient !== undefined && shots === 0, "--gradient: without shots gradients are exact", "give --train-shots"],
    [gradient !== undefined && optimiser === "spsa", "--gradient: spsa takes values alone", "leave it out, or take adam"],
    [shift && objective !== "mean", `--gradient shift is for the mean cost: ${objective} is not linear in the probabilities`, "take score"],
    [
      shift && ansatz === "qaoa",
      "--gradient shift: angles of QAOA stand in many gates, of which each would have to be shifted",
      "take score",
    ],
    [ansatz === "qaoa" && sampled, "--ansatz qaoa turns every amplitude by its cost: it needs all costs", "take another circuit"],
    [
      ansatz === "qaoa" && noise > 0,
      "--ansatz qaoa has phases by a table of costs, which no hardware has: noise on them is not defined",
      "take another circuit",
    ],
    [trajectories !== undefined && !runs, "--trajectories: there are no noisy runs to average", exact],
    [
      whole && bits > mostQubits,
      `--ansatz ${ansatz}: a state of ${bits} qubits needs ${2 ** (bits - 26)} GiB, and as much again for its gradient`,
      `up to ${mostQubits} bits circuits are simulated; of more there is the product state without noise (--ansatz product)`,
    ],
    [natural && noise > 0, "--optimiser natural knows the metric of pure states, and with noise there are none", "take lbfgs or adam"],
  ];
}

/** Whether strings are drawn bit by bit, without a state. */
export const isByBits = (ansatz: Options["ansatz"], sampled: boolean, { noise, readout }: NoiseSettings): boolean =>
  sampled && ansatz === "product" && noise === 0 && readout === 0;

function saidOfNoise(bits: number, { trajectories }: NoiseSettings): string[] {
  if (bits > mostDensityQubits)
    return [
      `above ${mostDensityQubits} bits noise is averaged over ${trajectories} runs a step: numbers under it are estimates (--trajectories)`,
    ];
  // ρ and the operator that is carried back, in doubles, real and imaginary, and slopes
  const gib = (4 ** bits * 5 * 8) / 2 ** 30;
  return gib < 0.1 ? [] : [`the density matrix of ${bits} bits and its gradient take ${gib.toPrecision(2)} GiB, and seconds a step`];
}

function saidOfSampling(bits: number, whole: boolean): string {
  // ψ and λ in doubles, real and imaginary, probabilities, and slopes twice
  const gib = (2 ** bits * 7 * 8) / 2 ** 30;
  const memory = whole
    ? `the simulated state and its gradient take ${gib.toPrecision(2)} GiB`
    : "the product state is sampled bit by bit and takes no memory";
  return `costs of ${bits} bits are computed only for sampled strings: the exact minimum stays unknown; ${memory}`;
}

/** Layers to compare; a product state has none. @throws UserError */
function depthsOf({ layers, ansatz }: Pick<Options, "layers" | "ansatz">): number[] {
  const depths = [...new Set(layers.split(",").map(Number))];
  const wrong = depths.find((d) => d < 1 || d > 1000);
  if (wrong !== undefined) throw new UserError(`--layers ${wrong}: a circuit has 1 to 1000 layers`);
  return ansatz === "product" ? [1] : depths;
}
