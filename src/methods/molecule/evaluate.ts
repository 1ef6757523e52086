/** `pushforward molecule evaluate`: a longer evaluation of a wave function that was learned. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { ownField } from "../../chemistry/energy/formula-field.ts";
import { evaluationOf } from "../../chemistry/evaluation/evaluation.ts";
import { evaluationFigures } from "../../chemistry/figures/all.ts";
import { waveLearner } from "../../chemistry/learning/learner.ts";
import { partsOf } from "../../chemistry/learning/settings.ts";
import { valueOf, type WaveProblem } from "../../chemistry/learning/state.ts";
import { checkMoves } from "../../chemistry/walkers/walk.ts";
import { readWave } from "../../chemistry/wave-file.ts";
import { UserError } from "../../errors.ts";
import { method } from "../../lab/method.ts";
import { filesOf } from "./files.ts";
import { measuredNumbers, measuredOf } from "./findings.ts";
import { evaluationOptions } from "./options.ts";

const name = "wave-function.safetensors";

export const evaluate = method({
  name: "molecule evaluate",
  summary: "energy and properties of a learned wave function, with smaller errors",
  examples: ["pushforward molecule evaluate runs/molecule-LiH --eval-steps 20000"],
  input: { name: "<run>", description: `folder of a run of pushforward molecule, or its ${name}` },
  options: z.object(evaluationOptions),
  metrics: { rows: ["acceptance", "evaluated"], results: [...measuredNumbers] },
  load: async (input) => {
    if (!input) throw new UserError("molecule evaluate needs a run", "the folder of a run of pushforward molecule");
    return { wave: await readWave(fileOf(input), input), input };
  },

  async prepare({ wave, input }, { evalSteps, moves, movesPerStep, quick }) {
    const { system, built, parameters, x, proposal } = wave;
    checkMoves(system, moves);
    const settings = {
      ...{ flow: "fr" as const, cost: "tanh" as const, solver: "adam" as const, transportWeight: [0, 0] as const, reweightingWeight: 1 },
      ...{ rate: 1, delay: 1, damping: 1, normConstraint: 1, clip: 5, carry: 0, lookAhead: 0, pretrainSteps: 0, steps: 0 },
      ...{ walkers: x.shape[0], moves, movesPerStep, evaluationSteps: quick ? Math.min(evalSteps, 100) : evalSteps },
    };
    const problem: WaveProblem = { system, ansatz: built, settings, start: { parameters, x, proposal }, field: ownField(system) };
    return {
      problem: { ...problem, choice: wave.ansatz },
      source: { name: system.name, title: system.title, source: input },
      label: `evaluating ${system.name}`,
      folder: `evaluate-${system.name}`,
      steps: partsOf(settings).end,
      config: { evaluationSteps: settings.evaluationSteps, moves, movesPerStep },
      warnings: quick ? ["--quick: few steps; errors are large"] : [],
    };
  },

  learner: (problem) => waveLearner(problem),

  async conclude({ state }, { system, choice }) {
    const evaluation = evaluationOf(state.tally, system);
    const { results, numbers, sentence, warnings } = measuredOf(evaluation, system);
    return {
      evaluation,
      wave: { system, ansatz: choice, parameters: state.parameters, x: state.x, proposal: valueOf(state.width) },
      title: `Evaluation of ${system.title}`,
      summary: `${sentence}, over ${evaluation.trace.length} steps.`,
      ...{ numbers, results, warnings },
      text: (took: string) => [`${system.title}: ${sentence}`, `variance ${evaluation.variance.toPrecision(3)} hartree², in ${took}`],
    };
  },

  figures: ({ evaluation }, { system }) => evaluationFigures(evaluation, system),
  files: ({ evaluation, wave }, { ansatz }) => filesOf(evaluation, wave, ansatz),
});

/** The file of a run's folder, or the file itself. @throws UserError */
function fileOf(path: string): Uint8Array {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, "artifacts", name) : path;
  if (!existsSync(file))
    throw new UserError(
      `there is no file ${file}`,
      file === path
        ? `give the folder of a run, or its ${name}`
        : `${basename(dirname(dirname(file)))} is no finished run of pushforward molecule`,
    );
  return readFileSync(file);
}
