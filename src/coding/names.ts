/** Vertex names beside a graph: strings by a model or front-coded and deflated, or ascending whole numbers as deflated differences. */
import { deflateSync, inflateSync } from "fflate";
import { UserError } from "../errors.ts";
import { concat, type Reader, reader, varint } from "./bytes.ts";
import { isSlow, leastStream, MODELLED_LIMIT } from "./bytewise.ts";
import { readModelled, tailBytes, writeModelled } from "./names-modelled.ts";

/** What vertices are called. */
export type Names = readonly string[] | Float64Array;

/** How names are written. 0: none, 1: whole numbers, 2: strings, deflated, 3: strings by a model. */
export interface WrittenNames {
  readonly kind: 0 | 1 | 2 | 3;
  readonly bytes: Uint8Array;
}

/** What a reader may do for a file. */
export interface Allowance {
  /** Bytes of memory. */
  readonly memory: number;
  /** Refuses what so small a file should not hold: a number of bytes, before they are made. */
  afford(held: number): void;
  /** Refuses what takes longer than so few bytes should: bytes that a model decodes from a stream. */
  slow(decoded: number, stream: number): void;
}

/** Byte lengths of the raw and the deflated part, then the deflated part. */
function packed(raw: Uint8Array): Uint8Array {
  const deflated = deflateSync(raw, { level: 9 });
  return concat([varint(raw.length), varint(deflated.length), deflated]);
}

function unpacked(input: Reader, limit: number): Uint8Array {
  const size = input.varint();
  if (size > limit) throw new UserError(`the names of vertices need ${size} bytes, more than the memory limit`, "raise --memory");
  const deflated = input.take(input.varint());
  // DEFLATE makes at most 1032 bytes of one (258 of two bits)
  if (size > 1032 * deflated.length + 64) throw new UserError("the names of vertices are damaged", "get an intact copy of the file");
  // a stream that inflates to more than it announces would be cut by the output buffer
  let raw: Uint8Array;
  try {
    raw = inflateSync(deflated, { out: new Uint8Array(size + 1) });
  } catch {
    throw new UserError("the names of vertices are damaged", "get an intact copy of the file");
  }
  if (raw.length !== size) throw new UserError("the names of vertices are damaged", "get an intact copy of the file");
  return raw;
}

/** Names in fewest bytes. */
export function writeNames(names: Names | undefined): WrittenNames {
  if (names === undefined) return { kind: 0, bytes: new Uint8Array() };
  if (names instanceof Float64Array) {
    const bytes: number[][] = [];
    names.forEach((x, i) => bytes.push(varint(i === 0 ? x : x - names[i - 1] - 1)));
    return { kind: 1, bytes: packed(concat(bytes)) };
  }
  const encoder = new TextEncoder();
  const texts = names.map((name) => encoder.encode(name));
  const deflated = { kind: 2, bytes: frontCoded(texts) } as const;
  const tails = tailBytes(texts);
  if (tails > MODELLED_LIMIT) return deflated;
  const stream = writeModelled(texts, tails);
  if (isSlow(tails, stream.length)) return deflated;
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const byModel = concat([varint(total), varint(tails), varint(stream.length), stream]);
  return byModel.length < deflated.bytes.length ? { kind: 3, bytes: byModel } : deflated;
}

/** For each name the number of leading UTF-8 bytes shared with the one before, the number of other bytes; the other bytes. */
function frontCoded(texts: readonly Uint8Array[]): Uint8Array {
  const lengths: number[][] = [];
  const tails: Uint8Array[] = [];
  let last = new Uint8Array() as Uint8Array;
  for (const text of texts) {
    let shared = 0;
    while (shared < last.length && last[shared] === text[shared]) shared++;
    lengths.push(varint(shared), varint(text.length - shared));
    tails.push(text.subarray(shared));
    last = text;
  }
  return concat([packed(concat(lengths)), packed(concat(tails))]);
}

/** Bytes that `count` strings take: shared beginnings are written once and held every time. */
function heldBytes(lengths: Reader, count: number): number {
  let bytes = 0;
  for (let i = 0; i < count; i++) bytes += 64 + 2 * (lengths.varint() + lengths.varint());
  return bytes;
}

const damaged = (): UserError => new UserError("the names of vertices are damaged", "get an intact copy of the file");

/**
 * Reads the names of `count` vertices.
 *
 * @throws UserError on damage: numbers must ascend, strings must be distinct UTF-8
 */
export function readNames(input: Reader, kind: number, count: number, allowance: Allowance): Names | undefined {
  if (kind === 0) return undefined;
  if (kind === 3) return distinct(byModel(input, count, allowance));
  const list = unpacked(input, allowance.memory);
  if (kind === 1) return ascending(reader(list), count);
  affordable(heldBytes(reader(list), count), allowance);
  return distinct(joined(reader(list), reader(unpacked(input, allowance.memory)), count));
}

function affordable(held: number, { memory, afford }: Allowance): void {
  if (held > memory)
    throw new UserError(`the names of vertices need ${held} bytes, more than the memory limit of ${memory}`, "raise --memory");
  afford(held);
}

function ascending(steps: Reader, count: number): Float64Array {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    numbers[i] = steps.varint() + (i === 0 ? 0 : numbers[i - 1] + 1);
    if (!Number.isSafeInteger(numbers[i])) throw damaged();
  }
  if (steps.left() > 0) throw damaged();
  return numbers;
}

function byModel(input: Reader, count: number, allowance: Allowance): Uint8Array[] {
  const [total, tails] = [input.varint(), input.varint()];
  const stream = input.take(input.varint());
  // a name that is shared to its end still takes a byte
  if (tails < count || leastStream(tails) > stream.length || total > 256 * tails) throw damaged();
  affordable(64 * count + 2 * total, allowance);
  allowance.slow(tails, stream.length);
  return readModelled(stream, count, tails, total) ?? refuse();
}

const refuse = (): never => {
  throw damaged();
};

function* joined(lengths: Reader, tails: Reader, count: number): Generator<Uint8Array> {
  let last = new Uint8Array() as Uint8Array;
  for (let i = 0; i < count; i++) {
    const shared = lengths.varint();
    const tail = tails.take(lengths.varint());
    if (shared > last.length) throw damaged();
    last = concat([last.subarray(0, shared), tail]);
    yield last;
  }
  if (lengths.left() > 0 || tails.left() > 0) throw damaged();
}

function distinct(texts: Iterable<Uint8Array>): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const names: string[] = [];
  for (const text of texts)
    try {
      names.push(decoder.decode(text));
    } catch {
      throw damaged();
    }
  if (new Set(names).size < names.length) throw damaged();
  return names;
}
