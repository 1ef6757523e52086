/**
 * Mutual information with error bars and reasons: bounds where densities are known, estimates where there are only samples
 * (`pushforward/information`).
 */
export { type Bound, bits } from "./bound.ts";
