/** Options of steering. */
import { z } from "zod";
import { objectiveNames, samplingLaws, twistBodies, twistForms } from "../../language/index.ts";
import { resamplingSchemes } from "../../sampling/index.ts";

const schemes = Object.keys(resamplingSchemes) as [keyof typeof resamplingSchemes];

export const targetOptions = {
  model: z
    .string()
    .optional()
    .describe(
      "language model: a llama2.c .bin, a Hugging Face folder, a run of train, chain.json, a text to count (default: the built-in one)",
    )
    .meta({ file: true }),
  tokenizer: z.string().optional().describe("tokenizer of a .bin (default: tokenizer.bin or tok*.bin beside it)").meta({ file: true }),
  order: z.int().min(1).max(12).optional().describe("n of the n-gram model, for a text to count (default: 3)"),
  unit: z.enum(["characters", "words"]).optional().describe("what the n-gram model counts (default: characters)"),
  prompt: z.string().default("").describe("the beginning, which is given"),
  length: z.int().min(1).max(4096).default(20).describe("tokens that are added, T; fewer where the model ends a text"),
  potential: z
    .string()
    .describe(
      'score of finished texts: afinn, cuss, vader, "afinn<=-4", contains:…, avoids:…, regex:/…/, lexicon.json, score.js, classifier.onnx; " * " and " + " join them',
    )
    .meta({ file: true }),
  beta: z.number().default(1).describe("exponent of the potential, φ^β"),
  slope: z.number().optional().describe("of a lexicon: φ = sigmoid(slope (score - threshold))"),
  threshold: z.number().optional().describe("of a lexicon, with --slope"),
  class: z.string().optional().describe("of a classifier: the class that is wanted"),
  floor: z.number().gt(0).lt(1).optional().describe("ε added to φ, so that no text is impossible: 1e-16"),
};

export const twistOption = z
  .string()
  .optional()
  .describe(
    "twist: a file of steer train, exact, prefix, lookahead:M, or none (default: exact where it can be had; else prefix for sample, none for the others)",
  )
  .meta({ file: true });

export const samplerOptions = {
  particles: z.int().min(1).max(100_000).default(64).describe("particles of a run, K"),
  runs: z.int().min(1).max(100_000).default(20).describe("independent runs, R: errors are over them"),
  resample: z
    .string()
    .optional()
    .describe(
      "never, always, every:M steps, or the share of K below which the effective size falls first (default: 0.5; never for a twist that was learned as a proposal)",
    ),
  scheme: z.enum(schemes).default("systematic").describe("how ancestors are chosen"),
  twist: twistOption,
  power: z.number().min(0).max(4).optional().describe("b of the proposal q ∝ p0 ψ^b (default 1; 0 draws from the model)"),
  exact: z
    .string()
    .optional()
    .describe("exact draws of the target, JSON lines of steer exact; default: they are looked for")
    .meta({ file: true }),
  exactBudget: z.int().min(0).max(100_000_000).default(20_000).describe("most texts of the model for exact draws by rejection"),
};

export const learningOptions = {
  loss: z
    .enum(objectiveNames as [(typeof objectiveNames)[number]])
    .optional()
    .describe("what the twist is learned by (default: ctl; dpg with --positives exact)"),
  head: z.enum(["mlp", "linear"]).default("mlp").describe("network from the hidden state to log ψ of every token"),
  body: z
    .enum(twistBodies)
    .default("frozen")
    .describe(
      "whose hidden state that is: the frozen model's, that of a copy that is trained too, or that of the model with low-rank changes (lora)",
    ),
  rank: z.int().min(1).max(4096).default(4).describe("r of --body lora: rank of the change of every linear layer"),
  form: z
    .enum(twistForms)
    .default("psi")
    .describe("what comes out: log ψ; log p0 ψ, by a copy's own output layer (p-psi); or log ψ' of ψ = ψ' q / p0 (ratio, --around)"),
  around: z
    .string()
    .optional()
    .describe("twist of the proposal q of --form ratio, a file of steer train: dpg makes good ones")
    .meta({ file: true }),
  law: z
    .enum(samplingLaws)
    .optional()
    .describe(
      "whom the texts of a step come from: the proposal, the model, half from each (mixture), half from the proposal and half exact draws (exact); default: as the loss has it",
    ),
  replay: z.int().min(0).max(1_000_000).default(0).describe("texts of earlier steps that are kept and learned from again"),
  window: z.int().min(1).max(4096).default(1).describe("steps over which pcl asks for consistency"),
  texts: z.int().min(2).max(100_000).default(100).describe("texts of a step"),
  steps: z.int().min(1).max(10_000_000).default(1024).describe("steps"),
  lr: z
    .number()
    .gt(0)
    .optional()
    .describe(
      "step size of Adam (default 1e-3 up to 64 of hidden width, 1e-4 from 512, between them in proportion; 0.3 of it for --body copy)",
    ),
  temper: z.number().min(0).max(1).default(0).describe("share of the steps in which β rises from 0"),
};
