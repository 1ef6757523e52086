/** Vertex names beside a graph: strings front-coded and deflated, or ascending whole numbers as deflated differences. */
import { deflateSync, inflateSync } from "fflate";
import { UserError } from "../errors.ts";
import { concat, type Reader, reader, varint } from "./bytes.ts";

/** What vertices are called. */
export type Names = readonly string[] | Float64Array;

/** 0: none, 1: whole numbers, 2: strings. */
export const namesKind = (names: Names | undefined): number => (names === undefined ? 0 : names instanceof Float64Array ? 1 : 2);

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

/**
 * Writes names. Strings: for each the number of leading UTF-8 bytes shared with the one before, the number of other bytes, the other
 * bytes.
 */
export function writeNames(names: Names): Uint8Array {
  if (names instanceof Float64Array) {
    const bytes: number[][] = [];
    names.forEach((x, i) => bytes.push(varint(i === 0 ? x : x - names[i - 1] - 1)));
    return packed(concat(bytes));
  }
  const encoder = new TextEncoder();
  const lengths: number[][] = [];
  const tails: Uint8Array[] = [];
  let last = new Uint8Array();
  for (const name of names) {
    const text = encoder.encode(name);
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

/**
 * Reads the names of `count` vertices.
 *
 * @param afford  refuses a number of bytes that the names take, before they are made
 * @throws UserError on damage: numbers must ascend, strings must be distinct UTF-8
 */
export function readNames(input: Reader, kind: number, count: number, limit: number, afford: (bytes: number) => void): Names | undefined {
  const broken = new UserError("the names of vertices are damaged", "get an intact copy of the file");
  if (kind === 0) return undefined;
  const list = unpacked(input, limit);
  const lengths = reader(list);
  if (kind === 1) {
    const numbers = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      numbers[i] = lengths.varint() + (i === 0 ? 0 : numbers[i - 1] + 1);
      if (!Number.isSafeInteger(numbers[i])) throw broken;
    }
    if (lengths.left() > 0) throw broken;
    return numbers;
  }
  const bytes = heldBytes(reader(list), count);
  if (bytes > limit)
    throw new UserError(`the names of vertices need ${bytes} bytes, more than the memory limit of ${limit}`, "raise --memory");
  afford(bytes);
  const tails = reader(unpacked(input, limit));
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const names: string[] = [];
  let last = new Uint8Array();
  for (let i = 0; i < count; i++) {
    const shared = lengths.varint();
    const tail = tails.take(lengths.varint());
    if (shared > last.length) throw broken;
    last = concat([last.subarray(0, shared), tail]) as Uint8Array<ArrayBuffer>;
    try {
      names.push(decoder.decode(last));
    } catch {
      throw broken;
    }
  }
  if (lengths.left() > 0 || tails.left() > 0 || new Set(names).size !== count) throw broken;
  return names;
}
