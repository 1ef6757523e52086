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

const [defaultShots, defaultTrajectories, fewestShots] = [1024, 100, 10];

/** @throws UserError */
export function planOf({ bits, sampled }: Pick<Loaded, "bits" | "sampled">, options: Options): Plan {
  const { ansatz, objective, noise, readout } = options;
  const shots = options.trainShots ?? (sampled ? defaultShots : 0);
  const runs = byTrajectories(bits, { noise });
  const estimates = shots > 0 || runs;
  const optimiser = options.optimiser ?? (estimates ? "adam" : "lbfgs");
  const depths = depthsOf(options);
  if (sampled && shots === 0)
    throw new UserError("--train-shots 0 needs all costs, and costs are sampled", "give a number of shots, or --costs all");
  if (shots > 0 && shots < fewestShots) throw new UserError(`--train-shots ${shots}: an estimate needs at least ${fewestShots} shots`);
  if (shots > 0) estimateOf({ objective, temperature: 1 }, () => 0, bits);
  if (estimates && (optimiser === "lbfgs" || optimiser === "cma-es"))
    throw new UserError(
      `--optimiser ${optimiser} compares values, and here they are estimates`,
      "take adam or spsa, which move by estimates",
    );
  if (runs && objective !== "mean")
    throw new UserError(
      `--objective ${objective} is not linear in the probabilities: the mean of noisy runs biases it`,
      `above ${mostDensityQubits} bits noise goes with --objective mean`,
    );
  refuseGradient(options, shots, optimiser);
  if (ansatz === "qaoa" && (sampled || noise > 0))
    throw new UserError(
      sampled
        ? "--ansatz qaoa turns every amplitude by its cost: it needs all costs"
        : "--ansatz qaoa has phases by a table of costs, which no hardware has: noise on them is not defined",
      "take another circuit",
    );
  if (options.trajectories !== undefined && !runs)
    throw new UserError(
      "--trajectories: there are no noisy runs to average",
      noise > 0 ? `up to ${mostDensityQubits} bits noise is exact, by density matrices` : "give --noise",
    );
  const settings: NoiseSettings = { noise, readout, trajectories: options.trajectories ?? defaultTrajectories };
  const whole = !isByBits(ansatz, sampled, settings);
  if (whole && bits > mostQubits)
    throw new UserError(
      `--ansatz ${ansatz}: a state of ${bits} qubits needs ${2 ** (bits - 26)} GiB, and as much again for its gradient`,
      `up to ${mostQubits} bits circuits are simulated; of more there is the product state without noise (--ansatz product)`,
    );
  if (ansatz !== "qaoa") {
    const circuits = depths.map((layers) => circuitOf(bits, { ansatz, layers }));
    if (noise > 0) for (const circuit of circuits) checkNoise(circuit, settings);
    if (optimiser === "natural" && ansatz !== "product") circuits.forEach(checkMetric);
  } else if (optimiser === "natural") checkMetric(circuitOf(bits, { ansatz, layers: 1 }));
  if (optimiser === "natural" && noise > 0 && ansatz !== "product")
    throw new UserError("--optimiser natural knows the metric of pure states, and with noise there are none", "take lbfgs or adam");
  return {
    depths,
    restarts: options.quick ? Math.min(options.restarts, 2) : options.restarts,
    stepping: { optimiser, iterations: options.quick ? Math.min(options.iterations, 30) : options.iterations },
    measuring: { shots, gradient: options.gradient ?? "score", noise: settings },
    warnings: sampled ? [saidOfSampling(bits, whole)] : [],
  };
}

/** Whether strings are drawn bit by bit, without a state. */
export const isByBits = (ansatz: Options["ansatz"], sampled: boolean, { noise, readout }: NoiseSettings): boolean =>
  sampled && ansatz === "product" && noise === 0 && readout === 0;

function refuseGradient({ gradient, objective, ansatz }: Options, shots: number, optimiser: string): void {
  if (gradient === undefined) return;
  if (shots === 0) throw new UserError("--gradient: without shots gradients are exact", "give --train-shots");
  if (optimiser === "spsa") throw new UserError("--gradient: spsa takes values alone", "leave it out, or take adam");
  if (gradient === "score") return;
  if (objective !== "mean")
    throw new UserError(`--gradient shift is for the mean cost: ${objective} is not linear in the probabilities`, "take score");
  if (ansatz === "qaoa")
    throw new UserError("--gradient shift: angles of QAOA stand in many gates, of which each would have to be shifted", "take score");
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
