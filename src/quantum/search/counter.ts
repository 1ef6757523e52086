/** Searches that ask for costs, and what they have asked. */
import type { Random } from "../../array/index.ts";

/** The best configuration that a search has seen. */
export interface Found {
  readonly index: number;
  readonly loss: number;
  /** Costs that were asked for until it was seen. */
  readonly evaluations: number;
}

/** A cost that counts. */
export interface Counter {
  readonly bits: number;
  readonly ask: (k: number) => number;
  /** Costs that may still be asked for. */
  readonly left: () => number;
  readonly best: () => Found;
}

/** @param least  the lowest cost, where it is known: when it is seen, nothing is left to find */
export function counter(costs: Float64Array, budget: number, least = Number.NEGATIVE_INFINITY): Counter {
  let asked = 0;
  let best: Found = { index: 0, loss: Number.POSITIVE_INFINITY, evaluations: 0 };
  return {
    bits: Math.log2(costs.length),
    ask(k) {
      asked++;
      if (costs[k] < best.loss) best = { index: k, loss: costs[k], evaluations: asked };
      return costs[k];
    },
    left: () => (best.loss <= least ? 0 : budget - asked),
    best: () => best,
  };
}

/** Asks until nothing is left. */
export type Search = (cost: Counter, rng: Random) => void;

/** Uniform numbers one by one, drawn by the thousand. */
export function uniforms(rng: Random): () => number {
  let [drawn, at] = [new Float64Array(0), 0];
  return () => {
    if (at === drawn.length) [drawn, at] = [rng.uniform([1024], "f64").data, 0];
    return drawn[at++];
  };
}
