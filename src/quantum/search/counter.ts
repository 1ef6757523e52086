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

export interface Counted {
  readonly bits: number;
  readonly cost: (k: number) => number;
  /** Costs that may be asked for. */
  readonly budget: number;
  /** The lowest cost, where it is known: when it is seen, nothing is left to find. */
  readonly least?: number;
  /** Whether a configuration counts once, however often it is asked for; at most ten times the budget are answered then. */
  readonly once?: boolean;
}

export function counter({ bits, cost, budget, least = Number.NEGATIVE_INFINITY, once = false }: Counted): Counter {
  const known = new Map<number, number>();
  let [asked, counted] = [0, 0];
  let best: Found = { index: 0, loss: Number.POSITIVE_INFINITY, evaluations: 0 };
  const fresh = (k: number): number => {
    const value = cost(k);
    counted++;
    if (value < best.loss) best = { index: k, loss: value, evaluations: counted };
    return value;
  };
  return {
    bits,
    ask(k) {
      asked++;
      if (!once) return fresh(k);
      const value = known.get(k) ?? fresh(k);
      known.set(k, value);
      return value;
    },
    left: () => (best.loss <= least || asked >= 10 * budget ? 0 : budget - counted),
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
