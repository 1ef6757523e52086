/** Graphs from bytes in memory, by the ending of their name: what a page reads, and the part of `readGraph` that needs no files. */
import { UserError } from "../errors.ts";
import { type EdgeTextOptions, edgeText } from "./graph-edges.ts";
import { type GraphDocumentOptions, type ReadGraph, readMatrixMarket } from "./graph-formats.ts";
import { readGml } from "./graph-gml.ts";
import { readGraphMl } from "./graph-graphml.ts";
import { readNodeLink } from "./graph-json.ts";
import { readMetis, readPajek } from "./graph-others.ts";
import { edgeSink, type SinkOptions, undirectedNote } from "./graph-sink.ts";

/** How an edge list is read. */
export interface EdgeListOptions extends EdgeTextOptions, Omit<SinkOptions, "directed"> {
  /** Default: what the file says, else undirected. */
  readonly directed?: boolean;
}

const readers = { mtx: readMatrixMarket, graphml: readGraphMl, json: readNodeLink, gml: readGml, pajek: readPajek, metis: readMetis };
/** Formats that are read as a whole, not line by line. */
export type DocumentFormat = keyof typeof readers;

const endings: Readonly<Record<string, DocumentFormat>> = {
  ...{ mtx: "mtx", graphml: "graphml", xml: "graphml", json: "json" },
  ...{ gml: "gml", net: "pajek", paj: "pajek", metis: "metis" },
};

/** A graph from a document that is in memory. @throws UserError */
export const graphOfDocument = (format: DocumentFormat, bytes: Uint8Array, source: string, options: GraphDocumentOptions): ReadGraph =>
  readers[format](textOf(bytes, source), source, options);

/**
 * Text in the encoding that an XML declaration names, else UTF-8.
 * @throws UserError  for bytes that are not that: two names must never become one
 */
function textOf(bytes: Uint8Array, source: string): string {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  const encoding = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/i.exec(start)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    const known = error instanceof RangeError ? `the encoding ${encoding} is not known` : `not ${encoding} text`;
    throw new UserError(`${source}: ${known}`, "convert it to UTF-8");
  }
}

/** A graph from an edge list that comes in pieces. @throws UserError naming the line */
export async function graphOfEdges(
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  source: string,
  options: EdgeListOptions,
): Promise<ReadGraph> {
  const sink = edgeSink(options);
  const parser = edgeText(source, sink, options);
  for await (const chunk of input) parser.write(chunk);
  const { notes, columns, ofVertices, ...facts } = parser.end();
  const { directed } = facts;
  const said =
    options.directed !== undefined || options.bipartite
      ? []
      : [directed === undefined ? undirectedNote : `${directed ? "directed" : "undirected"}, as the file says`];
  const plain = { ...sink.finish(facts), ...(columns && { columns }) };
  const { graph, notes: told } = ofVertices?.beside(plain) ?? { graph: plain, notes: [] };
  return { graph, notes: [...said, ...notes, ...told] };
}

/** Is this how a Matrix Market file begins, whatever it is called? */
export const isMatrixMarket = (start: Uint8Array): boolean =>
  /^%%MatrixMarket\b/i.test(new TextDecoder("latin1").decode(start.subarray(0, 16)));

/**
 * A graph from a file in memory: an edge list, or what the ending says; a gzipped one is unpacked.
 * @throws UserError  for bytes that are not that, and for graphs that need more memory than `memoryLimit`
 */
export async function graphOfBytes(bytes: Uint8Array, name: string, options: { readonly memoryLimit: number }): Promise<ReadGraph> {
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const content = packed ? await gunzipped(bytes, name, options.memoryLimit) : bytes;
  const ending = /\.(\w+)$/.exec(name.replace(/\.gz$/i, ""))?.[1].toLowerCase() ?? "";
  const format = isMatrixMarket(content) ? "mtx" : Object.hasOwn(endings, ending) ? endings[ending] : undefined;
  if (format === undefined) return graphOfEdges([content], name, options);
  if (4 * content.length > options.memoryLimit)
    throw new UserError(`${name} needs more than ${options.memoryLimit} bytes of memory`, "an edge list needs less");
  return graphOfDocument(format, content, name, options);
}

async function gunzipped(bytes: Uint8Array, name: string, limit: number): Promise<Uint8Array> {
  const chunks: BlobPart[] = [];
  let size = 0;
  try {
    for await (const chunk of new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("gzip"))) {
      size += chunk.length;
      if (size > limit) throw new UserError(`${name} unpacks to more than ${limit} bytes`, "unpack it, and give a part");
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${name}: damaged gzip data`, "was it cut off on its way?");
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
