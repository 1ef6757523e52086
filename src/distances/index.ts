/**
 * Distances between point clouds: exact and entropic transport, on lines and slices, by kernels; and how far they vary with the sampling.
 */

export { type Distances, deviations, distances, replicates, spread, w1Deviations } from "./bootstrap.ts";
export { normalise, type Points, rowsOf, type Weighted, type Weights } from "./clouds.ts";
export { optimalPairing, optimalTransport, type Plan, type TransportOptions, transportForCosts, wasserstein } from "./exact.ts";
export { type Floor, samplingFloor } from "./floor.ts";
export { kMeans, nearestCentre } from "./k-means.ts";
export { lineTransport, type SlicedOptions, slicedWasserstein } from "./line.ts";
export { hydrogenKernels, type MmdOptions, mmd } from "./mmd.ts";
export { type EntropicPlan, type SinkhornOptions, sinkhorn } from "./sinkhorn.ts";
