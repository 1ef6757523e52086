/** Options that the commands of an audit share. */
import { z } from "zod";
import { defaultFamily, familyNames } from "../../inversion/families/index.ts";

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
