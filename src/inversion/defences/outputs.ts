/** Defences that change only what a classifier says: against those who see no more than its answers. */
import { argmax, log, logSoftmax, maximum, oneHot, round, softmax, type Tensor } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";

/** Of all of them; reports print it beside the name. */
export const outputsOnly =
  "changes the answers only: no protection against an attack that has the weights, which takes the network without it";

/** The smallest probability that is said, so that its logarithm is finite. */
const least = 1e-12;

const answering = (classifier: Classifier, what: string, logits: (x: Tensor) => Tensor): Classifier => ({
  ...{ name: `${classifier.name}, ${what}`, classes: classifier.classes, input: classifier.input },
  logits,
});

/** Probabilities rounded to some decimals. The gradient is 0 almost everywhere: masked, not absent. */
export const roundedOutputs = (classifier: Classifier, decimals: number): Classifier =>
  answering(classifier, `probabilities of ${decimals} decimals`, (x) =>
    log(maximum(round(softmax(classifier.logits(x)).mul(10 ** decimals)).div(10 ** decimals), least)),
  );

/** Only the class of most probability is said. */
export const topOneOutputs = (classifier: Classifier): Classifier =>
  answering(classifier, "top class only", (x) => log(maximum(oneHot(argmax(classifier.logits(x)), classifier.classes.length), least)));

/** Probabilities of the logits over T: flatter for T > 1. */
export const temperedOutputs = (classifier: Classifier, temperature: number): Classifier =>
  answering(classifier, `temperature ${temperature}`, (x) => logSoftmax(classifier.logits(x).div(temperature)));
