/** Transport of populations: distances between clouds, action matching, solvers. */
export * from "./action.ts";
export * from "./distances/index.ts";
export * from "./evaluate.ts";
export * from "./interpolant.ts";
export * from "./losses.ts";
export * from "./match.ts";
export * from "./solve.ts";
