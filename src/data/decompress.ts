/**
 * Undoes gzip and Zstandard while bytes come: any number of members or frames, skippable frames, zeros after the last gzip member; bzip2 and xz by
 * libraries.
 */
import * as zlib from "node:zlib";
import { UserError } from "../errors.ts";
import { otherCompression, undone } from "./decompress-others.ts";

interface Decoder extends NodeJS.ReadWriteStream {
  readonly bytesWritten: number;
}

type Codec = { readonly name: string; readonly make: () => Decoder };

const zstd = (zlib as { createZstdDecompress?: () => Decoder }).createZstdDecompress;

/** What the first bytes of a part announce. */
function codecOf(bytes: Uint8Array): "gzip" | "zstd" | "skippable" | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "gzip";
  if (bytes.length < 4) return undefined;
  const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (magic === 0xfd2fb528) return "zstd";
  return (magic & 0xfffffff0) >>> 0 === 0x184d2a50 ? "skippable" : undefined;
}

/** Bytes that are decoded at a time: they may become a thousand times as many. */
const piece = 1 << 16;

/**
 * The bytes of a stream as they were before they were compressed; those that are not compressed as they are. A piece of the stream need
 * only stay what it is until the next is asked for, and the same holds for what comes out.
 *
 * @param onRead  is told how many bytes of the input were read
 * @throws UserError  for damaged or cut data, and for Zstandard where Node lacks it
 */
export async function* decompressed(
  input: AsyncIterable<Uint8Array>,
  source: string,
  onRead: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const [first, all] = await peeked(counted(input, onRead), longestMagic);
  const other = otherCompression(first);
  yield* other ? undone(other, all, source) : members(all, source);
}

/** Bytes that tell bzip2 and xz from others. */
const longestMagic = 6;

async function* counted(input: AsyncIterable<Uint8Array>, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) {
    onRead(chunk.length);
    yield chunk;
  }
}

/** The first bytes of a stream, `count` where there are so many, and the whole of it. */
async function peeked(input: AsyncGenerator<Uint8Array>, count: number): Promise<[Uint8Array, AsyncGenerator<Uint8Array>]> {
  let first: Uint8Array = new Uint8Array();
  while (first.length < count) {
    const next = await input.next();
    if (next.done) break;
    first = Buffer.concat([first, next.value]); // a copy: the next piece may lie where this one does
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    try {
      if (first.length > 0) yield first;
      yield* input;
    } finally {
      await input.return(undefined); // who stops at the first piece closes the file too
    }
  };
  return [first, all()];
}

/** Members of gzip and frames of Zstandard one after another, or bytes that are not compressed. */
async function* members(input: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array();
  let part: Part | undefined;
  let skip = 0; // bytes of a skippable frame that are still to come
  let [plain, begun, padded] = [false, false, false];
  for await (const chunk of input) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    while (rest.length > 0) {
      if (plain) {
        yield rest;
        rest = new Uint8Array();
      } else if (skip > 0) {
        const now = Math.min(skip, rest.length);
        rest = rest.subarray(now);
        skip -= now;
      } else if (part) {
        const taken = await part.feed(rest.subarray(0, piece));
        yield* part.take();
        rest = rest.subarray(taken);
        if (part.isOver()) part = undefined;
      } else {
        if (padded) rest = withoutPadding(rest);
        if (rest.length < 8) break; // the first bytes of a part are not all there yet
        const kind = codecOf(rest);
        if (!begun) refuseArchives(rest, source);
        if (kind === undefined && begun) throw new UserError(`${source}: other data follow the compressed ones`, "the file may be damaged");
        if (kind === undefined) plain = true;
        else if (kind === "skippable") {
          skip = 8 + new DataView(rest.buffer, rest.byteOffset).getUint32(4, true);
        } else part = openPart(kind === "gzip" ? { name: "gzip", make: zlib.createGunzip } : zstdCodec(source), source);
        begun = true;
        padded = kind === "gzip";
      }
    }
    rest = Buffer.from(rest); // a few bytes at most
  }
  if (part) {
    await part.finish();
    yield* part.take();
  }
  if (skip > 0) throw new UserError(`${source}: the compressed data are cut off`, "get a complete copy of the file");
  if (rest.length > 0 && !begun && codecOf(rest) === undefined) yield rest;
  else if ((padded ? withoutPadding(rest) : rest).length > 0)
    throw new UserError(
      `${source}: other data follow the compressed ones, or the compressed data are cut off`,
      "get a complete copy of the file",
    );
}

/** An archive of files is named, so that its bytes are not taken for a list. */
function refuseArchives(bytes: Uint8Array, source: string): void {
  if (Buffer.from(bytes.subarray(0, 4)).toString("latin1") !== "PK\x03\x04") return;
  throw new UserError(`${source}: compressed with zip, which is not read`, "unzip -p FILE | pushforward … - --from FORMAT");
}

function zstdCodec(source: string): Codec {
  if (!zstd) throw new UserError(`${source}: zstd needs Node 22.15 or later`, "update Node, or decompress it first");
  return { name: "zstd", make: zstd };
}

/** Without the zeros that some tools leave after the last member. */
function withoutPadding(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return bytes.subarray(at);
}

/** One member or frame that is being decoded. */
interface Part {
  /** Gives it bytes; resolves to how many of them belonged to it. */
  feed(bytes: Uint8Array): Promise<number>;
  /** There are no more bytes. */
  finish(): Promise<void>;
  /** What has been decoded since it was asked last. */
  take(): Uint8Array[];
  isOver(): boolean;
}

function openPart({ make }: Codec, source: string): Part {
  const decoder = make();
  let out: Uint8Array[] = [];
  let [over, written] = [false, 0];
  let failed: Error | undefined;
  let wake = (): void => undefined;
  decoder.on("data", (bytes: Uint8Array) => out.push(bytes));
  decoder.on("end", () => {
    over = true;
    wake();
  });
  decoder.on("error", (error: Error) => {
    failed = error;
    wake();
  });
  const check = (): void => {
    if (failed) throw new UserError(`${source}: damaged compression: ${failed.message}`, "the file may be cut off");
  };
  return {
    async finish() {
      if (over) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        decoder.end();
      });
      check();
    },
    async feed(bytes) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        decoder.write(bytes, () => setImmediate(resolve)); // after an end that the same bytes brought
      });
      check();
      const taken = over ? decoder.bytesWritten - written : bytes.length;
      written = decoder.bytesWritten;
      return taken;
    },
    take() {
      const now = out;
      out = [];
      return now;
    },
    isOver: () => over,
  };
}
