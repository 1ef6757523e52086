/** Optimizers as composable values of tensor programs. See docs/optimizers.md. */
export { type AdamOptions, type AdamState, type AdamWOptions, adam, adamw, nadamw } from "./adam.ts";
export { type TrainingPlan, warningsFor } from "./advice.ts";
export { clip, clipByGlobalNorm, globalNorm } from "./clip.ts";
export { layersOf, type WithAux, type WithFisher, withCurvature } from "./curvature/capture.ts";
export { gaussNewton, gaussNewtonSquared, sampledFisher } from "./curvature/fisher.ts";
export { type KfacOptions, kfac } from "./curvature/kfac.ts";
export type { Curvature, Layer, Uncovered } from "./curvature/layers.ts";
export { ikfac, ingd, type SingdOptions, singd } from "./curvature/singd.ts";
export { type Ema, type EmaState, ema } from "./ema.ts";
export { flat } from "./flat.ts";
export { checkState, type GuardState, skipNonFinite, stateSize } from "./guard.ts";
export { describeHyperparameter, type Hyperparameter, type Hyperparameters, type NumberParameter } from "./hyper.ts";
export { type IfShampooOptions, ifShampoo } from "./if-shampoo.ts";
export { type KlShampooOptions, klShampoo } from "./kl-shampoo.ts";
export { type LambOptions, lamb } from "./lamb.ts";
export { type LionOptions, type LionState, lion } from "./lion.ts";
export { type MuonOptions, muon } from "./muon.ts";
export {
  addDecayedWeights,
  applyUpdates,
  chain,
  type Mask,
  masked,
  matrices,
  type Optimizer,
  partition,
  type State,
  type StepContext,
} from "./optimizer.ts";
export { makeOptimizer, type OptimizerEntry, optimizerEntry, optimizers } from "./registry.ts";
export { type RfShampooOptions, rfShampoo } from "./rf-shampoo.ts";
export { type RmspropOptions, type RmspropState, rmsprop } from "./rmsprop.ts";
export { largestStep, type RfAdamwOptions, type RfRmspropOptions, rfAdamw, rfRmsprop } from "./root-free.ts";
export { constantSchedule, cosine, exponential, join, linear, type Rate, type Schedule, warmUp, warmUpCosine } from "./schedules.ts";
export { type SgdOptions, type SgdState, scaleBy, sgd } from "./sgd.ts";
export { type ShampooOptions, shampoo } from "./shampoo.ts";
export { type SoapOptions, soap } from "./soap.ts";
export { structureNames, structureOf } from "./structures/index.ts";
export { type Step, type Training, type TrainingOptions, training } from "./training.ts";
