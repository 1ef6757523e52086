/**
 * NumPy's .npy format, versions 1 to 3 (numpy.lib.format): magic, version, header length, a Python dictionary literal
 * { 'descr', 'fortran_order', 'shape' }, then the elements. Pickled objects are never opened.
 */

import { FileFormatError } from "../errors.ts";
import { type ElementReader, elementReaders } from "./elements.ts";
import { type DType, fromBf16, type NdArray, ndarray, type Shape, sizeOf } from "./ndarray.ts";

/** An array of text, row-major. */
export interface StringArray {
  readonly dtype: "string";
  readonly shape: Shape;
  readonly data: readonly string[];
}

interface Reader {
  bytes: number;
  dtype: DType | "string";
  read: (raw: ArrayBuffer) => NdArray["data"] | string[];
}

/** Text of `length` characters, 4 bytes (U) or 1 byte (S) each, padded with zeros. */
function textReader(kind: string, length: number): Reader {
  const width = kind === "U" ? 4 : 1;
  return {
    bytes: length * width,
    dtype: "string",
    read(raw) {
      const codes = kind === "U" ? new Uint32Array(raw) : new Uint8Array(raw);
      const count = length === 0 ? 0 : codes.length / length;
      return Array.from({ length: count }, (_, i) => {
        const word = codes.subarray(i * length, (i + 1) * length);
        const end = word.findLastIndex((c) => c !== 0) + 1;
        const bad = word.find((c) => c > 0x10ffff);
        if (bad !== undefined) throw new FileFormatError(`npy: element ${i} holds ${bad}, which is no Unicode character`);
        return Array.from(word.subarray(0, end), (c) => String.fromCodePoint(c)).join("");
      });
    },
  };
}

const readers: Record<string, ElementReader> = elementReaders;
const maxHeader = 1 << 20;
const maxRank = 64;

/**
 * Reads one array; Fortran order and big-endian elements are brought to row-major, little-endian.
 * @throws FileFormatError  for anything that does not follow the format, and for objects, records, complex numbers and dates
 */
export function readNpy(file: Uint8Array): NdArray | StringArray {
  const { descr, fortran, shape, dataStart } = parseHeader(file);
  const { reader, swap } = parseDescr(descr);
  const count = sizeOf(shape);
  const expected = count * reader.bytes;
  const available = file.length - dataStart;
  if (expected !== available)
    throw new FileFormatError(`npy: ${descr} [${shape.join(", ")}] needs ${expected} bytes, the file has ${available}`);
  const raw = new Uint8Array(file.subarray(dataStart)); // a copy; slice() of Node's Buffer is a view
  if (swap > 1) for (let i = 0; i < raw.length; i += swap) raw.subarray(i, i + swap).reverse();
  let data = reader.read(raw.buffer);
  if (reader.dtype === "string") {
    if (reader.bytes === 0) data = new Array(maxCount(count)).fill("");
    return { dtype: "string", shape, data: (fortran ? transpose(data, shape) : data) as string[] };
  }
  if (fortran && shape.length > 1) data = transpose(data as NdArray["data"], shape);
  return ndarray(data as NdArray["data"], shape, reader.dtype);
}

/** Zero-width text takes no bytes, so the file's size does not bound its count. */
function maxCount(count: number): number {
  if (count > 2 ** 20) throw new FileFormatError(`npy: ${count} empty strings`);
  return count;
}

function parseHeader(file: Uint8Array) {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (!magic.every((byte, i) => file[i] === byte)) throw new FileFormatError("npy: the file does not begin as a .npy file");
  const [major, minor] = [file[6], file[7]];
  if (!(major >= 1 && major <= 3)) throw new FileFormatError(`npy: version ${major}.${minor} is not known`);
  const prefix = major === 1 ? 10 : 12;
  if (file.length < prefix) throw new FileFormatError("npy: the header is cut off");
  const view = new DataView(file.buffer, file.byteOffset);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = prefix + length;
  if (length > maxHeader) throw new FileFormatError(`npy: the header claims ${length} bytes (limit ${maxHeader})`);
  if (dataStart > file.length) throw new FileFormatError(`npy: the header claims ${length} bytes, the file has ${file.length - prefix}`);
  const text = new TextDecoder(major === 3 ? "utf-8" : "latin1").decode(file.subarray(prefix, dataStart));
  return { ...parseDictionary(text.trim()), dataStart };
}

/** The three entries of the Python dictionary, in any order; nothing else is let through. */
function parseDictionary(text: string): { descr: string; fortran: boolean; shape: number[] } {
  const fail = (why: string) => new FileFormatError(`npy: ${why} in the header ${text.slice(0, 120)}`);
  if (!/^\{.*\}$/s.test(text)) throw fail("no dictionary");
  const descr = /'descr'\s*:\s*(?:'([^']*)'|"([^"]*)"|(\[|\())/.exec(text);
  if (descr?.[3]) throw new FileFormatError("npy: arrays of records are not read; save each field as its own array");
  const fortran = /'fortran_order'\s*:\s*(True|False)\b/.exec(text)?.[1];
  const sizes = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (!descr) throw fail("no 'descr'");
  if (!fortran) throw fail("no 'fortran_order'");
  if (sizes === undefined) throw fail("no valid 'shape'");
  const shape = sizes
    .split(",")
    .filter((s) => s.trim() !== "")
    .map((s) => Number(s.replace("L", "")));
  if (shape.length > maxRank || !shape.every(Number.isSafeInteger)) throw fail("no valid 'shape'");
  if ((text.match(/'(descr|fortran_order|shape)'\s*:/g) ?? []).length !== 3) throw fail("repeated keys");
  return { descr: descr[1] ?? descr[2], fortran: fortran === "True", shape };
}

/** The reader of a descr, and the width of the units whose bytes must be swapped (1: none). */
function parseDescr(descr: string): { reader: Reader; swap: number } {
  const [, order, kind, digits] = /^([<>|=]?)([a-zA-Z])(\d*)/.exec(descr) ?? [];
  if (kind === "O")
    throw new FileFormatError("npy: the array holds pickled Python objects, which are never opened; save it with a plain dtype");
  if ((kind === "U" || kind === "S") && descr === `${order}${kind}${digits}` && digits !== "" && Number(digits) < 2 ** 24)
    return { reader: textReader(kind, Number(digits)), swap: kind === "U" && order === ">" ? 4 : 1 };
  const type = `${kind}${digits}`;
  if (descr !== `${order}${type}` || !Object.hasOwn(readers, type))
    throw new FileFormatError(`npy: elements of type '${descr}' are not read (known: ${Object.keys(readers).join(", ")}, U, S)`);
  return { reader: readers[type], swap: order === ">" ? readers[type].bytes : 1 };
}

/** Column-major to row-major. */
function transpose<T extends NdArray["data"] | string[]>(data: T, shape: Shape): T {
  const result = data.slice() as T;
  const index = new Array(shape.length).fill(0);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  for (let to = 0, from = 0; to < data.length; to++) {
    result[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

const descrs: Record<Exclude<DType, "bf16">, string> = {
  f64: "<f8",
  f32: "<f4",
  f16: "<f2",
  i64: "<i8",
  i32: "<i4",
  u8: "|u1",
  bool: "|b1",
};

/** Writes one array as version 1.0; bf16, which NumPy lacks, is widened to f32. */
export function writeNpy(array: NdArray | StringArray): Uint8Array {
  const { descr, bytes } = encode(array);
  const sizes = array.shape.length === 1 ? `${array.shape[0]},` : array.shape.join(", ");
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const file = new Uint8Array(10 + length + bytes.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8]);
  file.set(new TextEncoder().encode(dictionary.padEnd(length - 1) + "\n"), 10);
  file.set(bytes, 10 + length);
  return file;
}

function encode(array: NdArray | StringArray): { descr: string; bytes: Uint8Array } {
  if (array.dtype === "string") return encodeText(array.data);
  const data = array.dtype === "bf16" ? Float32Array.from(array.data as Uint16Array, fromBf16) : array.data;
  const descr = array.dtype === "bf16" ? "<f4" : descrs[array.dtype];
  return { descr, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function encodeText(words: readonly string[]): { descr: string; bytes: Uint8Array } {
  const codes = words.map((word) => Array.from(word, (c) => c.codePointAt(0)!));
  const width = codes.reduce((longest, c) => Math.max(longest, c.length), 1);
  const padded = new Uint32Array(words.length * width);
  codes.forEach((c, i) => {
    padded.set(c, i * width);
  });
  return { descr: `<U${width}`, bytes: new Uint8Array(padded.buffer) };
}
