/**
 * Gap coding at speed: the host of the WebAssembly kernel `gaps.as.ts`. The model is told in `gaps-reference.ts`; the bytes are the same.
 */

import type { Kernel } from "../array/wasm.ts";
import { UserError } from "../errors.ts";
import wasm from "./gaps.wasm.ts";
import { canonicalPairs, type Graph, makeCanonical } from "./graph.ts";
import { withKernel } from "./kernel.ts";
import type { Stream } from "./plan.ts";
import { damaged, type Progress } from "./rec.ts";

interface Calls {
  allocate(bytes: number): number;
  open(rows: number, edges: number, repeats: boolean, mode: number, blocks: number): number;
  rowStarts(): number;
  rowEntries(): number;
  rowCounts(): number;
  blockRecords(): number;
  blocksWritten(): number;
  idealLength(): number;
  startAt(row: number): void;
  run(edges: number, end: number): number;
  finish(): number;
}

/** How the graph becomes rows: first and second ends swapped; vertices numbered from the far end. */
export interface Reading {
  readonly transposed: boolean;
  readonly reversed: boolean;
}

/** The four ways in which a graph can be read as rows. */
export const READINGS: readonly Reading[] = [false, true].flatMap((transposed) =>
  [false, true].map((reversed) => ({ transposed, reversed })),
);

interface GapStreams {
  readonly reading: Reading;
  /** Whether multiplicities follow the rows. */
  readonly repeats: boolean;
  /** Distinct edges. */
  readonly distinct: number;
  /** One state a 2^20 binary decisions. */
  readonly streams: readonly Stream[];
}

const ENCODE = 0;
const DECODE = 1;
const MEASURE = 2;
const MOST_BLOCKS = 65536;
const CHUNK = 1 << 16;
const STRETCHES = 8;

const u32 = (k: Kernel<Calls>, at: number, length: number) => new Uint32Array(k.memory.buffer, at >>> 0, length);
const tooLarge = () => new UserError("graph too large for the 4 GiB of one WebAssembly memory", "use --model urn with --shards");

/** The canonical pairs of the graph under a reading (its own inverse on the graphs it gives); `out` is room for them. */
function reread({ pairs, vertices, directed }: Graph, { transposed, reversed }: Reading, out: Uint32Array): Uint32Array {
  if (!transposed && !reversed) return canonicalPairs({ vertices, directed, pairs });
  for (let i = 0; i < pairs.length; i += 2) {
    let [a, b] = [pairs[i], pairs[i + 1]];
    if (reversed) [a, b] = [vertices - 1 - a, vertices - 1 - b];
    if (!directed && a > b) [a, b] = [b, a];
    out[i] = transposed ? b : a;
    out[i + 1] = transposed ? a : b;
  }
  makeCanonical({ vertices, directed: true, pairs: out });
  return out;
}

/** Puts sorted pairs into the kernel as rows of distinct entries. */
function openRows(k: Kernel<Calls>, g: Graph, sorted: Uint32Array, mode: number): { repeats: boolean; distinct: number } {
  let distinct = 0;
  const isNew = (i: number) => i === 0 || sorted[i] !== sorted[i - 2] || sorted[i + 1] !== sorted[i - 1];
  for (let i = 0; i < sorted.length; i += 2) if (isNew(i)) distinct++;
  const repeats = 2 * distinct < sorted.length;
  if (!k.call.open(g.vertices, distinct, repeats, mode, mode === ENCODE ? MOST_BLOCKS : 0)) throw tooLarge();
  const starts = u32(k, k.call.rowStarts(), g.vertices + 1);
  const entries = u32(k, k.call.rowEntries(), distinct);
  const counts = repeats ? u32(k, k.call.rowCounts(), distinct).fill(0) : undefined;
  let at = -1;
  let row = 0;
  for (let i = 0; i < sorted.length; i += 2) {
    if (isNew(i)) {
      while (row < sorted[i]) starts[++row] = at + 1;
      entries[++at] = sorted[i + 1];
    }
    if (counts) counts[at]++;
  }
  while (row < g.vertices) starts[++row] = distinct;
  return { repeats, distinct };
}

/**
 * About how many bits an edge costs under a reading, measured on stretches of rows all over the graph that hold `sample` edges.
 * Exact when the sample is the whole graph.
 */
function measure(g: Graph, reading: Reading, sample: number, room: Uint32Array): number {
  const sorted = reread(g, reading, room);
  return withKernel<Calls, number>(wasm, (k) => measureWith(k, g, sorted, sample));
}

function measureWith(k: Kernel<Calls>, g: Graph, sorted: Uint32Array, sample: number): number {
  openRows(k, g, sorted, MEASURE);
  const m = sorted.length / 2;
  const starts = u32(k, k.call.rowStarts(), g.vertices + 1);
  const stretches = sample >= m ? 1 : STRETCHES;
  let coded = 0;
  for (let i = 0, end = 0; i < stretches; i++) {
    const from = stretches === 1 ? 0 : Math.max(end, sorted[2 * Math.floor(((i + 0.5) * m - sample / 2) / stretches)]);
    end = stretches === 1 ? g.vertices : Math.max(from, sorted[2 * Math.floor(((i + 0.5) * m + sample / 2) / stretches)] + 1);
    k.call.startAt(from);
    while (k.call.run(CHUNK, end) < end);
    coded += starts[end] - starts[from];
  }
  return (k.call.idealLength() / Math.max(1, coded)) * (starts[g.vertices] / Math.max(1, m));
}

/**
 * The best of the four readings, chosen on stretches of rows, and its bits for the whole graph: exact up to `sample` edges, extrapolated
 * from longer stretches above.
 */
export function gapIdeal(g: Graph, sample = 400_000): { bits: number; reading: Reading; exact: boolean } {
  const m = g.pairs.length / 2;
  const trial = Math.min(sample / 8, m);
  const room = new Uint32Array(g.pairs.length);
  const trials = READINGS.map((reading) => ({ reading, bits: m * measure(g, reading, trial, room) }));
  const { reading, bits } = trials.reduce((a, b) => (b.bits < a.bits ? b : a));
  return { reading, bits: trial === m ? bits : m * measure(g, reading, Math.min(sample, m), room), exact: sample >= m };
}

/** Streams of a graph under one reading. */
export function encodeGaps(g: Graph, reading: Reading, progress?: Progress): GapStreams {
  const sorted = reread(g, reading, new Uint32Array(g.pairs.length));
  return { reading, ...withKernel<Calls, Omit<GapStreams, "reading">>(wasm, (k) => encodeWith(k, g, sorted, progress)) };
}

function encodeWith(k: Kernel<Calls>, g: Graph, sorted: Uint32Array, progress?: Progress): Omit<GapStreams, "reading"> {
  const { repeats, distinct } = openRows(k, g, sorted, ENCODE);
  for (let row = 0; row < g.vertices; ) {
    row = k.call.run(CHUNK, g.vertices);
    if (row < 0) throw tooLarge();
    progress?.(u32(k, k.call.rowStarts() + 4 * row, 1)[0]);
  }
  if (!k.call.finish()) throw tooLarge();
  const streams = Array.from({ length: k.call.blocksWritten() }, (_, i): Stream => {
    const record = (k.call.blockRecords() >>> 0) + 16 * i;
    const [at, length] = u32(k, record, 2);
    const head = Number(new BigUint64Array(k.memory.buffer, record + 8, 1)[0]);
    return { head, bytes: new Uint8Array(k.memory.buffer, at, length).slice() };
  });
  return { repeats, distinct, streams };
}

/**
 * Decodes the pairs of a graph of which the vertices, direction and number of edges are known.
 *
 * @throws UserError when the streams are damaged
 */
export function decodeGaps(g: Omit<Graph, "pairs">, edges: number, coded: GapStreams, progress?: Progress): Uint32Array {
  const pairs = withKernel<Calls, Uint32Array>(wasm, (k) => decodeWith(k, g, edges, coded, progress));
  const { transposed, reversed } = coded.reading;
  if (!transposed && !reversed) return pairs;
  for (let i = 0; i < pairs.length; i += 2) {
    const [a, b] = transposed ? [pairs[i + 1], pairs[i]] : [pairs[i], pairs[i + 1]];
    pairs[i] = reversed ? g.vertices - 1 - a : a;
    pairs[i + 1] = reversed ? g.vertices - 1 - b : b;
  }
  return canonicalPairs({ ...g, pairs });
}

/** The pairs in the order of their rows. */
function decodeWith(k: Kernel<Calls>, g: Omit<Graph, "pairs">, edges: number, coded: GapStreams, progress?: Progress): Uint32Array {
  if (!k.call.open(g.vertices, coded.distinct, coded.repeats, DECODE, coded.streams.length)) throw tooLarge();
  coded.streams.forEach(({ head, bytes }, i) => {
    const at = k.call.allocate(bytes.length) >>> 0;
    if (!at) throw tooLarge();
    new Uint8Array(k.memory.buffer, at, bytes.length).set(bytes);
    const record = (k.call.blockRecords() >>> 0) + 16 * i;
    u32(k, record, 2).set([at, bytes.length]);
    new BigUint64Array(k.memory.buffer, record + 8, 1)[0] = BigInt(head);
  });
  for (let row = 0, done = 0; row < g.vertices; ) {
    row = k.call.run(CHUNK, g.vertices);
    if (row < 0) throw damaged(done, edges);
    done = u32(k, k.call.rowStarts() + 4 * row, 1)[0];
    progress?.(done);
  }
  if (!k.call.finish()) throw damaged(coded.distinct, edges);
  const starts = u32(k, k.call.rowStarts(), g.vertices + 1);
  const entries = u32(k, k.call.rowEntries(), coded.distinct);
  const counts = coded.repeats ? u32(k, k.call.rowCounts(), coded.distinct) : undefined;
  const total = counts ? counts.reduce((a, b) => a + b, 0) : coded.distinct;
  if (total !== edges) throw damaged(coded.distinct, edges);
  const pairs = new Uint32Array(2 * edges);
  for (let row = 0, out = 0; row < g.vertices; row++)
    for (let i = starts[row]; i < starts[row + 1]; i++)
      for (let c = counts ? counts[i] : 1; c > 0; c--) {
        pairs[out++] = row;
        pairs[out++] = entries[i];
      }
  return pairs;
}
