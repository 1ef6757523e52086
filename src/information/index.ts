/**
 * Mutual information with error bars and reasons: bounds where densities are known, estimates where there are only samples
 * (`pushforward/information`).
 */

export { type AnnealedWeights, informationOf, type PointBounds, pointBounds } from "./annealed/bounds.ts";
export { annealedChains, endsOf } from "./annealed/chains.ts";
export { convergence, shorterRuns, thinned } from "./annealed/convergence.ts";
export { type Frozen, readFrozen, type ScheduleRule, scheduleRule, writeFrozen } from "./annealed/frozen.ts";
export { annealedBounds, byChains, effectiveChains, importanceBounds, intervalCautions, lowerRule } from "./annealed/judge.ts";
export { pilot, pilotPoints, pilotSteps } from "./annealed/pilot.ts";
export { fromPrior, fromProposal, type Route } from "./annealed/target.ts";
export { type Bound, bits } from "./bound.ts";
export { boundLines, boundsTable, type Certified, certifiedFigures, certify, pointColumns, sentence } from "./certificate.ts";
export { certifyEnergy, energyCautions } from "./energy/certify.ts";
export { sampledBounds, trained } from "./energy/evaluate.ts";
export { fileSource, modelSource, type PairSource } from "./energy/source.ts";
export { energyLearner } from "./energy/train.ts";
export { type ImportanceWeights, importanceWeights } from "./importance.ts";
export { decoderJoint } from "./models/decoder.ts";
export { checkEncoder, type Encoder, encodeRows, onnxEncoder } from "./models/encoder.ts";
export { checkDraws, givenRows } from "./models/given.ts";
export { fitOf, floats, type Joint, type JointPairs, simulate, simulator } from "./models/joint.ts";
export { likelihoodNames, likelihoodOf, outputKinds } from "./models/likelihood.ts";
export { type LinearModel, linearInformation, linearJoint, sineWeights } from "./models/linear.ts";
export { priorOf } from "./models/prior.ts";
export { learnProposal, proposalObjectives } from "./proposal.ts";
export { distortionJoint, type RatePoint, rateColumns, rateCurve, ratePoints } from "./rate.ts";
export { codeEncoder, represent, representationBounds } from "./representation.ts";
