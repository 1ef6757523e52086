/** Learning pictures: networks, losses, batches. */
export { drawPictures } from "./batch.ts";
export { type ImageLearnOptions, type ImageModel, imageDefaults, imageLearner } from "./learner.ts";
export { type ImageMethodName, imageMethodNames, imageMethodOf } from "./methods.ts";
export { type ImageHead, type ImageNet, imageHeads } from "./network.ts";
