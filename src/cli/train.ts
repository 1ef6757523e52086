/** `pushforward train`: a network, data and an optimizer; and an honest comparison of optimizers. */
import { Command } from "commander";
import { z } from "zod";
import { printResults, sharedOptions } from "./common.ts";
import { addOptions, parseOptions } from "./options.ts";
import { compare } from "./train/compare.ts";
import { train } from "./train/run.ts";

const dataOptions = {
  target: z.string().optional().describe("column to predict, of a table"),
  features: z.string().optional().describe('columns such as "a,b,c" or "x1..x5" (default: all but the target)'),
  task: z.enum(["classes", "numbers"]).optional().describe("predict a class or a number (default: by the column)"),
  dropMissing: z.boolean().default(false).describe("leave out rows with missing values"),
  size: z.int().min(4).max(1024).optional().describe("side to which pictures are scaled"),
  trainRows: z.int().min(1).optional().describe("at most so many examples for training"),
  validation: z.number().gt(0).lt(1).default(0.1).describe("share of the examples for validation"),
  test: z.number().gt(0).lt(1).default(0.1).describe("share for the test, where the data have no test part"),
  context: z.int().min(2).max(4096).default(64).describe("characters that a language model sees"),
};

const networkOptions = {
  model: z.string().optional().describe("mlp, cnn, vgg, resnet, vit, transformer-lm or an .onnx file (default: by the data)"),
  width: z.int().min(1).max(8192).optional().describe("width of the network"),
  depth: z.int().min(1).max(200).optional().describe("its depth: layers, stages or blocks"),
  heads: z.int().min(1).max(128).optional().describe("attention heads"),
  patch: z.int().min(1).max(256).optional().describe("side of the patches of a vit"),
};

const budgetOptions = {
  steps: z.int().min(1).max(100_000_000).optional().describe("optimizer steps (default: 5 passes over the data, at most 2000)"),
  batch: z.int().min(1).max(1_000_000).optional().describe("examples a step (default: 128; 32 windows of text)"),
  schedule: z.enum(["cosine", "linear", "constant"]).default("cosine").describe("how the learning rate falls"),
  warmUp: z.number().min(0).max(1).default(0.05).describe("share of the steps in which it rises"),
  freeze: z.string().optional().describe('parameters that stay as they are, by the beginnings of their names: "layers.0,layers.1"'),
  clip: z.number().positive().optional().describe("bound on the norm of the gradient"),
  precision: z.enum(["f32", "bf16", "f16"]).default("f32").describe("every operation of a step rounds to this format"),
};

export const trainSchema = z.object({
  ...sharedOptions,
  ...dataOptions,
  ...networkOptions,
  ...budgetOptions,
  optimizer: z.string().default("adamw").describe("its name; `pushforward train optimizers` lists them"),
  lr: z.number().positive().optional().describe("learning rate (default: the optimizer's)"),
  set: z.string().optional().describe('hyper-parameters of the optimizer, such as "damping=1e-3,structure=dense"'),
});
export type TrainOptions = z.infer<typeof trainSchema>;

export const compareSchema = z.object({
  ...sharedOptions,
  ...dataOptions,
  ...networkOptions,
  ...budgetOptions,
  optimizers: z
    .string()
    .default("sgd,adamw,rf-rmsprop,if-shampoo")
    .describe("names separated by commas, with settings that stay: singd:structure=diagonal"),
  tune: z.int().min(1).max(10_000).default(20).describe("settings tried for each optimizer"),
  seeds: z.int().min(1).max(1000).default(3).describe("trainings of each optimizer with its best setting"),
});
export type CompareOptions = z.infer<typeof compareSchema>;

const input = "table with --target, text file, folder of pictures or IDX files; or give --data";

export function trainCommand(): Command {
  const command = addOptions(
    // options after the name of a subcommand are the subcommand's
    new Command("train").description("train a network with any optimizer").argument("[file]", input).enablePositionalOptions(),
    trainSchema,
  )
    .addHelpText(
      "after",
      "\nExamples:\n  pushforward train --data mnist --optimizer rf-rmsprop\n  pushforward train wine.csv --target quality --task numbers --out runs/wine\n  pushforward train book.txt --optimizer if-shampoo --set damping=1e-4,precondEvery=2",
    )
    .action(async (file: string | undefined, given: Record<string, unknown>) => {
      const options = parseOptions(trainSchema, given);
      const { results, text } = await train(file, options);
      printResults(results, text, options.json);
    });
  command.addCommand(compareCommand());
  command.addCommand(listCommand());
  return command;
}

function compareCommand(): Command {
  const command = new Command("compare")
    .description("tune several optimizers with equal budgets, train each with several seeds, test once")
    .argument("[file]", input)
    .addHelpText("after", "\nExample:\n  pushforward train compare --data mnist --optimizers sgd,adamw,rf-rmsprop --tune 20 --seeds 3");
  return addOptions(command, compareSchema).action(async (file: string | undefined, given: Record<string, unknown>) => {
    const options = parseOptions(compareSchema, given);
    const { results, text } = await compare(file, options);
    printResults(results, text, options.json);
  });
}

function listCommand(): Command {
  return new Command("optimizers")
    .description("the optimizers, or the hyper-parameters of one")
    .argument("[name]", "an optimizer")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  pushforward train optimizers rf-rmsprop")
    .action(async (name: string | undefined, { json = false }: { json?: boolean }) => {
      const { listOptimizers } = await import("./train/list.ts");
      const { results, text } = listOptimizers(name);
      printResults(results, text, json);
    });
}
