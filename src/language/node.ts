/** Language models and potentials from files: what of steering needs Node (`pushforward/language/node`). */
export { loadLanguageModel } from "./load.ts";
export { readPotential } from "./potentials/read.ts";
