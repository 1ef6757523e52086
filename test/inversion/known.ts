/** Families and classifiers of which the posterior is known. */
import { randomStream } from "../../src/array/index.ts";
import type { Classifier } from "../../src/inversion/classifier.ts";
import type { Family } from "../../src/inversion/families/family.ts";
import { type FamilyName, familyOf } from "../../src/inversion/families/index.ts";
import { identityPrior } from "../../src/inversion/prior.ts";
import { concat, exp, log, sub, type Tensor } from "../../src/tensor/index.ts";

export const rng = randomStream(4);
export const made = (name: FamilyName, latent: number, components = 3): Family =>
  familyOf(name, latent, rng, { components, depth: 2, levels: 1, coupling: "affine" });
/** Two classes of which the first has the probability e^{-nll} < 1. */
export const ofNll = (d: number, nll: (z: Tensor) => Tensor): Classifier => ({
  ...{ name: "known", classes: ["a", "b"], input: [d] },
  logits(z) {
    const found = nll(z);
    return concat([found.neg(), log(sub(1, exp(found.neg())))], 1);
  },
});
export const inversionOf = (family: Family, classifier: Classifier, gammas: readonly number[] = [1]) => ({
  ...{ family, classifier, prior: identityPrior(classifier.input, family.latent), goals: gammas.map((gamma) => ({ target: 0, gamma })) },
});
