/** Options that the commands of an audit share. */
import { z } from "zod";
import { attackNames } from "../../inversion/attacks/index.ts";
import { outputDefences, trainedDefences } from "../../inversion/audit/train.ts";
import { defaultFamily, familyNames } from "../../inversion/families/index.ts";
import { textOptions } from "../train/options.ts";

/** The classifier, and how its inputs are made. */
export const modelOptions = {
  model: z.string().optional().describe("the classifier, an .onnx file").meta({ file: true }),
  output: z
    .enum(["logits", "probabilities"])
    .optional()
    .describe("what the classifier gives (default: what the file says, or the range of its outputs)"),
  mean: z.string().optional().describe('what the classifier wants subtracted from each channel: "0.485,0.456,0.406"'),
  std: z.string().optional().describe("and what it wants each divided by"),
  inputScale: z.number().positive().default(1).describe("what pixels in [0, 1] are multiplied by first: 255 for models of bytes"),
  bgr: z.boolean().default(false).describe("the classifier wants the channels the other way round"),
  generator: z
    .string()
    .optional()
    .describe("public generator of inputs from codes z ~ N(0, I), an .onnx file; of a style generator the synthesis network")
    .meta({ file: true }),
  mapping: z.string().optional().describe("mapping network of a style generator, z to w, an .onnx file").meta({ file: true }),
  nuisance: z.string().optional().describe('layers of a style generator whose code is not fitted, such as "7,8,9"'),
  layerNoise: z
    .enum(["independent", "shared"])
    .default("independent")
    .describe(
      "of a style generator: noise of its own for every layer's code, or the same for all (then KL is a penalty and the gap is not known)",
    ),
  generatorRange: z
    .string()
    .optional()
    .describe("range of the generator's outputs that stands for [0, 1], such as -1,1 (default: by its outputs)"),
};

/** The variational family and its fit. */
export const familyOptions = {
  family: z.enum(familyNames).default("gaussian").describe("variational family of the posterior over codes"),
  components: z.int().min(1).max(1000).default(defaultFamily.components).describe("components of a mixture"),
  depth: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe("maps of a planar or radial flow (default: 8), steps of a level of a flow (default: 4)"),
  levels: z.int().min(1).max(10).default(defaultFamily.levels).describe("levels of a flow"),
  coupling: z.enum(["affine", "additive"]).default(defaultFamily.coupling).describe("coupling layers of a flow"),
};

/** Data of both sides. */
export const dataOptions = {
  private: z
    .string()
    .optional()
    .describe("what the classifier was trained on, for scoring alone: a folder with a subfolder for each class, an .npz, a table")
    .meta({ file: true }),
  heldOut: z
    .string()
    .optional()
    .describe("items of the same classes that it never saw (default: x_test of an .npz; held-out beside train in a folder)")
    .meta({ file: true }),
  public: z.string().optional().describe("what an attacker knows: pictures in a folder, an .npz, a table").meta({ file: true }),
  target: z.string().optional().describe("of tables: the column of the class"),
  features: z.string().optional().describe("of tables: columns in the classifier's order (default: all but the class)"),
  ...textOptions,
};

/** How targets, the evaluator and controls are trained. */
export const trainingOptions = {
  network: z.enum(["mlp", "conv"]).default("mlp").describe("kind of the networks that are trained here"),
  width: z.int().min(1).max(8192).default(128).describe("their width"),
  trainSteps: z.int().min(1).max(10_000_000).default(1000).describe("steps of a training"),
  batch: z.int().min(1).max(1_000_000).default(64).describe("examples a step"),
  lr: z.number().positive().default(3e-3).describe("rate of Adam"),
  epsilon: z.number().positive().default(4).describe("ε of the defence private, at δ = 1 / (10 records)"),
};

export const auditOptions = {
  ...modelOptions,
  ...dataOptions,
  discriminator: z
    .string()
    .optional()
    .describe("logit of being public data, an .onnx file such as a gan's: makes inputs of `generative` and `map` more plausible")
    .meta({ file: true }),
  attacks: z
    .string()
    .default("generative,vmi")
    .describe(`attacks with commas, of ${attackNames.join(", ")}; or all`),
  defences: z
    .string()
    .optional()
    .describe(`train the target with these too and compare, of ${[...trainedDefences.slice(1), ...outputDefences].join(", ")}`),
  gammas: z.string().default("1,0.3,0.1,0.03,0.01,0.001").describe("tempers γ of vmi"),
  ...familyOptions,
  latent: z
    .int()
    .min(1)
    .max(10_000)
    .default(40)
    .describe("principal components of the public data that make a generator, where none is given"),
  classes: z.string().optional().describe("classes that are attacked, by name with commas (default: all)"),
  samples: z.int().min(20).max(100_000).default(200).describe("samples of a class and attack"),
  draws: z.int().min(2).max(100_000).default(64).describe("draws of a class and step of vmi"),
  steps: z.int().min(1).max(10_000_000).default(1200).describe("most steps of vmi"),
  ...trainingOptions,
  statedAccuracy: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe("accuracy that the classifier is known to have: far below it, something is wrong with its inputs"),
  iOwnThisModel: z.boolean().default(false).describe("the classifier is mine, or its owner has asked me to audit it"),
  showSamples: z.boolean().default(false).describe("show samples as they are, not blurred"),
};
