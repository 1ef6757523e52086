/** Optimizers as composable values of tensor programs. */
export * from "./adam.ts";
export * from "./clip.ts";
export * from "./ema.ts";
export * from "./optimizer.ts";
export * from "./rmsprop.ts";
export * from "./schedules.ts";
export * from "./sgd.ts";
