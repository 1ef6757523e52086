/** Byte-pair encoding: which pairs of tokens are worth a token of their own. */
import { piecesOf } from "./byte-letters.ts";

/** Pairs of tokens in the order of their merging; bytes are tokens 0 … 255, and the i-th merge makes token 256 + i. */
export type Merges = readonly (readonly [left: number, right: number])[];

/** A piece of text as tokens so far, and how often it occurs. */
interface Piece {
  tokens: number[];
  readonly count: number;
}

/** Pairs rarer than this in the text are not worth a token. */
const fewest = 2;

/** A pair of tokens as one number. */
const base = 2 ** 20;
const keyOf = (left: number, right: number): number => left * base + right;

/**
 * At most `most` merges: each makes one token of the pair that stands next to each other most often in the text (of equally frequent ones
 * that with the lowest numbers), as long as a pair occurs twice. No pair reaches over the border of two pieces, and none spells a token
 * that there is already, so that merging in this order, from left to right, is unambiguous.
 *
 * @source  Sennrich, Haddow & Birch, ACL 2016, algorithm 1
 */
export function mergesOf(texts: readonly string[], most: number): Merges {
  const pieces = countedPieces(texts);
  const spellings = Array.from({ length: 256 }, (_, b) => String.fromCharCode(b));
  const known = new Set(spellings);
  const counts = new Map<number, number>();
  const places = new Map<number, Set<Piece>>();
  const add = (key: number, piece: Piece, count: number): void => {
    const now = (counts.get(key) ?? 0) + count;
    if (now > 0) counts.set(key, now);
    else counts.delete(key);
    if (count < 0) return;
    const there = places.get(key);
    if (there) there.add(piece);
    else places.set(key, new Set([piece]));
  };
  for (const piece of pieces) eachPair(piece.tokens, (key) => add(key, piece, piece.count));
  const merges: [number, number][] = [];
  while (merges.length < most) {
    const best = commonest(counts);
    if (best === undefined) break;
    const [left, right] = [Math.floor(best / base), best % base];
    const spelling = spellings[left] + spellings[right];
    const affected = places.get(best) ?? [];
    places.delete(best);
    if (known.has(spelling)) {
      counts.delete(best);
      continue;
    }
    const token = spellings.push(spelling) - 1;
    known.add(spelling);
    merges.push([left, right]);
    for (const piece of affected) {
      const merged = mergePair(piece.tokens, left, right, token);
      if (merged.length === piece.tokens.length) continue;
      eachPair(piece.tokens, (key) => add(key, piece, -piece.count));
      eachPair(merged, (key) => add(key, piece, piece.count));
      piece.tokens = merged;
    }
  }
  return merges;
}

/** Every piece of the texts once, as bytes. */
function countedPieces(texts: readonly string[]): Piece[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const piece of piecesOf(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  const utf8 = new TextEncoder();
  return [...counts].map(([text, count]) => ({ tokens: Array.from(utf8.encode(text)), count }));
}

function eachPair(tokens: readonly number[], visit: (key: number) => void): void {
  for (let i = 1; i < tokens.length; i++) visit(keyOf(tokens[i - 1], tokens[i]));
}

/** The pair with the highest count, of several the one with the lowest numbers; undefined if none is frequent enough. */
function commonest(counts: ReadonlyMap<number, number>): number | undefined {
  let [best, most] = [Number.POSITIVE_INFINITY, fewest];
  for (const [key, count] of counts)
    if (count > most || (count === most && key < best)) {
      best = key;
      most = count;
    }
  return Number.isFinite(best) ? best : undefined;
}

/** The tokens with every pair (left, right), from left to right, made one. */
function mergePair(tokens: readonly number[], left: number, right: number, token: number): number[] {
  const merged: number[] = [];
  for (let i = 0; i < tokens.length; i++)
    if (tokens[i] === left && i + 1 < tokens.length && tokens[i + 1] === right) {
      merged.push(token);
      i++;
    } else merged.push(tokens[i]);
  return merged;
}
