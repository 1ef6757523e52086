import { describe, expect, test } from "vitest";
import { type DType, dtypes, type NdArray, ndarray, sizeOf, toNumbers } from "../../src/array/ndarray.ts";
import { readSafetensors, writeSafetensors } from "../../src/array/safetensors.ts";
import { FileFormatError } from "../../src/errors.ts";
import fc from "../property.ts";

/** A file put together by hand, as the format's page describes it. */
function file(header: string | object, data: ArrayLike<number> = [], claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(Array.from(data), 8 + text.length);
  return bytes;
}
const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({ dtype, shape, data_offsets: [begin, end] });

describe("reading", () => {
  test("takes a file apart as the format says", () => {
    const data = [...new Uint8Array(Float32Array.of(1, -2, 0.5).buffer), ...new Uint8Array(Int16Array.of(-3, 7).buffer), 1, 0];
    const { tensors, metadata } = readSafetensors(
      file(
        {
          b: entry("I16", [2, 1], 12, 16),
          a: entry("F32", [3], 0, 12),
          c: entry("BOOL", [2], 16, 18),
          __metadata__: { format: "pt" },
        },
        data,
      ),
    );
    expect(metadata).toEqual({ format: "pt" });
    expect(tensors).toEqual({
      a: ndarray(Float32Array.of(1, -2, 0.5), [3], "f32"),
      b: ndarray(Int32Array.of(-3, 7), [2, 1], "i32"),
      c: ndarray(Uint8Array.of(1, 0), [2], "bool"),
    });
  });

  test("reads every dtype, also from a place in memory that is not aligned", () => {
    const widths: Record<string, number> = {
      F64: 8,
      F32: 4,
      F16: 2,
      BF16: 2,
      I64: 8,
      U64: 8,
      I32: 4,
      U32: 4,
      I16: 2,
      U16: 2,
      I8: 1,
      U8: 1,
      BOOL: 1,
    };
    for (const [dtype, width] of Object.entries(widths)) {
      const inner = file({ x: entry(dtype, [2], 0, 2 * width) }, [1, ...new Array(2 * width - 1).fill(0)]);
      const shifted = new Uint8Array(inner.length + 3);
      shifted.set(inner, 3);
      const { x } = readSafetensors(shifted.subarray(3)).tensors;
      // the first element has its lowest bit set
      const one = { F64: 5e-324, F32: 2 ** -149, F16: 2 ** -24, BF16: 2 ** -133 }[dtype] ?? 1;
      expect(toNumbers(x), dtype).toEqual([one, 0]);
    }
  });

  test("empty files, scalars, empty tensors and strange names are fine", () => {
    expect(readSafetensors(file({})).tensors).toEqual({});
    const inPool = Buffer.from(file({ x: entry("U8", [2], 0, 2) }, [3, 4])); // a view into Node's shared pool
    expect([...readSafetensors(inPool).tensors.x.data]).toEqual([3, 4]);
    const odd = readSafetensors(
      file('{"__proto__":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"":{"dtype":"F64","shape":[0,5],"data_offsets":[1,1]}}', [9]),
    );
    expect(Object.keys(odd.tensors)).toEqual(["__proto__", ""]);
    expect(odd.tensors[""].shape).toEqual([0, 5]);
    expect(Object.getPrototypeOf(odd.tensors)).toBe(Object.prototype);
  });

  test("hostile headers are refused by name", () => {
    const four = [0, 0, 0, 0];
    const bad: [Uint8Array, RegExp][] = [
      [new Uint8Array(7), /too few/],
      [file("{}", [], 2n ** 64n - 1n), /claims 18446744073709551615 bytes/],
      [file("{}", [], 2n ** 26n), /truncated/],
      [file("{"), /not UTF-8 JSON/],
      [file("[]"), /not a JSON object/],
      [file("null"), /not a JSON object/],
      [file(`{"a":${"[".repeat(100_000)}`), /not UTF-8 JSON/],
      [Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), /not UTF-8/],
      [file({ a: 1 }), /tensor "a": its header entry is not an object/],
      [file({ a: entry("F8_E4M3", [4], 0, 4) }, four), /"F8_E4M3" is not one of/],
      [file({ a: entry("constructor", [4], 0, 4) }, four), /"constructor" is not one of/],
      [file({ a: entry("U8", [-4], 0, 4) }, four), /shape \[-4\]/],
      [file({ a: entry("U8", ["4"], 0, 4) }, four), /shape/],
      [file('{"a":{"dtype":"U8","shape":[1e999],"data_offsets":[0,4]}}', four), /shape/],
      [file({ a: entry("U8", [null], 0, 4) }, four), /shape/],
      [file({ a: entry("U8", [2.5], 0, 4) }, four), /shape/],
      [file({ a: entry("U8", new Array(65).fill(1), 0, 1) }, [0]), /shape/],
      [file({ a: entry("F32", [2 ** 53 - 1, 2 ** 53 - 1], 0, 4) }, four), /needs \S+ bytes/],
      [file({ a: entry("F32", [2 ** 32, 2 ** 32, 0], 0, 4) }, four), /needs 0 bytes/],
      [file({ a: entry("U8", [4], 0, 5) }, four), /leave the data/],
      [file({ a: entry("U8", [4], 3, 1) }, four), /leave the data/],
      [file({ a: entry("U8", [4], -4, 0) }, four), /not two sizes/],
      [file({ a: { dtype: "U8", shape: [4] } }, four), /not two sizes/],
      [file({ a: entry("U8", [3], 0, 4) }, four), /needs 3 bytes, data_offsets give 4/],
      [file({ a: entry("U8", [3], 0, 3), b: entry("U8", [2], 2, 4) }, four), /"b" begins at byte 2, inside the tensor/],
      [file({ a: entry("U8", [4], 0, 4), b: entry("U8", [4], 0, 4) }, four), /inside the tensor/],
      [file({ a: entry("U8", [1], 0, 1), b: entry("U8", [2], 2, 4) }, four), /after a hole/],
      [file({ a: entry("U8", [3], 0, 3) }, four), /fill 3 bytes, the file has 4/],
      [file(`{"a":${JSON.stringify(entry("U8", [4], 0, 4))},"\\u0061":${JSON.stringify(entry("U8", [4], 0, 4))}}`, four), /"a" twice/],
      [file('{"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}', four), /"dtype" twice/],
      [file({ __metadata__: { a: 1 } }), /__metadata__/],
      [file({ a: entry("BOOL", [4], 0, 4) }, [0, 1, 2, 0]), /tensor "a": element 2 is 2, not a boolean/],
    ];
    for (const [bytes, message] of bad) {
      expect(() => readSafetensors(bytes), String(message)).toThrow(FileFormatError);
      expect(() => readSafetensors(bytes)).toThrow(message);
    }
  });

  test("no damage to a file leads to anything but tensors or a FileFormatError", () => {
    const whole = writeSafetensors({
      w: ndarray(Float32Array.of(1, 2, 3, 4), [2, 2], "f32"),
      b: ndarray(Uint8Array.of(1), [1], "bool"),
    });
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (edits, length) => {
        const broken = whole.slice(0, length);
        for (const [at, byte] of edits) if (at < length) broken[at] = byte;
        try {
          for (const { shape, data } of Object.values(readSafetensors(broken).tensors)) expect(data.length).toBe(sizeOf(shape));
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("writing", () => {
  test("any tensors survive writing and reading; data are aligned to their width", () => {
    const tensor = fc.record({
      dtype: fc.constantFrom(...(Object.keys(dtypes) as DType[])),
      shape: fc.array(fc.nat(4), { maxLength: 4 }),
      bytes: fc.uint8Array({ minLength: 2048, maxLength: 2048 }),
    });
    const name = fc.string().filter((s) => s !== "__metadata__");
    fc.assert(
      fc.property(fc.dictionary(name, tensor, { maxKeys: 6 }), fc.dictionary(fc.string(), fc.string()), (specification, metadata) => {
        const made = Object.entries(specification).map(([key, { dtype, shape, bytes }]) => {
          const { array, bytes: width } = dtypes[dtype];
          const raw = (dtype === "bool" ? bytes.map((b) => b & 1) : bytes.slice()).buffer.slice(0, sizeOf(shape) * width);
          return [key, ndarray<DType>(new array(raw), shape, dtype)];
        });
        const tensors: Record<string, NdArray> = Object.fromEntries(made);
        const written = writeSafetensors(tensors, metadata);
        const back = readSafetensors(written);
        expect(back.tensors).toEqual(tensors);
        expect({ ...back.metadata }).toEqual({ ...metadata });
        const size = Number(new DataView(written.buffer).getBigUint64(0, true));
        expect(size % 8).toBe(0);
        const header = JSON.parse(new TextDecoder().decode(written.subarray(8, 8 + size)));
        for (const [key, { dtype }] of Object.entries(tensors)) expect(header[key].data_offsets[0] % dtypes[dtype].bytes).toBe(0);
      }),
    );
  });

  test("a tensor cannot take the name of the metadata", () => {
    expect(() => writeSafetensors({ __metadata__: ndarray(Uint8Array.of(1), [1], "u8") })).toThrow(/__metadata__/);
  });
});
