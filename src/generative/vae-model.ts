/** A variational autoencoder for given samples: which networks, which noise. */
import { type NdArray, ndarray, type Random } from "../array/index.ts";
import { UserError } from "../errors.ts";
import { activationOf } from "../nn/index.ts";
import type { Arrays, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { convolutionalRows, deconvolutionalRows, denseRows, type RowNetwork, type RowNetworkSize } from "./networks.ts";
import type { Likelihood, SampleProblem } from "./problem.ts";
import { bernoulliLogDensity, gaussianLogDensity, type Vae } from "./vae.ts";

/** What a variational autoencoder is to be. */
export interface VaeOptions extends RowNetworkSize {
  /** Numbers in z. */
  readonly latent: number;
  readonly likelihood: Likelihood;
  /** σ² of the Gaussian likelihood at the beginning; default 0.03 for images, 1 for features. */
  readonly variance?: number;
  /** Whether σ² stays as it is; default: it is learned. */
  readonly fixedVariance?: boolean;
  readonly network: "mlp" | "conv";
  readonly activation: "tanh" | "elu" | "silu";
}

/** Parameters of both networks; of a learned σ² a tenth of its logarithm, so that it moves ten times as fast as a weight. */
export interface VaeParams {
  readonly encoder: object;
  readonly decoder: object;
  readonly spread?: Tensor;
}

const spreadUnit = 10;

/** A model with what is asked of it besides its bounds. */
export interface VaeModel extends Vae<VaeParams> {
  readonly options: VaeOptions;
  init(rng: Random): Arrays<VaeParams>;
  /** σ² of the Gaussian likelihood. */
  variance(params: Arrays<VaeParams>): number;
  /** What is shown of a decoded row: means, or probabilities of 1. */
  mean(params: VaeParams, z: Tensor): Tensor;
}

/** @throws UserError  for what the data and the options do not allow */
export function vaeModel(problem: SampleProblem, options: VaeOptions): VaeModel {
  const { latent, likelihood, network, activation } = options;
  const { isImages } = problem;
  const initial = options.variance ?? defaultVariance(isImages);
  if (network === "conv" && !isImages)
    throw new UserError("--network conv is for images, these are features of a table", "take --network mlp");
  if (likelihood === "bernoulli" && (options.variance !== undefined || options.fixedVariance))
    throw new UserError("bits have no variance: --variance and --fix-variance belong to --likelihood gaussian", "leave them out");
  const [encoder, decoder] = networksOf(problem, options, latent, activation);
  const isGaussian = likelihood === "gaussian";
  const logVariance = ({ spread }: VaeParams): Tensor | number => spread?.mul(spreadUnit) ?? Math.log(initial);
  // the mean of a pixel lies in [0, 1], and so does every pixel
  const output = (h: Tensor): Tensor => (isGaussian && isImages ? t.sigmoid(h) : h);
  const decode = (params: VaeParams, z: Tensor): Tensor => output(decoder.apply(params.decoder, z));
  return {
    options,
    init(rng) {
      const spread = ndarray(Float32Array.of(Math.log(initial) / spreadUnit), [], "f32");
      return {
        encoder: encoder.init(rng.fold("encoder")),
        decoder: decoder.init(rng.fold("decoder")),
        ...(isGaussian && !options.fixedVariance && { spread }),
      };
    },
    encode: (params, x) => encoder.apply(params.encoder, isImages ? x.sub(0.5) : x),
    decode,
    logLikelihood: (params, x, y) => (isGaussian ? gaussianLogDensity(x, y, logVariance(params)) : bernoulliLogDensity(x, y)),
    variance: ({ spread }) => (spread ? Math.exp(spreadUnit * Number((spread as NdArray).data[0])) : initial),
    mean: (params, z) => (isGaussian ? decode(params, z) : t.sigmoid(decode(params, z))),
  };
}

/** σ² at the beginning: that of a good MNIST decoder, or all that standardised features have. */
export const defaultVariance = (isImages: boolean): number => (isImages ? 0.03 : 1);

function networksOf(
  { shape, size }: SampleProblem,
  options: VaeOptions,
  latent: number,
  activation: VaeOptions["activation"],
): [RowNetwork, RowNetwork] {
  if (options.network === "mlp") return [denseRows(size, 2 * latent, options, activation), denseRows(latent, size, options, activation)];
  const f = activationOf(activation);
  return [convolutionalRows(shape, 2 * latent, options, f), deconvolutionalRows(latent, shape, options, f)];
}
