/** A generative adversarial network for given samples: which networks. */
import type { Random } from "../array/index.ts";
import { UserError } from "../errors.ts";
import type { Arrays, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { convolutionalRows, deconvolutionalRows, denseRows, leaky, type RowNetwork, type RowNetworkSize } from "./networks.ts";
import type { SampleProblem } from "./problem.ts";

/** What it is to be. */
export interface GanOptions extends RowNetworkSize {
  /** Numbers in z. */
  readonly latent: number;
  readonly network: "mlp" | "conv";
}

/** Parameters of both networks. */
export interface GanParams {
  readonly generator: object;
  readonly discriminator: object;
}

/** Both networks as functions of their parameters. */
export interface GanModel {
  readonly options: GanOptions;
  init(rng: Random): Arrays<GanParams>;
  /** z [n, d] -> samples [n, D]; of images in [0, 1]. */
  generate(params: object, z: Tensor): Tensor;
  /** Samples [n, D] -> logits of being data [n, 1]. */
  judge(params: object, x: Tensor): Tensor;
}

/** @throws UserError  for what the data and the options do not allow */
export function ganModel({ shape, size, isImages }: SampleProblem, options: GanOptions): GanModel {
  const { latent, network } = options;
  if (network === "conv" && !isImages)
    throw new UserError("--network conv is for images, these are features of a table", "take --network mlp");
  const isMlp = network === "mlp";
  const generator: RowNetwork = isMlp ? denseRows(latent, size, options, "relu") : deconvolutionalRows(latent, shape, options, t.relu);
  const discriminator: RowNetwork = isMlp ? denseRows(size, 1, options, leaky) : convolutionalRows(shape, 1, options, leaky);
  return {
    options,
    init: (rng) => ({ generator: generator.init(rng.fold("generator")), discriminator: discriminator.init(rng.fold("discriminator")) }),
    generate(params, z) {
      const y = generator.apply(params, z);
      return isImages ? t.sigmoid(y) : y;
    },
    judge: (params, x) => discriminator.apply(params, isImages ? x.mul(2).sub(1) : x),
  };
}
