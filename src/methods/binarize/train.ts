/** `pushforward binarize`: binary networks, or any cost of bits, from a trained quantum circuit, beside the exact optimum and classical searches. */
import { availableParallelism } from "node:os";
import type { Command } from "../../lab/command.ts";
import { experiment, type Workbench } from "../../lab/method.ts";
import { fewestShared, shareStates } from "../../quantum/threads.ts";
import type { Measured } from "../../quantum/training/outcome.ts";
import { byTrajectories } from "../../quantum/training/simulation.ts";
import { type AnyFound, figuresOf, filesOf } from "./files.ts";
import { findings } from "./findings.ts";
import { input, trainOptions } from "./options.ts";
import { planOf } from "./plan.ts";
import { type Loaded, loadCosts } from "./problem.ts";
import { type SampledRestart, trainSampled } from "./sampled.ts";
import { sampledFindings } from "./sampled-findings.ts";
import type { Saved } from "./trainings.ts";
import { type Problem, train } from "./work.ts";

/** Restarts that are done, of either kind of problem. */
type State = Saved<Measured> | { readonly sampled: Saved<SampledRestart> };

/** Most qubits of which QAOA is a baseline: beyond it takes minutes. */
const qaoaBits = 16;

/** @param commands  that stand below it */
export const binarize = (commands: readonly Command[]): Command =>
  experiment({
    name: "binarize",
    summary: "binary networks from a quantum hypernetwork, beside the exact optimum and classical searches",
    examples: [
      "pushforward binarize --data gaussian",
      "pushforward binarize --data mnist --classes 3,7 --family mnist-4x4 --layers 1,2,3",
      "pushforward binarize data.csv --target y --family family.yaml",
      "pushforward binarize --table costs.txt --ansatz brick --layers 2 --restarts 5 --seed 1 --out runs/costs --json",
      "pushforward binarize --table costs.txt --noise 1 --train-shots 1000",
      "pushforward binarize --table large.qubo --ansatz product",
    ],
    notes:
      "Up to 24 bits all 2^n losses are computed first: the exact optimum stands beside what the circuit finds. Above, up to 30, only those of sampled strings are, and the optimum stays unknown. On problems of this size plain local search is enough; this is a laboratory, no faster way to train.",
    input,
    options: trainOptions,
    commands,
    metrics: {
      rows: [],
      results: [
        "best.loss",
        "best.testLoss",
        "best.accuracy",
        "best.testAccuracy",
        "best.probability",
        "best.count",
        "best.index",
        "seen.loss",
        "seen.evaluations",
        "seen.index",
        "optimum.loss",
        "optimum.count",
        "pOptimal",
        "evaluations",
        "energy",
        "standardError",
        "entropy",
        "support",
        "gradientNorm",
        "gates",
        "layers",
        "shots",
        "shotsFor99",
        "distinct",
        "polished.loss",
        "polished.evaluations",
        "measured.mean",
        "measured.shots",
        "measured.optimal",
        "noise.*",
        "landscape.localMinima",
        "baselines.*.loss",
        "baselines.*.evaluations",
        "baselines.*.index",
        "baselines.*.mean",
        "restarts.**",
      ],
    },
    load: (file, options) => loadCosts(file, options, options.costs),

    async prepare(loaded: Loaded, options) {
      const { ansatz, objective, alpha, eta, temperature, shots, polish, animation } = options;
      const { warnings, ...plan } = planOf(loaded, options);
      const small = loaded.bits <= qaoaBits;
      const problem: Problem = {
        ...{ ...plan, loaded, shots, polish, animation },
        circuit: { ansatz },
        objective: { objective, alpha, eta, temperature },
        threads: options.threads ?? availableParallelism(),
        qaoa: ansatz !== "qaoa" && small && !loaded.sampled,
      };
      const { family, points } = loaded.networks ?? {};
      const { optimiser, iterations } = plan.stepping;
      return {
        problem,
        source: loaded.source,
        label: `training circuits of ${loaded.bits} qubits`,
        folder: `binarize-${loaded.source.name}`,
        steps: plan.depths.length * plan.restarts,
        config: {
          ...{ bits: loaded.bits, restarts: plan.restarts, optimiser, iterations, trainShots: plan.measuring.shots },
          ...(family && { networks: family.spec, rows: points?.count }),
        },
        warnings: [
          ...loaded.notes,
          ...warnings,
          ...(small || loaded.sampled || ansatz === "qaoa"
            ? []
            : [`QAOA is no baseline above ${qaoaBits} bits: it takes minutes (--ansatz qaoa trains it)`]),
        ],
      };
    },

    async work(problem: Problem, { saved, save, ...bench }: Workbench<State>): Promise<AnyFound | undefined> {
      if (problem.threads > 1 && simulatedQubits(problem) >= fewestShared) await shareStates();
      const sampled = saved && "sampled" in saved;
      if (problem.loaded.sampled) {
        const kept = sampled ? saved.sampled : undefined;
        const worked = await trainSampled(problem, { ...bench, saved: kept, save: (step, state) => save(step, { sampled: state }) });
        return worked && sampledFindings(worked, problem);
      }
      const worked = await train(problem, { ...bench, saved: sampled ? undefined : saved, save });
      return worked && findings(worked, problem, bench.rng);
    },

    figures: figuresOf,
    files: filesOf,
  });

/** Qubits of the largest state vector: a density matrix has twice as many. */
const simulatedQubits = ({ loaded: { bits }, measuring: { noise } }: Problem): number =>
  noise.noise > 0 && !byTrajectories(bits, noise) ? 2 * bits : bits;
