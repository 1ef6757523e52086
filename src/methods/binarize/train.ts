/** `pushforward binarize`: binary networks, or any cost of bits, from a trained quantum circuit, beside the exact optimum and classical searches. */
import type { z } from "zod";
import { UserError } from "../../errors.ts";
import type { Command } from "../../lab/command.ts";
import { experiment, type Workbench } from "../../lab/method.ts";
import { figuresOf, filesOf } from "./files.ts";
import { findings } from "./findings.ts";
import { input, trainOptions } from "./options.ts";
import { type Loaded, loadCosts } from "./problem.ts";
import { type Problem, type Saved, train } from "./work.ts";

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
    ],
    notes:
      "All 2^n losses are computed first, n at most 24: the exact optimum stands beside what the circuit finds. On problems of this size plain local search is enough; this is a laboratory, no faster way to train.",
    input,
    options: trainOptions,
    commands,
    load: loadCosts,

    async prepare(loaded: Loaded, options) {
      const { restarts, iterations } = options.quick
        ? { restarts: Math.min(options.restarts, 2), iterations: Math.min(options.iterations, 30) }
        : options;
      const depths = depthsOf(options);
      const { ansatz, objective, alpha, eta, temperature, optimiser, shots, polish } = options;
      if (optimiser === "natural" && ansatz !== "product")
        throw new UserError(
          `--optimiser natural knows the metric of product states only`,
          "use it with --ansatz product, or take lbfgs or adam",
        );
      const problem: Problem = {
        ...{ loaded, depths, restarts, shots, polish },
        circuit: { ansatz },
        stepping: { optimiser, iterations },
        objective: { objective, alpha, eta, temperature },
        qaoa: ansatz !== "qaoa" && loaded.bits <= qaoaBits,
      };
      const { family, points } = loaded.networks ?? {};
      return {
        problem,
        source: loaded.source,
        label: `training circuits of ${loaded.bits} qubits`,
        folder: `binarize-${loaded.source.name}`,
        steps: depths.length * restarts,
        config: { bits: loaded.bits, restarts, iterations, ...(family && { networks: family.spec, rows: points?.count }) },
        warnings: [
          ...loaded.notes,
          ...(loaded.bits > qaoaBits && ansatz !== "qaoa"
            ? [`QAOA is no baseline above ${qaoaBits} bits: it takes minutes (--ansatz qaoa trains it)`]
            : []),
        ],
      };
    },

    async work(problem: Problem, bench: Workbench<Saved>) {
      const worked = await train(problem, bench);
      return worked && findings(worked, problem, bench.rng);
    },

    figures: figuresOf,
    files: filesOf,
  });

/** Layers to compare; a product state has none. @throws UserError */
function depthsOf({ layers, ansatz }: Pick<z.infer<typeof trainOptions>, "layers" | "ansatz">): number[] {
  const depths = [...new Set(layers.split(",").map(Number))];
  const wrong = depths.find((d) => d < 1 || d > 1000);
  if (wrong !== undefined) throw new UserError(`--layers ${wrong}: a circuit has 1 to 1000 layers`);
  return ansatz === "product" ? [1] : depths;
}
