/** Layers and networks: parameter trees (plain objects of arrays) and pure functions of them. `init` makes the tree, `apply` uses it. */
export { type Activation, activationOf } from "./activations.ts";
export {
  type AttendOptions,
  type Attention,
  type AttentionOptions,
  attention,
  type KeysValues,
  type Past,
  type StepOptions,
  scaledDotProductAttention,
} from "./attention.ts";
export { type Conv, type ConvInit, conv1d, conv2d, convTranspose2d } from "./conv.ts";
export { type Dense, type DenseOptions, dense } from "./dense.ts";
export { type Embedding, embedding } from "./embedding.ts";
export * as initializers from "./initializers.ts";
export { type Mlp, mlp, type ResidualMlp, type ResidualMlpOptions, residualMlp } from "./mlp.ts";
export {
  type CausalParameters,
  type CausalTransformer,
  causalTransformer,
  parameterShapes,
  type TokenPrediction,
} from "./networks/causal-transformer.ts";
export { cnn, vgg } from "./networks/convolutional.ts";
export {
  type LanguageModelFile,
  readLanguageModel,
  writeLanguageModel,
} from "./networks/language-model-file.ts";
export { type CausalAdapters, type LowRank, lowRank } from "./networks/low-rank.ts";
export { mlpNetwork } from "./networks/mlp.ts";
export type { Network } from "./networks/network.ts";
export { onnxNetwork } from "./networks/onnx.ts";
export { resnet } from "./networks/resnet.ts";
export { textClassifier } from "./networks/text-classifier.ts";
export { transformerLm } from "./networks/transformer-lm.ts";
export type { TransformerSizes } from "./networks/transformer-sizes.ts";
export { vit } from "./networks/vit.ts";
export { type BatchStatistics, batchNorm, groupNorm, layerNorm, type Norm, rmsNorm } from "./norm.ts";
export { type RotaryOptions, rotary } from "./rotary.ts";
export { fourierFeatures, randomFourier, sinusoidalFeatures } from "./time.ts";
export { type BlockOptions, type TransformerBlock, type TransformerOptions, transformerBlock } from "./transformer.ts";
export { type ResidualBlock, type SpatialAttention, type Unet, type UnetApply, type UnetOptions, unet } from "./unet.ts";
