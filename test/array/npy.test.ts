import { existsSync, readFileSync } from "node:fs";
import { unzipSync, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { type DType, dtypes, ndarray, sizeOf, toNumbers } from "../../src/array/ndarray.ts";
import { readNpy, writeNpy } from "../../src/array/npy.ts";
import { readNpz, writeNpz } from "../../src/array/npz.ts";
import { FileFormatError } from "../../src/errors.ts";
import fc from "../property.ts";

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`../fixtures/${name}`, import.meta.url)));

/** A .npy file with any header. */
function npy(header: string, data: Uint8Array = new Uint8Array(0), version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const size = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, ...size, ...text, ...data]);
}
const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

describe("npy", () => {
  const expected = JSON.parse(new TextDecoder().decode(fixture("numpy.json")));
  const arrays = readNpz(fixture("numpy.npz"));

  test("reads what NumPy wrote, in every type, byte order and memory order", () => {
    expect(Object.keys(arrays).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, { shape, values }] of Object.entries<{ shape: number[]; values: unknown[] }>(expected)) {
      const array = arrays[name];
      expect(array.shape, name).toEqual(shape);
      const wanted = values.map((v) =>
        array.dtype === "string" ? v : v === "nan" ? Number.NaN : v === "inf" ? Infinity : v === "-inf" ? -Infinity : Number(v),
      );
      expect(array.dtype === "string" ? array.data : toNumbers(array), name).toEqual(wanted);
    }
  });

  test("widens what has no type of its own, and keeps the rest", () => {
    const types = Object.fromEntries(Object.entries(arrays).map(([name, { dtype }]) => [name, dtype]));
    expect(types).toMatchObject({
      f8_big: "f64",
      f4_little: "f32",
      f2_big: "f16",
      i8_little: "i64",
      i4_big: "i32",
      i2_big: "i32",
    });
    expect(types).toMatchObject({
      i1: "i32",
      u1: "u8",
      u2: "i32",
      u4: "i64",
      u8: "i64",
      bool: "bool",
      text: "string",
      bytes: "string",
    });
  });

  test("NumPy's own bytes come back: write(read(x)) = x for row-major little-endian arrays", () => {
    const files = unzipSync(fixture("numpy-stored.npz"));
    for (const file of Object.values(files)) {
      expect(writeNpy(readNpy(file))).toEqual(file);
      expect(writeNpy(readNpy(Buffer.from(file)))).toEqual(file); // a view into Node's shared pool
    }
  });

  test("any array survives writing and reading", () => {
    const kinds = Object.keys(dtypes).filter((d) => d !== "bf16") as DType[];
    const arbitrary = fc.record({
      dtype: fc.constantFrom(...kinds),
      shape: fc.array(fc.nat(4), { maxLength: 4 }),
      bytes: fc.uint8Array({ minLength: 2048, maxLength: 2048 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ dtype, shape, bytes }) => {
        const { array, bytes: width } = dtypes[dtype];
        const raw = dtype === "bool" ? bytes.map((b) => b & 1) : bytes.slice();
        const a = ndarray<DType>(new array(raw.buffer.slice(0, sizeOf(shape) * width)), shape, dtype);
        expect(readNpy(writeNpy(a))).toEqual(a);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" }).filter((s) => !s.endsWith("\0"))), (words) => {
        expect(readNpy(writeNpy({ dtype: "string", shape: [words.length], data: words })).data).toEqual(words);
      }),
    );
  });

  test("bf16 is written as f32", () => {
    const back = readNpy(writeNpy(ndarray(Uint16Array.of(0x3fc0, 0xc000), [2], "bf16")));
    expect(back).toEqual(ndarray(Float32Array.of(1.5, -2), [2], "f32"));
  });

  test("versions 2 and 3, other spacing, order and quotes of the header are accepted", () => {
    const data = new Uint8Array(Float64Array.of(1, 2).buffer);
    expect(readNpy(npy(header("<f8", "(2,)"), data, 2)).shape).toEqual([2]);
    expect(readNpy(npy(`{'shape':( 1,2 ),'fortran_order':True,'descr':"<f8"}`, data, 3)).shape).toEqual([1, 2]);
    expect(readNpy(npy(header("=f8", "(2L,)"), data)).data).toEqual(Float64Array.of(1, 2));
  });

  test("hostile and foreign files are refused by name", () => {
    const bad: [Uint8Array, RegExp][] = [
      [new Uint8Array(0), /does not begin as a \.npy/],
      [npy("").subarray(0, 8), /cut off/],
      [npy("", undefined, 9), /version 9\.0/],
      [npy(header("<f8", "(2,)")).subarray(0, 40), /claims \d+ bytes, the file has 30/],
      [npy(header("<f8", "(2,)"), new Uint8Array(15)), /needs 16 bytes, the file has 15/],
      [npy(header("<f8", "(2,)"), new Uint8Array(17)), /needs 16 bytes, the file has 17/],
      [npy(header("<f8", "(-1,)")), /no valid 'shape'/],
      [npy(header("<f8", "(9007199254740993,)")), /no valid 'shape'/],
      [npy(header("<f8", `(${"4294967296,".repeat(40)})`)), /needs \S+ bytes/],
      [npy(header("<f8", `(${"1,".repeat(65)})`)), /no valid 'shape'/],
      [npy(header("|O", "(1,)")), /pickled Python objects/],
      [npy(`{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }`), /records/],
      [npy(header("<c16", "(1,)")), /'<c16' are not read/],
      [npy(header("<M8[ns]", "(1,)")), /are not read/],
      [npy(header("<f16", "(1,)")), /are not read/],
      [npy(header("<constructor", "(1,)")), /are not read/],
      [npy(header("<f8", "(1,)", "Maybe")), /no 'fortran_order'/],
      [npy(`{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': (0,)}`), /repeated keys/],
      [npy("[1, 2]"), /no dictionary/],
      [npy(header("<U0", "(999999999999,)")), /empty strings/],
      [npy(header("<U1", "(1,)"), Uint8Array.of(255, 255, 255, 0)), /no Unicode character/],
      [npy(header("|b1", "(2,)"), Uint8Array.of(1, 2)), /element 1 is 2, not a boolean/],
      [npy(header("<u8", "(1,)"), new Uint8Array(8).fill(255)), /element 0 is 18446744073709551615/],
    ];
    for (const [file, message] of bad) {
      expect(() => readNpy(file), String(message)).toThrow(FileFormatError);
      expect(() => readNpy(file)).toThrow(message);
    }
  });

  test("no damage to a file leads to anything but an array or a FileFormatError", () => {
    const file = writeNpy(ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3], "f32"));
    const damage = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(file.length), (edits, length) => {
        const broken = file.slice(0, length);
        for (const [at, byte] of edits) if (at < length) broken[at] = byte;
        try {
          expect(sizeOf(readNpy(broken).shape)).toBeLessThan(64);
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("npz", () => {
  const x = ndarray(
    Float32Array.from({ length: 1000 }, (_, i) => i),
    [10, 100],
    "f32",
  );

  test("stored and deflated archives survive, with the same bytes each time", () => {
    for (const compress of [true, false]) {
      const file = writeNpz(Object.assign({ x }, { __proto__: x }), { compress });
      expect(readNpz(file).x).toEqual(x);
      expect(writeNpz({ x }, { compress })).toEqual(writeNpz({ x }, { compress }));
    }
    expect(writeNpz({ x }).length).toBeLessThan(writeNpz({ x }, { compress: false }).length);
  });

  test("reads only what is asked for", () => {
    expect(Object.keys(readNpz(fixture("numpy.npz"), { only: ["text", "bool"] })).sort()).toEqual(["bool", "text"]);
  });

  test("bombs, duplicates and broken archives are refused", () => {
    const zeros = ndarray(new Uint8Array(10_000_000), [10_000_000], "u8");
    expect(() => readNpz(writeNpz({ zeros }), { maxBytes: 1e6 })).toThrow(/unpacks to more than 1000000 bytes/);

    // a claim that deflate cannot keep: the size fields of the central directory are overwritten
    const lying = zipSync({ "a.npy": writeNpy(x) });
    const directory = lying.findLastIndex((_, i) => lying[i] === 0x50 && lying[i + 1] === 0x4b && lying[i + 2] === 1 && lying[i + 3] === 2);
    lying.set([0, 0, 0, 0x7f], directory + 24);
    expect(() => readNpz(lying)).toThrow(/claims 2130706432 bytes from \d+, which cannot be/);

    const twice = zipSync({ "a.npy": writeNpy(x), "b.npy": writeNpy(x) });
    for (let i = 0; i < twice.length - 5; i++) if (twice[i] === 0x62 && twice[i + 1] === 0x2e && twice[i + 2] === 0x6e) twice[i] = 0x61;
    expect(() => readNpz(twice)).toThrow(/"a.npy" twice/);

    for (const length of [0, 10, 30, lying.length - 30]) expect(() => readNpz(lying.slice(0, length))).toThrow(FileFormatError);
    expect(() => readNpz(zipSync({ "bad.npy": new Uint8Array(9) }))).toThrow(/array "bad": npy: /);
  });

  const cells = `${process.env.PUSHFORWARD_DATA ?? "../shared/data"}/sc-embryoid-body/eb2750.npz`;
  test.runIf(existsSync(cells))("reads the embryoid-body cells", () => {
    const { X, t } = readNpz(new Uint8Array(readFileSync(cells)), { only: ["X", "t"] });
    expect([X.shape, X.dtype, t.shape]).toEqual([[2750, 100], "f32", [2750]]);
    expect(new Set(Array.from(t.data as Float32Array, Number))).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});
