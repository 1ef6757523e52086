/** What the training of a generative model begins with: samples, a budget, an optimizer. */
import type { z } from "zod";
import type { Random } from "../../array/index.ts";
import { type Examples, readSamples } from "../../data/index.ts";
import { UserError } from "../../errors.ts";
import { type SampleProblem, sampleProblem } from "../../generative/index.ts";
import type { SharedOptions } from "../../lab/options.ts";
import { warningsFor } from "../../optim/index.ts";
import { type OptimizerSettings, optimizerOf, parseSettings } from "../../training/index.ts";
import type { ganOptions, vaeOptions } from "./options.ts";

type Options = SharedOptions & (z.infer<typeof vaeOptions> | z.infer<typeof ganOptions>);

/** @throws UserError */
export const loadSamples = (file: string | undefined, options: Options): Promise<Examples> => readSamples({ ...options, file });

/** How long a generative model learns where nobody asks: passes over the data, and the fewest and most steps. */
const budget = { passes: 20, fewest: 2000, most: 20_000 };

/** @throws UserError  for data and budgets that do not go together */
export function prepareSamples(examples: Examples, options: Options, rng: Random, settings: OptimizerSettings) {
  const { validation, test, trainRows, quick, optimizer: name, schedule, warmUp } = options;
  const asUnits = "likelihood" in options && options.likelihood === "bernoulli";
  const shares = { validation, test, train: trainRows ?? (quick ? 2000 : undefined) };
  const problem = sampleProblem(examples, rng.fold("split"), shares, { asUnits });
  const count = problem.count("train");
  for (const [part, least] of Object.entries(fewestRows) as [keyof typeof fewestRows, number][]) // the keys that it has
    if (problem.count(part) < least)
      throw new UserError(
        `${examples.source}: ${problem.count(part)} rows for the ${part} part are too few for a density (at least ${least})`,
        "more data are needed, or other --validation and --test shares",
      );
  const batchSize = Math.min(options.batch ?? 128, count);
  const natural = Math.min(budget.most, Math.max(budget.fewest, budget.passes * Math.floor(count / batchSize)));
  const steps = options.steps ?? (quick ? Math.min(100, natural) : natural);
  const chosen: OptimizerSettings = {
    ...(name === "adamw" ? settings : {}),
    ...(options.set ? parseSettings(name, options.set) : {}),
    ...(options.lr === undefined ? {} : { lr: options.lr }),
  };
  return {
    ...{ problem, steps, batchSize, settings: chosen },
    optimizer: withoutCurvature(name, optimizerOf(name, chosen, { steps, schedule, warmUp })),
    config: { batch: batchSize, steps, settings: chosen },
    warnings: [
      ...examples.warnings,
      ...(options.target !== undefined && problem.isImages ? ["--target is for tables: images are coloured by their classes"] : []),
      ...(options.latent > problem.size
        ? [`z has ${options.latent} numbers, a sample only ${problem.size}: --latent ${problem.size} or fewer can hold all that there is`]
        : []),
      ...warningsFor({ name, settings: chosen, batchSize, terms: batchSize, constantRate: schedule === "constant" }),
      ...scalingNotes(problem, asUnits),
    ],
  };
}

/** Rows below which a part tells nothing of a density: a covariance of two features, or a score of two clouds, has more errors than digits. */
const fewestRows = { train: 16, validation: 2, test: 4 };

/** @throws UserError  for optimizers that look into layers, which these losses hold twice */
function withoutCurvature<O extends { statistics?: unknown }>(name: string, optimizer: O): O {
  if (optimizer.statistics === undefined) return optimizer;
  throw new UserError(
    `${name} takes the curvature of one network, and a generative model has two`,
    "take adamw, or another optimizer without curvature",
  );
}

function scalingNotes({ isImages, examples, size }: SampleProblem, asUnits: boolean): string[] {
  if (asUnits) {
    const { data } = examples.inputs;
    const top = examples.inputs.dtype === "u8" ? 255 : 1;
    const between = data.some((v) => v > 0 && v < top);
    return between ? ["values between 0 and 1 count as probabilities of 1: the model is one of bits, drawn anew at every step"] : [];
  }
  if (isImages) return [];
  return [
    `${size} ${size === 1 ? "feature is" : "features are"} standardised by the training part: nats are those of standardised numbers`,
  ];
}
