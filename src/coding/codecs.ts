/** Codecs: pairs of exact inverses on an ANS state. `push` then `pop` gives the symbol and the state back; so does `pop` then `push`. */
import { type Ans, pop, push } from "./ans.ts";
import { type CountTree, countTree } from "./order.ts";

/** Writing and reading of symbols, exact inverses of each other. */
export interface Codec<T> {
  push(state: Ans, symbol: T): void;
  pop(state: Ans): T;
}

/** Uniform on 0..size-1: log2(size) bits. */
export const uniform = (size: number): Codec<number> => ({
  push: (state, symbol) => push(state, symbol, 1, size),
  pop: (state) => pop(state, size, (slot) => ({ start: slot, f: 1, symbol: slot })),
});

/** A Pólya urn with its contents: weights by symbol, and the weight that one draw adds. */
export interface Urn {
  readonly weights: CountTree;
  readonly step: number;
}

/** An urn with these counts, which grow or shrink by `step` with each draw. */
export const urn = (prior: ArrayLike<number>, step = 1): Urn => ({ weights: countTree(prior), step });

/**
 * A draw from a range [first, last) of the urn's symbols, with probability weight / total. Decoding adds `step` to the symbol drawn;
 * encoding takes it away first, so that both sides use the numbers from before the draw. An encoder therefore starts from the final
 * weights.
 */
export const draw = ({ weights, step }: Urn, first = 0, last = weights.size): Codec<number> => ({
  push(state, symbol) {
    weights.add(symbol, -step);
    const base = weights.before(first);
    push(state, weights.before(symbol) - base, weights.at(symbol), weights.before(last) - base);
  },
  pop(state) {
    const base = weights.before(first);
    const symbol = pop(state, weights.before(last) - base, (slot) => {
      const symbol = weights.find(base + slot);
      return { start: weights.before(symbol) - base, f: weights.at(symbol), symbol };
    });
    weights.add(symbol, step);
    return symbol;
  },
});
