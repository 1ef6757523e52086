/** Random graphs through every model, and damaged files: the checks behind `files.test.ts`, and at length behind `npm run study:graph`. */
import { crc32 } from "../../src/coding/bytes.ts";
import { canonicalPairs, decodeGraph, type EncodeOptions, encode, type Graph } from "../../src/coding/index.ts";
import { UserError } from "../../src/errors.ts";
import { randomGraph } from "./known.ts";

type Below = (limit: number) => number;

/** A random graph, sometimes with names or sparse numbers. */
export function mixedGraph(below: Below, mostEdges: number): Graph {
  const g = randomGraph(below, mostEdges);
  const kind = below(8);
  if (kind > 1 || g.vertices > 2000) return g;
  const sparse = Float64Array.from({ length: g.vertices }, (_, i) => 3 * i + (i > 5 ? 2 ** 52 : 0));
  return { ...g, names: kind === 0 ? sparse : Array.from(sparse, (x) => `ver\ntex "${x}", ñ`) };
}

const optionsFor = (g: Graph, below: Below): EncodeOptions => ({
  model: (["urn", "gaps", "urn", "block-urn", "auto"] as const)[below(g.vertices > 5000 ? 3 : 5)],
  bias: ([undefined, 1, 0.3, 7] as const)[below(4)],
  shards: below(5) === 0 ? 1 + below(9) : 1,
  lanes: ([undefined, 1, 2, 8] as const)[below(4)],
});

/** Encodes with random options, decodes, compares everything; returns the kind of file. Throws on any difference. */
export function roundTrip(g: Graph, below: Below): string {
  const options = optionsFor(g, below);
  const { bytes, model } = encode(g, options);
  const back = decodeGraph(bytes);
  const expected = canonicalPairs(g);
  const same =
    back.vertices === g.vertices &&
    back.directed === g.directed &&
    back.pairs.length === expected.length &&
    expected.every((v, i) => v === back.pairs[i]) &&
    JSON.stringify(back.names) === JSON.stringify(g.names);
  if (!same)
    throw new Error(`${model} does not give back ${g.vertices} vertices, ${expected.length / 2} edges with ${JSON.stringify(options)}`);
  return model;
}

/** Damages a file (half of the time with a checksum that fits) and decodes it. True when that ends in a clear error; throws on anything but
 * that or the very same graph. */
export function corrupted(g: Graph, below: Below): boolean {
  const { bytes } = encode(g, optionsFor(g, below));
  let other = bytes.slice();
  const kind = below(3);
  if (kind === 0) other = other.slice(0, below(other.length));
  else if (kind === 1) for (let i = 0; i <= below(4); i++) other[below(other.length)] ^= 1 << below(8);
  else for (let i = below(other.length), n = below(6); n >= 0 && i < other.length; i++, n--) other[i] = below(256);
  if (other.length > 8 && below(2)) new DataView(other.buffer).setUint32(4, crc32(other.subarray(8)), true);
  try {
    const back = decodeGraph(other, { memoryLimit: 2 ** 26 });
    // a valid file of another graph is possible (a number of isolated vertices changed, a name), a graph out of range is not
    if (back.pairs.some((v) => v >= back.vertices)) throw new Error("an edge out of range");
    return false;
  } catch (error) {
    if (error instanceof UserError) return true;
    throw error;
  }
}
