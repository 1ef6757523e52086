/** Generative models of images and tables: variational autoencoders and generative adversarial networks (`pushforward/generative`). */

export { exportGan, exportVae, type ModelFile } from "./export.ts";
export { ganFigures } from "./figures/gan.ts";
export { vaeFigures } from "./figures/vae.ts";
export { ganNotices, ganNumbers, ganText, vaeNotices, vaeNumbers, vaeText } from "./findings.ts";
export { discriminatorAccuracy, discriminatorLoss, generatorLoss, gradientPenalty } from "./gan.ts";
export { type GanLearner, type GanState, type GanTraining, ganLearner } from "./gan-learner.ts";
export { type GanModel, type GanOptions, type GanParams, ganModel } from "./gan-model.ts";
export { type GanPictures, type GanResults, ganResults } from "./gan-results.ts";
export { energyDistance, type Likeness, likeness } from "./likeness.ts";
export { type Likelihood, type SamplePart, type SampleProblem, sampleProblem } from "./problem.ts";
export type { RowMean } from "./row-mean.ts";
export {
  bernoulliLogDensity,
  type DiagonalGaussian,
  type ElboParts,
  elboParts,
  gaussianKl,
  gaussianLogDensity,
  importanceBound,
  type Vae,
} from "./vae.ts";
export { type ElboEstimate, type VaeLearner, type VaeState, type VaeTraining, vaeLearner } from "./vae-learner.ts";
export { type VaeModel, type VaeOptions, type VaeParams, vaeModel } from "./vae-model.ts";
export { type LatentUnit, type VaePictures, type VaeResults, vaeResults } from "./vae-results.ts";
