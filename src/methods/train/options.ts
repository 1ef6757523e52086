/** Options of a training and of a comparison. */
import { z } from "zod";

/** How a text file writes its numbers. */
export const textOptions = {
  decimal: z.enum([".", ","]).optional().describe("sign before the decimals of a text file (default: a point)"),
  missing: z.string().optional().describe('words that stand for a missing value, besides NA, NaN, null and the like: "?,-"'),
};

/** What supervised and generative models are told of their data. */
const exampleOptions = {
  target: z.string().optional().describe("column to predict, of a table; vae, gan: column that colours pictures"),
  features: z.string().optional().describe('columns such as "a,b,c" or "x1..x5" (default: all but the target)'),
  dropMissing: z.boolean().default(false).describe("leave out rows with missing values"),
  impute: z.enum(["median"]).optional().describe("fill missing features: numbers with the median, text with the commonest value"),
  ...textOptions,
  size: z.int().min(4).max(1024).optional().describe("side to which pictures are scaled"),
  trainRows: z.int().min(1).optional().describe("at most so many examples for training"),
  validation: z.number().gt(0).lt(1).default(0.1).describe("share of the examples for validation"),
  test: z.number().gt(0).lt(1).default(0.1).describe("share for the test, where the data have no test part"),
};

const dataOptions = {
  ...exampleOptions,
  task: z.enum(["classes", "numbers"]).optional().describe("predict a class or a number (default: by the column)"),
  classWeights: z.string().optional().describe('weights of classes in the loss: "balanced", or "yes=5,no=1"'),
  text: z.string().optional().describe("column of a table with texts, from which --target is predicted"),
  tokens: z.string().optional().describe('what a text is cut into: characters, or "bpe:1024" (default: characters; of --text bpe:8000)'),
  context: z
    .int()
    .min(2)
    .max(4096)
    .optional()
    .describe("tokens that a language model sees (default: 64), or that are read of a --text (default: what 95 % have, at most 256)"),
};

const sizeOptions = {
  width: z.int().min(1).max(8192).optional().describe("width of the network"),
  depth: z.int().min(1).max(200).optional().describe("its depth: layers, stages or blocks"),
};

const networkOptions = {
  model: z
    .string()
    .optional()
    .describe("mlp, cnn, vgg, resnet, vit, transformer-lm, text-classifier, an .onnx file, vae or gan (default: by the data)")
    .meta({ file: true }),
  ...sizeOptions,
  heads: z.int().min(1).max(128).optional().describe("attention heads"),
  patch: z.int().min(1).max(256).optional().describe("side of the patches of a vit"),
};

const planOptions = {
  steps: z
    .int()
    .min(1)
    .max(100_000_000)
    .optional()
    .describe("optimizer steps (default: 5 passes over the data, 1000 to 2000; vae, gan: 20 passes, 2000 to 20000)"),
  batch: z.int().min(1).max(1_000_000).optional().describe("examples a step (default: 128; 32 windows of text)"),
  schedule: z.enum(["cosine", "linear", "constant"]).default("cosine").describe("how the learning rate falls"),
  warmUp: z.number().min(0).max(1).default(0.05).describe("share of the steps in which it rises"),
};

const clipOption = { clip: z.number().positive().optional().describe("bound on the norm of the gradient") };

const budgetOptions = {
  ...planOptions,
  freeze: z.string().optional().describe('parameters that stay as they are, by the beginnings of their names: "layers.0,layers.1"'),
  ...clipOption,
  precision: z.enum(["f32", "bf16", "f16"]).default("f32").describe("every operation of a step rounds to this format"),
};

const common = { ...dataOptions, ...networkOptions, ...budgetOptions };

const patienceOption = {
  patience: z
    .int()
    .min(0)
    .default(5)
    .describe("stop after so many twentieths of the steps without a lower validation loss, and keep the best; 0: never, keep the last"),
};

const optimizerOptions = {
  optimizer: z.string().default("adamw").describe("its name; `pushforward train optimizers` lists them"),
  lr: z.number().positive().optional().describe("learning rate (default: the optimizer's)"),
  set: z.string().optional().describe('hyper-parameters of the optimizer, such as "damping=1e-3,structure=dense"'),
};

export const trainOptions = z.object({ ...common, ...patienceOption, ...optimizerOptions });

/** What both generative models are told. */
const generativeOptions = {
  ...exampleOptions,
  latent: z.int().min(1).max(4096).default(10).describe("vae, gan: numbers in z"),
  network: z.enum(["mlp", "conv"]).default("mlp").describe("vae, gan: dense layers, or convolutions for images"),
  ...{ ...sizeOptions, ...planOptions, ...optimizerOptions },
};

export const vaeOptions = z.object({
  model: z.literal("vae"),
  ...generativeOptions,
  likelihood: z.enum(["gaussian", "bernoulli"]).default("gaussian").describe("vae: noise about the decoder's mean, or bits of its logits"),
  variance: z.number().positive().optional().describe("vae: σ² of Gaussian noise at the start (default: 0.03 for images, 1 for tables)"),
  fixVariance: z.boolean().default(false).describe("vae: σ² stays as it is (default: it is learned)"),
  beta: z.number().min(0).max(1e6).default(1).describe("vae: weight of the KL in the loss"),
  activation: z.enum(["tanh", "elu", "silu"]).default("tanh").describe("vae: what stands between layers"),
  ...{ ...clipOption, ...patienceOption },
});

export const ganOptions = z.object({
  model: z.literal("gan"),
  ...generativeOptions,
  penalty: z.number().min(0).max(1e6).default(0.1).describe("gan: weight of the squared gradient of the discriminator at data (R1)"),
});

export const compareOptions = z.object({
  ...common,
  optimizers: z
    .string()
    .default("sgd,adamw,rf-rmsprop,if-shampoo")
    .describe("names separated by commas, with settings that stay: singd:structure=diagonal"),
  tune: z.int().min(1).max(10_000).default(20).describe("settings tried for each optimizer"),
  seeds: z.int().min(1).max(1000).default(3).describe("trainings of each optimizer with its best setting"),
});

/** What both are told. */
export type TaskOptions = z.infer<z.ZodObject<typeof common>>;

export const input = {
  name: "[file]",
  description: "table with --target, text file, folder of pictures or IDX files; or give --data",
};
