/** Variational model inversion: how much of its training data does a classifier give away? (`pushforward/inversion`) */
export type { Classifier } from "./classifier.ts";
export { leastEss, type PosteriorScore, scorePosteriors } from "./evaluate.ts";
export { type FamilyName, type FamilyOptions, familyNames, familyOf } from "./families/index.ts";
export { type ClassifierOptions, classifierOf } from "./files/classifier.ts";
export { type GeneratorFileOptions, generatorPrior, stylePrior } from "./files/generator.ts";
export { type FitMetrics, type FitOptions, type FitState, type Fitting, fitting } from "./fit.ts";
export type { Goal, Inversion } from "./objective.ts";
export { identityPrior, type Prior } from "./prior.ts";
export { type Drawn, drawInputs } from "./samples.ts";
