/** Concrete arrays, trees of them, seeded random streams, and their files: NPY, NPZ, safetensors (`pushforward/array`). */
export { choleskyFactor, choleskySolve, type Factored } from "./cholesky.ts";
export { symmetricEigen } from "./eigen.ts";
export * from "./ndarray.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { readNpz, writeNpz } from "./npz.ts";
export * from "./random.ts";
export { readSafetensors, writeSafetensors } from "./safetensors.ts";
export * from "./tree.ts";
