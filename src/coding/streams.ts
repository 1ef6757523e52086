/** ANS states as bytes. */
import { UserError } from "../errors.ts";
import { concat, fixed, type Part, type Reader, varint } from "./bytes.ts";
import { HEAD, type Stream } from "./plan.ts";

/** Streams: heads of 7 bytes, lengths of all but the last, then the bytes; the last stream takes what is left of `room`. */
export const streamParts = (streams: readonly Stream[]): Part[] => [
  ...streams.slice(0, -1).map(({ bytes }) => varint(bytes.length)),
  ...streams.map(({ head }) => fixed(head, 7)),
  ...streams.map(({ bytes }) => bytes),
];

/** `streamParts` as one. */
export const writeStreams = (streams: readonly Stream[]): Uint8Array => concat(streamParts(streams));

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
