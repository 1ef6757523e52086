/** Layers and networks: parameter trees (plain objects of arrays) and pure functions of them. `init` makes the tree, `apply` uses it. */
export { type Activation, activationOf } from "./activations.ts";
export {
  type AttendOptions,
  type Attention,
  type AttentionOptions,
  attention,
  type Cache,
  rotary,
  scaledDotProductAttention,
} from "./attention.ts";
export { type Conv, type ConvInit, conv1d, conv2d, convTranspose2d } from "./conv.ts";
export { type Dense, type DenseOptions, dense } from "./dense.ts";
export { type Embedding, embedding } from "./embedding.ts";
export * as initializers from "./initializers.ts";
export { type Mlp, mlp, type ResidualMlp, type ResidualMlpOptions, residualMlp } from "./mlp.ts";
export { cnn, mlpNetwork, type Network, onnxNetwork, resnet, type TransformerSizes, transformerLm, vgg, vit } from "./networks.ts";
export { type BatchStatistics, batchNorm, groupNorm, layerNorm, type Norm, rmsNorm } from "./norm.ts";
export { fourierFeatures, randomFourier, sinusoidalFeatures } from "./time.ts";
export { type BlockOptions, type TransformerBlock, type TransformerOptions, transformerBlock } from "./transformer.ts";
export { type ResidualBlock, type Unet, type UnetApply, type UnetOptions, unet } from "./unet.ts";
