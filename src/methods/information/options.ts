/** Options of bounds for models whose densities are known. */
import { z } from "zod";
import { likelihoodNames, outputKinds, proposalObjectives } from "../../information/index.ts";

export const modelOptions = {
  decoder: z.string().optional().describe("model of x given z, an .onnx file").meta({ file: true }),
  likelihood: z
    .enum(likelihoodNames)
    .optional()
    .describe("noise around what the decoder gives (default: what the file says, else gaussian)"),
  output: z.enum(outputKinds).optional().describe("what the decoder gives (default: the mean; for bernoulli by the file or its range)"),
  variance: z
    .string()
    .optional()
    .describe("variance of the noise: a number, or a file with one for every output; of laplace 2 b²")
    .meta({ file: true }),
  prior: z.string().default("normal").describe('law of the latents: normal, uniform (0 to 1), or "uniform:-1,1"'),
  encoder: z
    .string()
    .optional()
    .describe("proposal q(z|x), an .onnx file: mean and log variance side by side, or two outputs")
    .meta({ file: true }),
  linear: z
    .string()
    .optional()
    .describe("instead of a decoder: weights [observed, latent] of a linear model, .npy or a table")
    .meta({ file: true }),
  bias: z.string().optional().describe("bias of the linear model, .npy or a table").meta({ file: true }),
  precision: z
    .enum(["f32", "f64"])
    .optional()
    .describe("precision of the programs (default: that of the decoder; f32 for a linear model); weights are added up in f64 in either"),
};

export const pairOptions = {
  pairs: z.int().min(1).max(1_000_000).default(128).describe("pairs (z, x) drawn from the model"),
  x: z.string().optional().describe('data instead of drawn pairs: .npy, "file.npz:name" or a table').meta({ file: true }),
  z: z
    .string()
    .optional()
    .describe("the latents from which the rows of --x were drawn; without them only lower bounds on log p(x)")
    .meta({ file: true }),
};

export const annealingOptions = {
  chains: z.int().min(1).max(100_000).default(16).describe("chains each way for every pair, K"),
  temperatures: z.int().min(1).max(10_000_000).default(500).describe("temperatures T: the gap between bounds falls like 1 / T"),
  leapfrogs: z.int().min(1).max(1000).default(10).describe("leapfrog steps of a transition"),
  schedule: z
    .string()
    .default("adaptive")
    .describe("adaptive, linear, sigmoid:RADIUS, power:EXPONENT, or a schedule.json of another run")
    .meta({ file: true }),
  accept: z.number().gt(0).lt(1).default(0.65).describe("acceptance that the pilot aims at"),
};

export const boundsOptions = z.object({
  ...modelOptions,
  ...pairOptions,
  ...annealingOptions,
  from: z
    .enum(["prior", "proposal"])
    .optional()
    .describe("where chains begin (default: the encoder or the learned proposal, if there is one)"),
  propose: z
    .enum(proposalObjectives)
    .optional()
    .describe("learn a proposal q(z|x): forward-kl for lower bounds, elbo for upper ones, or both"),
  proposalSteps: z.int().min(1).max(10_000_000).default(2000).describe("steps of its training"),
  samples: z.int().min(1).max(1_000_000).default(1000).describe("samples of importance bounds for every pair"),
  convergence: z
    .boolean()
    .default(false)
    .describe("also run T/8, T/4 and T/2 temperatures with four chains, for a picture of how the interval closes"),
});

export const decoderInput = {
  name: "[decoder.onnx]",
  description: "the decoder, as --decoder; or give --linear, or --data linear-gaussian",
};

export const rateOptions = z.object({
  ...modelOptions,
  ...pairOptions,
  ...annealingOptions,
  distortion: z.enum(["likelihood", "squared"]).default("likelihood").describe("-log p(x|z), or the squared error |x - mean|²"),
  most: z
    .number()
    .positive()
    .default(4)
    .describe("largest β of the curve; at 1 the rate of drawn x is I(X;Z), if the distortion is -log p(x|z)"),
});

export const energyOptions = z.object({
  ...modelOptions,
  x: z.string().optional().describe('pairs from files instead of a model: .npy, "file.npz:name" or a table').meta({ file: true }),
  z: z.string().optional().describe("their latents, row by row; their law is --prior").meta({ file: true }),
  pairs: z.int().min(10).max(1_000_000).default(256).describe("held-out pairs that the bounds are measured on"),
  proposal: z.enum(["learned", "prior"]).default("learned").describe("q(z|x), above which energies are learned"),
  proposalSteps: z.int().min(1).max(10_000_000).default(1000).describe("steps in which q learns alone"),
  steps: z.int().min(1).max(10_000_000).default(2000).describe("steps of the critics"),
  joint: z.boolean().default(false).describe("q goes on learning with GIWAE"),
  batch: z.int().min(2).max(100_000).default(128).describe("pairs a step"),
  samples: z.int().min(2).max(10_000).default(64).describe("K of InfoNCE and GIWAE"),
  lr: z.number().positive().default(2e-3).describe("rate of Adam, falling by a cosine"),
  width: z.int().min(1).max(8192).default(128).describe("width of the networks"),
  chains: annealingOptions.chains,
  temperatures: annealingOptions.temperatures.default(300),
  leapfrogs: annealingOptions.leapfrogs,
  schedule: annealingOptions.schedule,
  accept: annealingOptions.accept,
});

export const representationOptions = z.object({
  encoder: z.string().optional().describe("p(z|x), an .onnx file: mean and log variance side by side, or two outputs").meta({ file: true }),
  x: z.string().optional().describe('data: .npy, "file.npz:name" or a table; or a built-in set of images with --data').meta({ file: true }),
  variance: z.number().optional().describe("noise on the code of a deterministic encoder"),
  rows: z.int().min(20).max(100_000).default(2000).describe("rows of the data that are used, drawn at random"),
});
