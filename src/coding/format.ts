/** The file: magic, version, checksum, header, names, and one body. `docs/graph-format.md` describes it for other implementations. */
import { UserError } from "../errors.ts";
import { concat, crc32, fixed, type Reader, reader, varint } from "./bytes.ts";
import { type Names, namesKind, readNames, writeNames } from "./names.ts";
import { HEAD, type Stream } from "./plan.ts";

const MAGIC = [0x50, 0x46, 0x47]; // "PFG"
const VERSION = 1;

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
}

/** Whole file from its parts. */
export function writeFile(header: Header, body: Uint8Array): Uint8Array {
  const kind = BODIES.indexOf(header.body) + (header.directed ? 8 : 0) + 16 * namesKind(header.names);
  const names = header.names === undefined ? new Uint8Array() : writeNames(header.names);
  const rest = concat([[kind], varint(header.vertices), varint(header.edges), names, body]);
  return concat([MAGIC, [VERSION], fixed(crc32(rest), 4), rest]);
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
    throw new UserError(`format version ${bytes[3]}, this program reads version ${VERSION}`, "update pushforward");
  const input = reader(bytes.subarray(4));
  const checksum = input.fixed(4);
  if (crc32(bytes.subarray(8)) !== checksum)
    throw new UserError("file damaged: its checksum does not match", "get an intact copy of the file");
  const kind = input.byte();
  const [body, directed, named] = [BODIES[kind % 8], kind % 16 >= 8, kind >> 4];
  if (body === undefined || named > 2) throw new UserError("file damaged: unknown kind of body", "get an intact copy of the file");
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
  const names = readNames(input, named, vertices, memoryLimit, (held) => {
    if (!trust && held > 64 * plausible(bytes.length)) throw few;
  });
  return { header: { body, directed, vertices, edges, names }, body: input };
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

/** Streams: heads of 7 bytes, lengths of all but the last, then the bytes; the last stream takes what is left of `room`. */
export const writeStreams = (streams: readonly Stream[]): Uint8Array =>
  concat([
    ...streams.slice(0, -1).map(({ bytes }) => varint(bytes.length)),
    ...streams.map(({ head }) => fixed(head, 7)),
    ...streams.map(({ bytes }) => bytes),
  ]);

/**
 * Streams as `writeStreams` wrote them.
 * @throws UserError  when the file ends too soon
 */
export function readStreams(input: Reader, count: number): Stream[] {
  if (count > input.left()) throw new UserError("file truncated or damaged: it ends before its parts do", "get an intact copy of the file");
  const lengths = Array.from({ length: count - 1 }, () => input.varint());
  const heads = Array.from({ length: count }, () => input.fixed(7));
  if (heads.some((head) => head < HEAD || head >= 256 * HEAD))
    throw new UserError("file damaged: an ANS state is out of range", "get an intact copy of the file");
  return heads.map((head, i) => ({ head, bytes: input.take(i < count - 1 ? lengths[i] : input.left()) }));
}
