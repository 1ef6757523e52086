/** How good pictures are. */
export { bitsPerDimension } from "./bits.ts";
export { type FeatureNet, featureSteps, trainFeatures } from "./features.ts";
export { type Compared, judgeRestorations, type RestorationJudgement } from "./judge-restorations.ts";
export { judgeSamples, type SampleJudgement } from "./judge-samples.ts";
export { picturesAt } from "./pictures.ts";
