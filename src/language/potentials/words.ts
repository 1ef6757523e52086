/** Potentials of words and signs: lexicons, regular expressions, what a text contains or avoids. */
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { Automaton, Potential } from "./potential.ts";

/** Lower-cased words, letters and apostrophes; a word that was cut off at the end is one too. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z']+/g) ?? [];

/** A number for every text. */
export interface Score {
  readonly name: string;
  readonly of: (text: string) => number;
  /** Bounds of its values, where known. */
  readonly range?: readonly [number, number];
}

/** Sum of the values of all words. */
export const lexiconScore = (name: string, values: ReadonlyMap<string, number>): Score => ({
  name,
  of: (text) => wordsOf(text).reduce((sum, word) => sum + (values.get(word) ?? 0), 0),
});

/** log φ = the score. */
export const scorePotential = ({ name, of, range }: Score): Potential => ({
  name,
  logs: (texts) => texts.map(({ text }) => of(text)),
  ...(range && { largest: range[1] }),
});

/** φ = sigmoid(slope (score - threshold)); a negative slope asks for low scores. */
export const sigmoidPotential = ({ name, of }: Score, slope: number, threshold: number): Potential => ({
  name: `sigmoid(${slope} (${name} - ${threshold}))`,
  logs: (texts) =>
    texts.map(({ text }) => {
      const x = slope * (of(text) - threshold);
      return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
    }),
  largest: 0,
});

const indicator = (name: string, holds: (text: string) => boolean): Potential => ({
  name,
  logs: (texts) => texts.map(({ text }) => (holds(text) ? 0 : Number.NEGATIVE_INFINITY)),
  largest: 0,
});

/** φ = 1 where the score is on the right side, 0 elsewhere. */
export const comparison = ({ name, of }: Score, sign: "<=" | ">=" | "<" | ">", threshold: number): Potential =>
  indicator(`${name} ${sign} ${threshold}`, (text) => {
    const value = of(text);
    return sign === "<=" ? value <= threshold : sign === ">=" ? value >= threshold : sign === "<" ? value < threshold : value > threshold;
  });

/** φ = 1 where the expression is found. */
export const matches = (pattern: RegExp): Potential => {
  const own = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")); // those two remember where they were
  return indicator(`regex:${own}`, (text) => own.test(text));
};

/** φ = 1 where the text, its prompt included, has (or has not) a piece. */
export function contains(piece: string, tokenizer: Tokenizer, prompt: string, wanted = true): Potential {
  const automaton = pieceAutomaton(piece, tokenizer, prompt, wanted);
  return {
    ...indicator(`${wanted ? "contains" : "avoids"}:${piece}`, (text) => text.includes(piece) === wanted),
    ...(automaton && { automaton }),
  };
}

/** Largest vocabulary for which automata are written out. */
const mostTokens = 4096;

/**
 * The Knuth-Morris-Pratt automaton of a piece, over tokens: state j has matched j characters, the last state is for good. Only where a
 * text is its tokens' texts one after the other; undefined elsewhere.
 */
function pieceAutomaton(piece: string, tokenizer: Tokenizer, prompt: string, wanted: boolean): Automaton | undefined {
  const n = piece.length;
  const size = tokenizer.size;
  const glue = tokenizer.separator;
  if (glue === undefined || n === 0 || size > mostTokens) return undefined;
  const texts = Array.from({ length: size }, (_, v) => tokenizer.decode([v]));
  const border = borders(piece);
  const advance = (state: number, text: string): number => {
    let j = state;
    for (let i = 0; i < text.length && j < n; i++) {
      while (j > 0 && piece[j] !== text[i]) j = border[j - 1];
      if (piece[j] === text[i]) j++;
    }
    return j;
  };
  const begun = advance(0, prompt);
  // the very first token has nothing before it: a state of its own
  const first = glue !== "" && prompt === "" ? n + 1 : begun;
  const states = Math.max(first, n) + 1;
  const end = tokenizer.end;
  return {
    states,
    start: first,
    following: Int32Array.from({ length: states * size }, (_, e) => {
      const [state, v] = [Math.floor(e / size), e % size];
      if (v === end) return state;
      return state === n + 1 ? advance(0, texts[v]) : advance(state, glue + texts[v]);
    }),
    logs: Float64Array.from({ length: states }, (_, state) => ((state === n) === wanted ? 0 : Number.NEGATIVE_INFINITY)),
  };
}

/** Length of the longest proper border of each prefix. */
function borders(piece: string): number[] {
  const border = [0];
  for (let i = 1, j = 0; i < piece.length; i++) {
    while (j > 0 && piece[i] !== piece[j]) j = border[j - 1];
    if (piece[i] === piece[j]) j++;
    border.push(j);
  }
  return border;
}
