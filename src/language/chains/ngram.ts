/** n-gram models counted from a text: chains whose states are the last n - 1 tokens that were seen together. */
import { UserError } from "../../errors.ts";
import { type Chain, chainModel, listTokenizer } from "./chain.ts";

export interface NgramOptions {
  /** n; default 3. */
  readonly order?: number;
  readonly unit?: "characters" | "words";
}

/** Most numbers of a table. */
const mostEntries = 2 ** 25;

/**
 * Interpolated Witten-Bell estimates: with n(c, v) counts after a context and t(c) how many different tokens follow it,
 *
 *   p(v | c) = (n(c, v) + t(c) p(v | c')) / (n(c) + t(c)),   c' the context without its first token,
 *
 * down to the uniform law. Contexts that were not seen fall back to their longest end that was.
 *
 * @throws UserError  for too little text, or too many states
 * @source  Witten & Bell, IEEE Trans. Inf. Theory 37 (1991); interpolation as of Chen & Goodman, 1999
 */
export function countNgrams(text: string, path: string, { order = 3, unit = "characters" }: NgramOptions = {}): Chain {
  const pieces = unit === "characters" ? [...text] : text.split(/\s+/).filter((word) => word !== "");
  if (pieces.length < 2) throw new UserError(`${path}: ${pieces.length} ${unit} are too little text to count`);
  const tokens = [...new Set(pieces)].sort();
  const number = new Map(tokens.map((token, i) => [token, i]));
  const sequence = Int32Array.from(pieces, (piece) => number.get(piece)!);
  const size = tokens.length;

  const counts = new Map<string, Map<number, number>>();
  for (let at = 0; at < sequence.length; at++)
    for (let n = 0; n < order && n <= at; n++) {
      const context = sequence.subarray(at - n, at).join();
      let row = counts.get(context);
      if (!row) counts.set(context, (row = new Map()));
      row.set(sequence[at], (row.get(sequence[at]) ?? 0) + 1);
    }
  const contexts = [...counts.keys()];
  if (contexts.length * size > mostEntries)
    throw new UserError(
      `${path}: ${contexts.length} contexts of ${size} ${unit} are too many for a table (${mostEntries} numbers)`,
      `--order ${Math.max(1, order - 1)}, or characters instead of words`,
    );
  const state = new Map(contexts.map((context, i) => [context, i])); // "" is first: before any token
  const shorter = (context: string): string => (context.includes(",") ? context.slice(context.indexOf(",") + 1) : "");

  const probability = new Float64Array(contexts.length * size);
  for (const context of contexts.toSorted((a, b) => length(a) - length(b))) {
    const [row, s] = [counts.get(context)!, state.get(context)!];
    const total = [...row.values()].reduce((a, b) => a + b, 0);
    const below = context === "" ? undefined : state.get(shorter(context))! * size;
    for (let v = 0; v < size; v++) {
      const back = below === undefined ? 1 / size : probability[below + v];
      probability[s * size + v] = ((row.get(v) ?? 0) + row.size * back) / (total + row.size);
    }
  }
  const following = Int32Array.from({ length: contexts.length * size }, (_, e) => {
    let next = contexts[Math.floor(e / size)];
    next = next === "" ? `${e % size}` : `${next},${e % size}`;
    if (order === 1) return 0;
    while (length(next) >= order) next = shorter(next);
    while (!state.has(next)) next = shorter(next);
    return state.get(next)!;
  });
  return chainModel(`${order}-gram model of ${path}, ${size} ${unit}`, listTokenizer(tokens), {
    states: contexts.length,
    logProbability: probability.map(Math.log),
    following,
  });
}

const length = (context: string): number => (context === "" ? 0 : context.split(",").length);
