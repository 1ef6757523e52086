/** Distances between point clouds, exact, entropic, sliced and by kernels. */

export * from "./bootstrap.ts";
export { type Points, rowsOf, type Weights } from "./clouds.ts";
export { optimalPairing, optimalTransport, type Plan, type TransportOptions, transportForCosts, wasserstein } from "./exact.ts";
export { type Floor, samplingFloor } from "./floor.ts";
export { lineTransport, type SlicedOptions, slicedWasserstein } from "./line.ts";
export { defaultGammas, hydrogenKernels, type MmdOptions, mmd } from "./mmd.ts";
export { type EntropicPlan, type SinkhornOptions, sinkhorn } from "./sinkhorn.ts";
