/** Supervised training of networks (`pushforward/training`). */
export * from "./compare.ts";
export * from "./problem.ts";
export * from "./recipe.ts";
export * from "./train.ts";
export * from "./tune.ts";
