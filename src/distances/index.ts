/**
 * Distances between point clouds: exact and entropic transport, on lines and slices, by kernels, by moments, by nearest neighbours; and how
 * far they vary with the sampling.
 */

export { type Distances, deviations, distances, replicates, spread, w1Deviations } from "./bootstrap.ts";
export { normalise, type Points, rowsOf, type Weighted, type Weights } from "./clouds.ts";
export { optimalPairing, optimalTransport, type Plan, type TransportOptions, transportForCosts, wasserstein } from "./exact.ts";
export { type Floor, samplingFloor } from "./floor.ts";
export { type Frechet, frechet } from "./frechet.ts";
export { kMeans, nearestCentre } from "./k-means.ts";
export { lineTransport, type SlicedOptions, slicedWasserstein } from "./line.ts";
export { memo } from "./memo.ts";
export { hydrogenKernels, type MmdOptions, mmd } from "./mmd.ts";
export { type Prdc, type PrdcOf, prdc } from "./prdc.ts";
export { block, blockStarts, rowwise } from "./rowwise.ts";
export { type EntropicPlan, type SinkhornOptions, sinkhorn } from "./sinkhorn.ts";
export { blocksOf, type Nearest, nearestRows, squaredDistances } from "./squares.ts";
export type { Withheld } from "./withheld.ts";
