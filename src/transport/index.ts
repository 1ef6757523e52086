/**
 * Transport of populations: action matching, Wasserstein Lagrangian flows, and what they say of snapshots in time. Its rooms are ordered,
 * each built on those before it:
 *
 *   lagrangian  actions, costs, and the residual that all losses are made of
 *   paths       snapshots as clouds, their pairs, and densities between them
 *   forces      what acts on particles, from formulas and from data
 *   learning    losses, models, their choice by name, and what is looked at before a training
 *   motion      particles, densities, fields and fates of a trained model
 *   evaluation  predictions of held-out snapshots, their scores, and everything that is told of them
 *   figures     pictures
 *   images      pictures as particles: paths and tasks, U-Nets, samplers, likelihoods, measures
 */

export { type AskedOf, type Assessment, assess, type Lineage } from "./evaluation/assess.ts";
export { type Balance, balances } from "./evaluation/balance.ts";
export type { Candidate, CandidateResult, Choice, Unlearned } from "./evaluation/candidates.ts";
export {
  type ChooseOptions,
  checkChoice,
  choiceCandidates,
  choiceFolds,
  choiceOf,
  type Fold,
  type FoldReference,
  type FoldScore,
  referenceAt,
  scoreFold,
} from "./evaluation/choose.ts";
export { displacement, unbalancedDisplacement } from "./evaluation/displacement.ts";
export { type EnergyCurve, type EnergyPoint, energyInTime, lostEnergy } from "./evaluation/energy-balance.ts";
export { keyNumbers, type Numbers } from "./evaluation/findings.ts";
export { type GrowthPrice, growthFromData, growthTable, growthText, growthTrials, type PricedGrowth } from "./evaluation/growth-price.ts";
export { inspectionText, inspectSnapshots, type Look, type SnapshotInspection } from "./evaluation/inspect.ts";
export { leastAction } from "./evaluation/least-action.ts";
export { checkLineage, type LineageOptions, lineageOf } from "./evaluation/lineage.ts";
export { type MovedPopulation, moveNew } from "./evaluation/new-population.ts";
export type { Line, Prediction } from "./evaluation/predict.ts";
export type { FoundNumber, ResultTable } from "./evaluation/results.ts";
export { baselines, type Score, score } from "./evaluation/scores.ts";
export { headline, massText, predictionText, valueText } from "./evaluation/summary.ts";
export { balanceTable, scoresTable } from "./evaluation/tables.ts";
export { subsample } from "./evaluation/thinning.ts";
export { lineageTable, transitionResults, transitionsTable, transitionTables, transitionText } from "./evaluation/transitions.ts";
export { verdicts } from "./evaluation/verdicts.ts";
export { type Judged, speeds } from "./evaluation/warnings.ts";
export { figuresOf, type Shown } from "./figures/all.ts";
export { animation } from "./figures/animation.ts";
export { fatesFigure } from "./figures/fates.ts";
export { featuresFigure } from "./figures/features.ts";
export { growthFigure, type ObservedMass } from "./figures/growth.ts";
export { landscapeFigure } from "./figures/landscape.ts";
export type { LoggedLoss } from "./figures/loss.ts";
export { heatMap, type NamedMatrix } from "./figures/matrix.ts";
export { populationFigure } from "./figures/paths.ts";
export { scoresFigure } from "./figures/scores.ts";
export { transitionFigures } from "./figures/transitions.ts";
export type { ChosenCost } from "./forces/cost.ts";
export type { DriftOptions } from "./forces/drift.ts";
export type { Acting, ForceOptions, Forces } from "./forces/forces.ts";
export { densityPotential, fittedScale, type KernelVelocity, kernelVelocity, mostCentres } from "./forces/kernels.ts";
export { accelerationPotential, constantForce, obstacles, quadraticPotential } from "./forces/potentials.ts";
export type { ForceSetting } from "./forces/setting.ts";
export { type ApplyOptions, applySampler, type ImageSampler, imageSampler, type SamplerInputs } from "./images/apply.ts";
export { makePictures, type Restored, type TrainedImages } from "./images/evaluate.ts";
export { exportSampler, exportVelocity, type ImageFileLabel } from "./images/export.ts";
export {
  type ImageHead,
  type ImageLearnOptions,
  type ImageMethodName,
  type ImageModel,
  type ImageNet,
  imageDefaults,
  imageHeads,
  imageLearner,
  imageMethodNames,
  imageMethodOf,
} from "./images/learning/index.ts";
export { hasDensity, logDensities, type PictureDensity } from "./images/likelihood.ts";
export {
  bitsPerDimension,
  type Compared,
  type FeatureNet,
  judgeRestorations,
  judgeSamples,
  type RestorationJudgement,
  type SampleJudgement,
  trainFeatures,
} from "./images/measures/index.ts";
export {
  type ImageTask,
  type ImageTaskName,
  imageTaskNames,
  imageTaskOf,
  type MaskKind,
  maskKinds,
  type Observation,
  type ScheduleName,
  scheduleNames,
  scheduleOf,
} from "./images/paths/index.ts";
export type { ImagePart, ImageProblem } from "./images/problem.ts";
export { type Made, type MakeOptions, type MakePictures, type MakerOptions, pictureMaker } from "./images/sample.ts";
export type { ImageShape } from "./images/shape.ts";
export { type ImageSolver, imageSolver } from "./images/solvers.ts";
export { type Action, type ActionOptions, type ActionParams, action, type Head, initAction } from "./lagrangian/action.ts";
export { type Stiffness, stiffness } from "./lagrangian/conjugate.ts";
export { type ConvexCost, metricCost, powerCost, quadraticCost, velocityOfMomentum } from "./lagrangian/costs.ts";
export { withDivergence } from "./lagrangian/divergence.ts";
export { accelerationOf, type Energies, type EnergyKind, energyAt, energyKinds, energyOf } from "./lagrangian/energy.ts";
export { meanField, type PairPotential } from "./lagrangian/interaction.ts";
export {
  acceleration,
  freeMotion,
  gradient,
  type Lagrangian,
  laplacianOf,
  residual,
  type ScalarField,
  type VectorField,
  velocity,
} from "./lagrangian/lagrangian.ts";
export { actionDynamics } from "./learning/action-model.ts";
export { type ActionValue, meanValue, type Sampled } from "./learning/action-value.ts";
export { type CautionSetting, cautions } from "./learning/cautions.ts";
export { type CurveAsked, checkCurve } from "./learning/check-curve.ts";
export { type Asked, checkAsked, checkUsed } from "./learning/checks.ts";
export { type FlowMatchingOptions, flowMatching } from "./learning/flow-matching.ts";
export { type Guard, goBack, guardNote, initGuard, rateFactor, type Signs, watch } from "./learning/guard.ts";
export { type LagrangianFlowOptions, lagrangianFlow } from "./learning/lagrangian-flow.ts";
export type { Generated } from "./learning/learned-path.ts";
export { actionLoss, flowLoss, type Loss, type LossOptions, type PathEnds, type PathSample, reversed } from "./learning/losses.ts";
export { type MatchOptions, matching } from "./learning/match.ts";
export { matchedMechanics } from "./learning/matched-mechanics.ts";
export { mechanics } from "./learning/mechanics.ts";
export type { MechanicsOptions } from "./learning/mechanics-system.ts";
export { has, type LearnOptions, learnDefaults, learner, type MethodName, methodNames } from "./learning/methods.ts";
export type { Descending, Descent, Dynamics, Model, Mover, Trainable, TrainOptions, ValuedModel } from "./learning/model.ts";
export { type PreparedPopulation, type PrepareOptions, preparePopulation } from "./learning/prepare.ts";
export { drawRecorded, matchingRecorded, type RecordedBatch, type Recording, recordingOf } from "./learning/recorded.ts";
export { type Room, roomOf } from "./learning/room.ts";
export {
  type Anneal,
  annealer,
  type LangevinOptions,
  type ScoreModel,
  type ScoreOptions,
  scoreLoss,
  scoreMatching,
} from "./learning/score.ts";
export { type SimulateOptions, simulateAndMatch } from "./learning/simulate.ts";
export { sinkhornDivergence } from "./learning/sinkhorn-divergence.ts";
export { annotations } from "./motion/annotations.ts";
export { type GaussianMixture, gaussianDensity, kernelDensity, logMixture } from "./motion/base-density.ts";
export { type BaseKind, baseDensity } from "./motion/cell-densities.ts";
export { clustered } from "./motion/clusters.ts";
export { type Carried, type Densities, type DensityOf, densities, traceFlow } from "./motion/densities.ts";
export { exportedModels, type ModelLabels } from "./motion/export.ts";
export { type FateMatrix, type Fates, fateMatrix, membership, type Reference } from "./motion/fates.ts";
export { curvesToDraw, type FeatureCurve, featureCurves, type Moment, shownFeatures } from "./motion/features.ts";
export type { Fields, FieldsProgram } from "./motion/fields.ts";
export type { Frame, MassAt } from "./motion/frames.ts";
export { type Landscape, landscape } from "./motion/landscape.ts";
export { effectiveShare, meanWeight, type Particles, type WeightedParticles } from "./motion/particles.ts";
export { pusher, stages, type TrainedModel } from "./motion/push.ts";
export type { Push, Pushed, PushOptions } from "./motion/pushing.ts";
export type { Stream } from "./motion/stream.ts";
export { cellsTable, fatesTable, featuresTable, trajectoriesTable } from "./motion/tables.ts";
export { type Estimated, type Groups, type GroupTransition, tally, transition } from "./motion/transitions.ts";
export { drawPath, type PathBatch } from "./paths/batch.ts";
export { type ChainLaw, type ChainLawOptions, chainLaw } from "./paths/chain-law.ts";
export { chainParts, chainsThrough, drawChains, fittedChains, type RowChains } from "./paths/chains.ts";
export { type Cloud, stacked } from "./paths/cloud.ts";
export { type Curve, cubicBetween, knotVelocities } from "./paths/curves.ts";
export { correctionBound, type GeneratorForm, type GeneratorOptions, generate, initGenerator } from "./paths/generator.ts";
export { carriedToMiddle, type PairMotion, pairCosts } from "./paths/pair-costs.ts";
export { type Coupling, type CouplingOptions, type Pairs, pairsOf } from "./paths/pairs.ts";
export { type MassCurve, type Path, type PathOptions, type PathShape, pathThrough } from "./paths/path.ts";
export { type PathPoints, pathPoints } from "./paths/points.ts";
export { smoothPairs } from "./paths/smooth-pairs.ts";
export { splitTimes, type TimePair, type TimeSplit, timePairs } from "./paths/split.ts";
export { densityAtKnots, initTimeDensity, invertDensity, type TimeDensity, updateTimeDensity } from "./paths/times.ts";
export { coneGeodesic, type ReachPlan, reachPlan } from "./paths/unbalanced.ts";
export { innerTime, type Scaling, type Units, unitsOf, whiten } from "./paths/units.ts";
