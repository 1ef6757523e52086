/** Options of `pushforward binarize`. */
import { z } from "zod";
import { presetNames } from "../../quantum/families/presets.ts";
import { optimisers } from "../../quantum/training/restart.ts";
import { ansatzNames, objectiveNames } from "../../quantum/training/settings.ts";
import { textOptions } from "../train/options.ts";

export const input = {
  name: "[file]",
  description: "CSV, Parquet, JSON or NPZ, or a folder of pictures by class; or give --data or --table",
};

/** What is searched: networks on data, or a table of costs. */
export const costOptions = {
  table: z
    .string()
    .optional()
    .describe("costs instead of data: one a line, 2^n lines; or a .qubo or .ising file of lines `i j value`")
    .meta({ file: true }),
  family: z
    .string()
    .optional()
    .describe(`networks to search: ${presetNames.join(", ")}, or a YAML or JSON file (default: linear)`)
    .meta({ file: true }),
  target: z.string().optional().describe("column of two classes, of a table"),
  features: z.string().optional().describe('columns such as "a,b" or "x1..x5" (default: all but the target)'),
  classes: z.string().optional().describe('two of several classes, such as "3,7"; the second is class 1'),
  side: z.int().min(2).max(4).optional().describe("side to which pictures are thinned out (default: by the family, 4)"),
  standardize: z.boolean().default(false).describe("take features in standard deviations from their mean"),
  dropMissing: z.boolean().default(false).describe("leave out rows with missing values"),
  impute: z.enum(["median"]).optional().describe("fill missing features: numbers with the median, text with the commonest value"),
  test: z.number().min(0).lt(1).default(0.2).describe("share of the rows for the test, where the data have no test part"),
  ...textOptions,
};

/** Whether all costs are computed. */
const costMode = z
  .enum(["all", "sampled"])
  .optional()
  .describe("costs of all 2^n strings, or of those that are sampled, up to 30 bits (default: all, above 24 bits sampled)");

export const trainOptions = z.object({
  ...costOptions,
  costs: costMode,
  ansatz: z.enum(ansatzNames).default("brick").describe("family of circuits"),
  layers: z
    .string()
    .regex(/^\d+(,\d+)*$/, "layers are whole numbers, such as 2 or 1,2,3")
    .default("2")
    .describe("layers of the circuit; several to compare them, such as 1,2,3"),
  restarts: z.int().min(1).max(10_000).default(10).describe("trainings from random angles, of each depth"),
  optimiser: z
    .enum(optimisers)
    .optional()
    .describe(
      "how angles are moved (default: lbfgs, and adam where gradients are estimates); natural: product states, others up to 12 qubits",
    ),
  iterations: z.int().min(1).max(1_000_000).default(200).describe("most steps of a restart"),
  objective: z.enum(objectiveNames).default("mean").describe("what the circuit is trained for"),
  alpha: z.number().gt(0).max(1).default(0.25).describe("cvar: best part of the probability"),
  eta: z.number().gt(0).optional().describe("gibbs: inverse temperature (default: 10 over the range of the costs)"),
  temperature: z
    .number()
    .gt(0)
    .optional()
    .describe(
      "elbo: weight of the entropy, mmd: of the distance from uniform bits (default: 1 over the number of rows; of a table, a tenth of the range)",
    ),
  trainShots: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe("shots from which the training estimates values and gradients; 0: exact (default: 0, of sampled costs 1024)"),
  gradient: z
    .enum(["score", "shift"])
    .optional()
    .describe("gradients from shots: score, by one circuit's draws (default); shift, as hardware has it, from two circuits an angle"),
  noise: z
    .number()
    .min(0)
    .default(0)
    .describe("scale p of depolarizing noise in the training: errors 0.001 p after gates on one qubit, 0.00375 p on two"),
  readout: z.number().min(0).lt(0.5).default(0).describe("probability that a bit is read wrong, in the training"),
  trajectories: z
    .int()
    .min(2)
    .max(100_000)
    .optional()
    .describe("noisy runs that each step averages above 12 qubits (default: 100); below noise is exact"),
  shots: z.int().min(0).max(10_000_000).default(0).describe("measurements of the trained circuit (0: exact probabilities)"),
  animation: z.boolean().default(false).describe("also the losses that the circuit yields while it learns, as a picture that moves"),
  polish: z.boolean().default(false).describe("descend by single flips from the best configurations found: classical, and counted"),
});
