/** Writes graphs as edge lists. */
import { UserError } from "../errors.ts";
import type { EdgeList } from "./graph-sink.ts";

/** Formats that are written. */
export const EDGE_FORMATS = ["edges", "csv", "mtx"] as const;
/** The name of one of them. */
export type EdgeFormat = (typeof EDGE_FORMATS)[number];

const CHUNK = 1 << 20;

/** The text of a graph in pieces. "edges": a comment, then two columns with a tab between; "csv": with a heading; "mtx": Matrix Market. */
export function* edgeLines(g: EdgeList, format: EdgeFormat): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const edges = g.pairs.length / 2;
  if (format === "mtx") {
    if (g.names) throw new UserError("the vertices have names or sparse numbers, which Matrix Market cannot hold", "use --to csv");
    yield encoder.encode(
      `%%MatrixMarket matrix coordinate pattern ${g.directed ? "general" : "symmetric"}\n${g.vertices} ${g.vertices} ${edges}\n`,
    );
  } else if (format === "csv") yield encoder.encode("source,target\n");
  else yield encoder.encode(`# ${g.vertices} vertices, ${edges} ${g.directed ? "directed" : "undirected"} edges\n`);
  const separator = { edges: 9, csv: 44, mtx: 32 }[format];
  // a symmetric matrix lists its lower half, and rows count from 1
  const pairs = format === "mtx" && !g.directed ? g.pairs.map((_, i) => g.pairs[i ^ 1]) : g.pairs;
  if (g.names) yield* named(pairs, g.names, format, encoder);
  else yield* numbered(pairs, separator, format === "mtx" ? 1 : 0);
}

function* numbered(pairs: Uint32Array, separator: number, offset: number): Generator<Uint8Array> {
  let out = new Uint8Array(CHUNK);
  let at = 0;
  for (let i = 0; i < pairs.length; i++) {
    let value = pairs[i] + offset;
    let digits = 1;
    for (let power = 10; value >= power; power *= 10) digits++;
    for (let d = digits - 1; d >= 0; d--) {
      const tenth = Math.floor(value / 10);
      out[at + d] = 48 + value - 10 * tenth;
      value = tenth;
    }
    at += digits;
    out[at++] = i % 2 ? 10 : separator;
    if (at > CHUNK - 32) {
      yield out.subarray(0, at);
      out = new Uint8Array(CHUNK);
      at = 0;
    }
  }
  yield out.subarray(0, at);
}

function* named(
  pairs: Uint32Array,
  names: NonNullable<EdgeList["names"]>,
  format: EdgeFormat,
  encoder: TextEncoder,
): Generator<Uint8Array> {
  const text = Array.from(names as ArrayLike<string | number>, (name) => field(String(name), format));
  const separator = format === "csv" ? "," : "\t";
  let block = "";
  for (let i = 0; i < pairs.length; i += 2) {
    block += text[pairs[i]] + separator + text[pairs[i + 1]] + "\n";
    if (block.length > CHUNK) {
      yield encoder.encode(block);
      block = "";
    }
  }
  yield encoder.encode(block);
}

function field(name: string, format: EdgeFormat): string {
  if (format === "csv") return /[",;\n\r\t]|^\s|\s$/.test(name) || name === "" ? `"${name.replaceAll('"', '""')}"` : name;
  if (/[\t\n\r"]|^\s|\s$|^(#|%|\/\/)/.test(name) || name === "")
    throw new UserError(`the name ${JSON.stringify(name)} cannot stand in a tab-separated list`, "use --to csv");
  return name;
}
