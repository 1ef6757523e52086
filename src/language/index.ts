/** Language models steered by a score: models, potentials, twists, sequential Monte Carlo, bounds, learning (`pushforward/language`). Runs in a page; `node.ts` has what reads files. */
export { type Chain, chainModel, isChain, listTokenizer } from "./chains/chain.ts";
export { countNgrams, type NgramOptions } from "./chains/ngram.ts";
export { readChain } from "./chains/read.ts";
export { checkLearning } from "./learning/check.ts";
export { dtypeOf, type LearningState, networkOf, twistLearner, twistOf } from "./learning/learner.ts";
export { type ObjectiveName, objectiveNames, objectiveOf, objectives, type SamplingLaw, samplingLaws } from "./learning/objectives.ts";
export type { LearningOptions, Observations } from "./learning/options.ts";
export type { Decoding, LanguageModel, NextTokenLaw } from "./model.ts";
export { readLlama2c } from "./models/llama2c.ts";
export { type Transformer, type TransformerModel, transformerModel } from "./models/transformer.ts";
export { productOf, sumOf } from "./potentials/combine.ts";
export { type Automaton, checkedLogs, floored, isHit, noPotential, type Potential, type Scored, tempered } from "./potentials/potential.ts";
export { type BoundsOptions, type LogWeights, logWeightsOf, type RunBounds, runBounds, sandwichOf } from "./steering/bounds.ts";
export { infinite, learningCautions, steeringCautions } from "./steering/diagnostics.ts";
export { distinctGrams } from "./steering/diversity.ts";
export { drawExactly, type Enumeration, enumerate, isListable } from "./steering/enumerate.ts";
export { type ExactDraws, exactDraws } from "./steering/exact-draws.ts";
export { firstTokens, gainsAlong } from "./steering/explain.ts";
export { observationFeatures, simulateObservations } from "./steering/infill.ts";
export { type ParticleOptions, type ProposalOptions, runParticles, type TextParticles } from "./steering/particles.ts";
export { checkTarget, scored, scorer, type TextTarget, untilEnd } from "./steering/target.ts";
export { readTexts, type SampledTexts } from "./steering/texts-file.ts";
export { type ExactTwist, exactTwist } from "./twists/exact.ts";
export { readTwist, type TwistDescription, type TwistFile, twistParameters, writeTwist } from "./twists/file.ts";
export { type HeadOptions, type HeadParameters, head, headTwist } from "./twists/head.ts";
export { lookaheadTwist, prefixTwist } from "./twists/lookahead.ts";
export {
  type LearnedTwist,
  type TwistNetwork,
  type TwistParameters,
  type TwistShape,
  twistBodies,
  twistForms,
  twistNetwork,
} from "./twists/network.ts";
export { guides, type Prefixes, type StartedTwist, type Twist } from "./twists/twist.ts";
