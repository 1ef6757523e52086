/** Learning pictures: networks, losses, batches. */
export { drawPictures } from "./batch.ts";
export { type ImageLearnOptions, imageDefaults, imageLearner } from "./learner.ts";
export { imageMethodNames, imageMethodOf } from "./methods.ts";
export { imageHeads } from "./network.ts";
