/**
 * Safetensors files (github.com/huggingface/safetensors, format of version 0.4): a little-endian 64-bit header length, a JSON header
 * { name: { dtype, shape, data_offsets } }, then the data of all tensors without holes. Nothing in a file is trusted.
 */

import { FileFormatError } from "../errors.ts";
import { type ElementReader, elementReaders } from "./elements.ts";
import { type DType, dtypes, type NdArray, ndarray, sizeOf } from "./ndarray.ts";

/** Named arrays and the free text that a file carries with them. */
interface Safetensors {
  tensors: Record<string, NdArray>;
  metadata: Record<string, string>;
}

const readers: Record<string, ElementReader> = {
  F64: elementReaders.f8,
  F32: elementReaders.f4,
  F16: elementReaders.f2,
  BF16: { ...elementReaders.f2, dtype: "bf16" },
  I64: elementReaders.i8,
  U64: elementReaders.u8,
  I32: elementReaders.i4,
  U32: elementReaders.u4,
  I16: elementReaders.i2,
  U16: elementReaders.u2,
  I8: elementReaders.i1,
  U8: elementReaders.u1,
  BOOL: elementReaders.b1,
};

/** The format's own limit. */
const maxHeader = 100_000_000;
const maxRank = 64;

/**
 * Reads a file. Data are copied, so the result does not keep `file` alive.
 * @throws FileFormatError  naming the tensor, for anything that does not follow the format
 */
export function readSafetensors(file: Uint8Array): Safetensors {
  const { header, dataStart } = parseHeader(file);
  const available = file.length - dataStart;
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  const parsed = entries.map(([name, entry]) => ({ name, ...parseEntry(name, entry, available) }));

  let end = 0;
  for (const { name, begin, bytes } of parsed.toSorted((a, b) => a.begin - b.begin || a.bytes - b.bytes)) {
    const where = begin < end ? "inside" : "after a hole behind";
    if (begin !== end)
      throw new FileFormatError(`safetensors: tensor "${name}" begins at byte ${begin}, ${where} the tensor that ends at ${end}`);
    end += bytes;
  }
  if (end !== available) throw new FileFormatError(`safetensors: the tensors fill ${end} bytes, the file has ${available}`);

  const tensors = parsed.map(({ name, reader, shape, begin, bytes }) => {
    // a copy; slice() of Node's Buffer would be a view
    const raw = new Uint8Array(file.subarray(dataStart + begin, dataStart + begin + bytes)).buffer;
    try {
      return [name, ndarray(reader.read(raw), shape, reader.dtype)];
    } catch (error) {
      throw new FileFormatError(`safetensors: tensor "${name}": ${(error as Error).message}`);
    }
  });
  return { tensors: Object.fromEntries(tensors), metadata: parseMetadata(header.__metadata__) };
}

function parseHeader(file: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (file.length < 8) throw new FileFormatError(`safetensors: ${file.length} bytes are too few for a header`);
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (length > maxHeader) throw new FileFormatError(`safetensors: the header claims ${length} bytes (limit ${maxHeader})`);
  const dataStart = 8 + Number(length);
  if (dataStart > file.length)
    throw new FileFormatError(`safetensors: the header claims ${length} bytes, the file has ${file.length - 8}: truncated?`);
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, dataStart));
    header = JSON.parse(text);
  } catch (error) {
    throw new FileFormatError(`safetensors: the header is not UTF-8 JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  if (!isRecord(header)) throw new FileFormatError("safetensors: the header is not a JSON object");
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new FileFormatError(`safetensors: the header has the key "${twice}" twice`);
  return { header, dataStart };
}

function parseEntry(name: string, entry: unknown, available: number) {
  const fail = (why: string) => new FileFormatError(`safetensors: tensor "${name}": ${why}`);
  if (!isRecord(entry)) throw fail("its header entry is not an object");
  const { dtype, shape, data_offsets: offsets } = entry;
  const reader = typeof dtype === "string" && Object.hasOwn(readers, dtype) ? readers[dtype] : undefined;
  if (!reader) throw fail(`dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(readers).join(", ")}`);
  if (!isSizes(shape) || shape.length > maxRank) throw fail(`shape ${JSON.stringify(shape)?.slice(0, 100)} is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) throw fail(`data_offsets ${JSON.stringify(offsets)?.slice(0, 100)} are not two sizes`);
  const [begin, end] = offsets;
  if (begin > end || end > available) throw fail(`data_offsets [${begin}, ${end}] leave the data (${available} bytes)`);
  // a product that is not exact any more is far above what any file holds
  const bytes = sizeOf(shape) * reader.bytes;
  if (bytes !== end - begin) throw fail(`${dtype} [${shape.join(", ")}] needs ${bytes} bytes, data_offsets give ${end - begin}`);
  return { reader, shape, begin, bytes };
}

function parseMetadata(metadata: unknown): Record<string, string> {
  if (metadata === undefined) return {};
  if (!isRecord(metadata) || !Object.values(metadata).every((v) => typeof v === "string"))
    throw new FileFormatError("safetensors: __metadata__ is not a map from text to text");
  return metadata as Record<string, string>;
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const isSizes = (v: unknown): v is number[] => Array.isArray(v) && v.every((n) => Number.isSafeInteger(n) && n >= 0);

/** A key that occurs twice in an object of a valid JSON text (JSON.parse would keep the last one silently). */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon) {
      const key: string = JSON.parse(token.slice(0, -colon.length));
      const seen = open[open.length - 1];
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

const names: Record<DType, string> = {
  f64: "F64",
  f32: "F32",
  f16: "F16",
  bf16: "BF16",
  i64: "I64",
  i32: "I32",
  u8: "U8",
  bool: "BOOL",
};

/** Writes a file; wide dtypes come first, so that every tensor is aligned. The same input gives the same bytes. */
export function writeSafetensors(tensors: Record<string, NdArray>, metadata: Record<string, string> = {}): Uint8Array {
  if (Object.hasOwn(tensors, "__metadata__")) throw new FileFormatError('safetensors: a tensor cannot be called "__metadata__"');
  const order = Object.entries(tensors).sort(([, a], [, b]) => dtypes[b.dtype].bytes - dtypes[a.dtype].bytes);
  let size = 0;
  const entries = order.map(([name, { dtype, shape, data }]) => {
    const begin = size;
    size += data.byteLength;
    return [name, { dtype: names[dtype], shape, data_offsets: [begin, size] }] as const;
  });
  const described = Object.keys(metadata).length > 0 ? [["__metadata__", metadata] as const, ...entries] : entries;
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(described)));
  const padded = Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(8 + padded + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.fill(0x20, 8, 8 + padded).set(header, 8);
  entries.forEach(([, entry], i) => {
    const { data } = order[i][1];
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 8 + padded + entry.data_offsets[0]);
  });
  return file;
}
