/**
 * Gap coding with reference rows, slowly and plainly: the format of `gaps.ts` bit for bit. For graphs whose numbering carries locality:
 * web graphs in the order of their addresses, crawls, anything numbered as it was found.
 *
 * The graph is rows: row u lists the distinct v of its edges (u, v), ascending. For each row: how many; which earlier row (1 to 32 back,
 * or none) it resembles; for each entry of that row, whether it is here too; the other entries as differences; how often each edge is
 * repeated. One traversal serves writing and reading. Numbers are the position of their highest bit, then the bits below it.
 *
 * @source rows by reference, copies and gaps: Boldi & Vigna, WWW 2004; entropy-coded with contexts: Versari et al. (Zuckerli), IEEE Access
 *   2020. The mixture of contexts is ours.
 */
import { type Ans, ans, pop, push, renormalize } from "./ans.ts";
import { type BitCoder, hash, type MixedCoder, mixedCoder, slotBits } from "./mixing.ts";
import { HEAD, type Stream } from "./plan.ts";

/** Rows looked back at. */
export const WINDOW = 32;
/** Bits coded by one ANS state. */
export const BLOCK = 2 ** 20;

/** A graph as rows. */
export interface Rows {
  /** Distinct second ends of every row, ascending. */
  readonly rows: readonly number[][];
  /** Multiplicities beside them; undefined: all one. */
  readonly counts?: readonly number[][];
}

/** Kinds of numbers; each has 256 sets of weights. */
const DEGREE = 0;
const REFERENCE = 1;
const FIRST = 2;
const GAP = 3;
const MULTIPLICITY = 4;
const COPY = 5;

const bitLength = (x: number) => (x === 0 ? 0 : 32 - Math.clz32(x));
const level = (x: number) => Math.min(15, bitLength(x));

/** Codes a whole number below 2^31. */
function codeNumber(code: MixedCoder, contexts: readonly number[], kind: number, value: number): number {
  const set = kind * 256;
  let node = 1;
  for (let b = 5; b >= 0; b--) node = 2 * node + code(contexts, node, set + node, (bitLength(value) >> b) & 1);
  const length = node - 64;
  if (length > 31) throw new Error("a number of more than 31 bits");
  if (length === 0) return 0;
  let x = 1;
  for (let b = length - 2; b >= 0; b--) {
    const depth = length - 2 - b;
    const bit = (value >> b) & 1;
    x =
      2 * x +
      (depth < 3
        ? code(contexts, 64 + 64 * length + x, set + 64 + 4 * length + depth, bit)
        : code([0x5151, hash(contexts.at(-1)!, x)], 64 + 64 * length + 32 + b, set + 192 + b, bit));
  }
  return x;
}

/** Writes (rows given) or reads (`rows` undefined) the rows of a graph. */
function codeRows(bitCoder: BitCoder, vertices: number, distinct: number, given: Rows | undefined, repeats: boolean): Rows {
  const code = mixedCoder(bitCoder, slotBits(vertices, distinct));
  const lastRow = new Int32Array(vertices).fill(-1); // the last row that held v
  const rowsOf = new Uint32Array(vertices); // how many rows held v so far
  const rows: number[][] = [];
  const counts: number[][] = [];
  const recency = (u: number, v: number) => level(u - lastRow[v]);
  let [before, beforeThat, lastBack, lastFirst, lastOthers, lastExtra] = [0, 0, 0, 0, 0, 0];
  for (let u = 0; u < vertices; u++) {
    const target = given?.rows[u] ?? [];
    const degreeContexts = [
      hash(1, level(before) * 16 + level(beforeThat)),
      hash(2, level(rowsOf[u])),
      hash(3, before),
      hash(4, Math.min(before, 31) * 16 + level(rowsOf[u])),
    ];
    const degree = codeNumber(code, degreeContexts, DEGREE, target.length);
    const previous = before;
    [beforeThat, before] = [before, degree];
    rows.push([]);
    if (degree > 0) {
      const referenceContexts = [hash(10, lastBack), hash(11, level(degree) * 16 + level(previous)), hash(12, 0)];
      const back = u === 0 ? 0 : codeNumber(code, referenceContexts, REFERENCE, chooseReference(rows, u, target, lastBack));
      lastBack = back;
      const copied = back > 0 ? codeCopies(code, u, rows[u - back], target, degree, recency, rowsOf) : [];
      const others = degree - copied.length;
      const fresh = target.filter((v) => back === 0 || !rows[u - back].includes(v));
      const row = [...copied];
      let [last, e1, e2] = [u, 0, 0];
      for (let i = 0; i < others; i++) {
        if (i === 0) {
          const contexts = [
            hash(30, level(degree) * 16 + level(others)),
            hash(31, lastFirst),
            hash(32, bitLength(lastFirst) * 16 + level(lastOthers)),
            hash(33, bitLength(Math.floor(u / (others + 1))) * 2 + (back > 0 ? 1 : 0)),
            hash(34, u >> 4),
          ];
          // difference to the row's own number, either sign: 0, -1, 1, -2, ... as 0, 1, 2, 3, ...
          const z = codeNumber(code, contexts, FIRST, fresh[0] >= u ? 2 * (fresh[0] - u) : 2 * (u - fresh[0]) - 1);
          last = z % 2 ? u - (z + 1) / 2 : u + z / 2;
          [lastFirst, e1] = [z, bitLength(z)];
        } else {
          const room = bitLength(Math.floor((vertices - last) / (others - i)));
          const next = last + 1 < vertices ? Math.min(7, recency(u, last + 1)) : 7;
          const popular = last + 1 < vertices ? Math.min(3, rowsOf[last + 1]) : 0;
          const contexts = [
            hash(40, e1 * 64 + e2),
            hash(41, room * 32 + e1),
            hash(42, level(others) * 16 + Math.min(i, 15)),
            hash(43, (next * 32 + e1) * 4 + popular),
            hash(44, room * 128 + bitLength(Math.abs(last - u)) * 2 + (last > u ? 1 : 0)),
            hash(45, last),
          ];
          const gap = codeNumber(code, contexts, GAP, fresh[i] - last - 1);
          [e2, e1] = [e1, bitLength(gap)];
          last += gap + 1;
        }
        if (last < 0 || last >= vertices) throw new Error("a vertex out of range");
        row.push(last);
      }
      lastOthers = others;
      rows[u] = row.sort((a, b) => a - b);
    }
    counts.push([]);
    if (repeats)
      rows[u].forEach((v, i) => {
        const contexts = [hash(50, lastExtra), hash(51, v), hash(52, u)];
        lastExtra = codeNumber(code, contexts, MULTIPLICITY, (given?.counts?.[u][i] ?? 1) - 1);
        counts[u].push(lastExtra + 1);
      });
    for (const v of rows[u]) {
      lastRow[v] = u;
      rowsOf[v]++;
    }
  }
  return { rows, counts };
}

/** Which entries of the reference row are here too. */
function codeCopies(
  code: MixedCoder,
  u: number,
  reference: readonly number[],
  target: readonly number[],
  degree: number,
  recency: (u: number, v: number) => number,
  rowsOf: Uint32Array,
): number[] {
  const copied: number[] = [];
  let [history, run, last] = [0, 0, -2];
  for (let j = 0; j < reference.length && copied.length < degree; j++) {
    const v = reference[j];
    const [left, need] = [reference.length - j, degree - copied.length];
    const newest = history & 1;
    const joins = (v - last === 1 ? 2 : 0) + (reference[j + 1] - v === 1 ? 1 : 0);
    const contexts = [
      hash(20, history & 31),
      hash(21, (recency(u, v) * 16 + level(rowsOf[v])) * 2 + newest),
      hash(22, (joins * 16 + Math.min(15, run)) * 2 + newest),
      hash(23, Math.min(31, Math.floor((16 * need + left) / (2 * left))) * 4 + (history & 3)),
      hash(24, hash(v, newest)),
      hash(25, hash(Math.min(need, 40) * 64 + Math.min(left, 63), newest)),
    ];
    const here = code(contexts, 1, COPY * 256 + (history & 3), target.includes(v) ? 1 : 0);
    history = ((history << 1) | here) & 0xffff;
    run = here === ((history >> 1) & 1) ? run + 1 : 0;
    last = v;
    if (here) copied.push(v);
  }
  return copied;
}

/** The encoder's choice: the row that shares most, for its length; any choice can be decoded. */
function chooseReference(rows: readonly number[][], u: number, target: readonly number[], lastBack: number): number {
  let [best, bestScore] = [0, 0];
  for (let back = 1; back <= Math.min(WINDOW, u) && target.length > 0; back++) {
    const row = rows[u - back];
    const common = row.filter((v) => target.includes(v)).length;
    const score = 60 * common - 6 * row.length - (back === lastBack ? 0 : 30) - 10 * bitLength(back);
    if (score > bestScore) [best, bestScore] = [back, score];
  }
  return best;
}

const M = 65536;

/** Streams that hold the rows. */
export function encodeRows(vertices: number, rows: Rows): Stream[] {
  const decisions: [number, number][] = [];
  codeRows(
    (p, bit) => {
      decisions.push([p, bit]);
      return bit;
    },
    vertices,
    rows.rows.reduce((sum, row) => sum + row.length, 0),
    rows,
    rows.counts !== undefined,
  );
  const streams: Stream[] = [];
  for (let at = 0; at < decisions.length; at += BLOCK) {
    const state = ans();
    for (const [p, bit] of decisions.slice(at, at + BLOCK).reverse()) bit ? push(state, 0, p, M) : push(state, p, M - p, M);
    renormalize(state, HEAD);
    streams.push({ head: state.head, bytes: Uint8Array.from(state.stack) });
  }
  return streams;
}

/** The rows of streams: the inverse of `encodeRows`. */
export function decodeRows(vertices: number, distinct: number, repeats: boolean, streams: readonly Stream[]): Rows {
  let state: Ans | undefined;
  let used = 0;
  const result = codeRows(
    (p) => {
      if (used % BLOCK === 0) {
        const { head, bytes } = streams[used / BLOCK];
        state = ans(head, [...bytes]);
      }
      used++;
      return pop(state!, M, (slot) => (slot < p ? { start: 0, f: p, symbol: 1 } : { start: p, f: M - p, symbol: 0 }));
    },
    vertices,
    distinct,
    undefined,
    repeats,
  );
  return repeats ? result : { rows: result.rows };
}
