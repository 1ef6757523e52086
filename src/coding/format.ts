/** The file: magic, version, checksum, header, names, and one body. `docs/graph-format.md` describes it for other implementations. */
import { UserError } from "../errors.ts";
import { concat, crc32, fixed, type Part, type Reader, reader, varint } from "./bytes.ts";
import { isSlow } from "./bytewise.ts";
import { type PackedColumn, readColumns } from "./columns.ts";
import { type Allowance, type Names, readNames, writeNames } from "./names.ts";

const MAGIC = [0x50, 0x46, 0x47]; // "PFG"
/**
 * Version 1 has no names by a model and no columns, version 2 no columns of vertices; files that need none of that are of the older
 * version, so that older programs read them.
 */
const VERSION = 3;

/** Bodies, by number. */
const BODIES = ["empty", "urn", "block-urn", "gaps", "shards"] as const;
/** How the edges of a file are coded. */
export type BodyKind = (typeof BODIES)[number];

/** What a file says of its graph before the edges. */
export interface Header {
  readonly body: BodyKind;
  readonly directed: boolean;
  readonly vertices: number;
  readonly edges: number;
  readonly names: Names | undefined;
  /** Columns beside the edges, as they are packed. */
  readonly columns?: readonly PackedColumn[];
  /** Columns beside the vertices. */
  readonly vertexColumns?: readonly PackedColumn[];
}

/** Whole file from its parts; columns of edges and of vertices as `writeColumns` gives them. */
export function writeFile(
  header: Omit<Header, "columns" | "vertexColumns">,
  body: readonly Part[],
  columns?: Uint8Array,
  vertexColumns?: Uint8Array,
): Uint8Array {
  const names = writeNames(header.names);
  const kind = BODIES.indexOf(header.body) + (header.directed ? 8 : 0) + 16 * names.kind + (columns ? 64 : 0) + (vertexColumns ? 128 : 0);
  const version = vertexColumns ? 3 : names.kind === 3 || columns ? 2 : 1;
  const head = [...MAGIC, version, ...fixed(0, 4), kind, ...varint(header.vertices), ...varint(header.edges)];
  const sized = (part: Uint8Array | undefined): Part[] => (part ? [varint(part.length), part] : []);
  const bytes = concat([head, names.bytes, ...sized(columns), ...sized(vertexColumns), ...body]);
  bytes.set(fixed(crc32(bytes.subarray(8)), 4), 4);
  return bytes;
}

/**
 * Reads everything before the body and checks the checksum of the whole file.
 *
 * @throws UserError on a foreign, newer, truncated or damaged file, or one that needs more than `memoryLimit` bytes
 */
export function readFile(bytes: Uint8Array, memoryLimit: number, trust = false): { header: Header; body: Reader } {
  if (bytes.length < 8 || MAGIC.some((b, i) => bytes[i] !== b))
    throw new UserError("not a Pushforward graph: the file does not begin with PFG", "compress a graph first: pushforward graph compress");
  if (bytes[3] > VERSION || bytes[3] === 0)
    throw new UserError(`format version ${bytes[3]}, this program reads versions 1 to ${VERSION}`, "update pushforward");
  const input = reader(bytes.subarray(4));
  const checksum = input.fixed(4);
  if (crc32(bytes.subarray(8)) !== checksum)
    throw new UserError("file damaged: its checksum does not match", "get an intact copy of the file");
  const kind = input.byte();
  const [body, directed, named] = [BODIES[kind % 8], kind % 16 >= 8, (kind >> 4) % 4];
  const [hasColumns, hasVertexColumns] = [(kind & 64) > 0, (kind & 128) > 0];
  // the version is not under the checksum: it must be the one that such a file has
  if (body === undefined || bytes[3] !== (hasVertexColumns ? 3 : named === 3 || hasColumns ? 2 : 1))
    throw new UserError("file damaged: unknown kind of body", "get an intact copy of the file");
  const vertices = input.varint();
  const edges = input.varint();
  const need = 12 * vertices + (body === "empty" ? 0 : 40 * edges);
  if (vertices > 2 ** 30 || edges > 2 ** 31 || need > memoryLimit)
    throw new UserError(
      `${vertices} vertices and ${edges} edges need about ${Math.ceil(need / 2 ** 20)} MiB, ` +
        `more than the limit of ${Math.floor(memoryLimit / 2 ** 20)} MiB`,
      "raise --memory",
    );
  if ((body === "empty") !== (edges === 0) || (edges > 0 && vertices === 0))
    throw new UserError("file damaged: edges without a body, or the other way round", "get an intact copy of the file");
  const few = implausible(bytes.length, vertices, edges);
  if (!trust && needsTrust(bytes.length, { body, vertices, edges })) throw few;
  const allowance: Allowance = {
    memory: memoryLimit,
    afford(held) {
      if (!trust && held > 64 * plausible(bytes.length)) throw few;
    },
    slow(decoded, stream) {
      if (!trust && isSlow(decoded, stream)) throw few;
    },
  };
  const names = readNames(input, named, vertices, allowance);
  const ofEdges = hasColumns ? readColumns(input.take(input.varint()), "edges", edges, allowance) : undefined;
  const ofVertices = hasVertexColumns
    ? readColumns(input.take(input.varint()), "vertices", vertices, allowance, (ofEdges?.need ?? 0) + 8 * vertices)
    : undefined;
  const [columns, vertexColumns] = [ofEdges?.columns, ofVertices?.columns];
  return { header: { body, directed, vertices, edges, names, columns, vertexColumns }, body: input };
}

/**
 * Edges, coded vertices and names that a file of so many bytes may hold without being asked. A few bytes can hold any number of equal
 * edges, which takes minutes to decode: 2^22 take seconds.
 */
const plausible = (bytes: number): number => 2 ** 22 + 2 ** 12 * bytes;

const implausible = (bytes: number, vertices: number, edges: number): UserError =>
  new UserError(
    `a file of ${bytes} bytes that says it holds ${vertices} vertices and ${edges} edges: decoding it would take very long`,
    "if you know where it comes from, say --trust",
  );

/** Does a file need `trust` to be read? Coded row by row or label by label, vertices take time even without edges; in urns less. */
export const needsTrust = (bytes: number, { body, vertices, edges }: Pick<Header, "body" | "vertices" | "edges">): boolean =>
  edges + (body === "gaps" || body === "block-urn" ? vertices : vertices / 16) > plausible(bytes);
