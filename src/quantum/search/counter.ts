/** Searches that ask for costs, and what they have asked. */
import type { Random } from "../../array/index.ts";

/** The cost of a configuration by its index. */
export type Cost = (k: number) => number;

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
  readonly cost: Cost;
  /** Costs that may be asked for. */
  readonly budget: number;
  /** The lowest cost, where it is known: when it is seen, nothing is left to find. */
  readonly least?: number;
  /** Whether a configuration counts once, however often it is asked for; at most ten times the budget are answered then. */
  readonly once?: boolean;
}

export function counter({ bits, cost, budget, least = Number.NEGATIVE_INFINITY, once = false }: Counted): Counter {
  const counted = remembered(cost, once ? undefined : 0);
  let asked = 0;
  return {
    bits,
    ask(k) {
      asked++;
      return counted.cost(k);
    },
    left: () => (counted.best().loss <= least || asked >= 10 * budget ? 0 : budget - counted.computed()),
    best: counted.best,
  };
}

/** A cost that keeps what it has computed. */
export interface Remembered {
  readonly cost: Cost;
  /** How many costs have been computed. */
  readonly computed: () => number;
  readonly best: () => Found;
}

/** @param most  costs that are kept; beyond, all are forgotten, and what is asked for again is computed, and counts, again */
export function remembered(cost: Cost, most = 2 ** 23): Remembered {
  const known = new Map<number, number>();
  let computed = 0;
  let best: Found = { index: 0, loss: Number.POSITIVE_INFINITY, evaluations: 0 };
  return {
    cost(k) {
      const old = known.get(k);
      if (old !== undefined) return old;
      const value = cost(k);
      computed++;
      if (value < best.loss) best = { index: k, loss: value, evaluations: computed };
      if (most === 0) return value;
      if (known.size === most) known.clear();
      known.set(k, value);
      return value;
    },
    computed: () => computed,
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
