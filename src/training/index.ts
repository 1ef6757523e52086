/**
 * Supervised training of networks (`pushforward/training`). Nothing here needs Node; networks from files (network-file.ts) and pictures
 * (figures/) do.
 */
export {
  type ComparedTraining,
  type CompareOptions,
  candidateSettings,
  compareOptimizers,
  type FinalRun,
  merged,
  nextTrainings,
  type Progressed,
  type Trial,
  totalSteps,
  trainOne,
  type Watch,
} from "./compare.ts";
export { lossTerms, settingsFor } from "./defaults.ts";
export { exportLanguageModel, exportModel, exportWeights } from "./export.ts";
export {
  baselineNotice,
  type Finding,
  fallbackNotice,
  scoreName,
  skippedNotice,
  type TrainingResults,
  trainingFindings,
} from "./findings.ts";
export { areaUnderCurve, type Baseline, baselineOf, type ClassScores, classScores } from "./metrics.ts";
export { type NetworkSize, namedNetwork, naturalNetwork } from "./networks.ts";
export { type Predictions, predictions, predictionTable, sampleText, type TextMistake, textMistakes } from "./predictions.ts";
export {
  type Batch,
  crossEntropy,
  type ExampleProblem,
  exampleProblem,
  type Part,
  type Problem,
} from "./problem.ts";
export {
  type Budget,
  budgetFor,
  drawSettings,
  type OptimizerSettings,
  optimizerOf,
  parseEntry,
  parseSettings,
  rateOf,
} from "./recipe.ts";
export type { CurveRow, Recorded } from "./recorded.ts";
export { comparisonFindings, comparisonLines, comparisonTable, recommend, type Summary, summarise } from "./summary.ts";
export {
  countNumbers,
  type Layers,
  type Scores,
  type SupervisedLearner,
  type SupervisedOptions,
  type SupervisedState,
  supervisedLearner,
} from "./supervised.ts";
export {
  continueText,
  type ModelPredictions,
  predictInputs,
  type SupervisedModel,
  scoreText,
  supervisedModel,
  type TextScore,
  tableInputs,
} from "./supervised-model.ts";
export { type DataNotes, dataNotes, type ExampleTask, exampleTask, labelledTextTask, type Task, type TextTask, textTask } from "./task.ts";
export { textProblem } from "./text-problem.ts";
export { rungs, successiveHalving } from "./tune.ts";
