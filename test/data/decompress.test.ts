import * as zlib from "node:zlib";
import { expect, test } from "vitest";
import { decompressed } from "../../src/data/decompress.ts";
import fc from "../property.ts";

/** Pieces of one size, all in the same place, as a file's are: what was there is gone when the next is asked for. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const place = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = place.subarray(0, Math.min(size, bytes.length - at));
    piece.set(bytes.subarray(at, at + size));
    yield piece;
    place.fill(0xaa);
  }
}

async function whole(bytes: Uint8Array, size = 1000): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of decompressed(pieces(bytes, size), "x")) parts.push(part.slice());
  return Buffer.concat(parts);
}

const gzip = (bytes: Uint8Array): Uint8Array => zlib.gzipSync(bytes);
const zstd = (bytes: Uint8Array): Uint8Array => zlib.zstdCompressSync(bytes);
const skippable = Uint8Array.of(0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9);

test("any number of members or frames, skippable ones and zeros at the end, in pieces of any size, give all bytes", async () => {
  const texts = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(texts, fc.constantFrom(gzip, zstd), fc.integer({ min: 1, max: 60 }), fc.nat(20), async (parts, pack, size, zeros) => {
      const packed = parts.flatMap((part) => (pack === zstd ? [skippable, pack(part)] : [pack(part)]));
      const bytes = Buffer.concat([...packed, new Uint8Array(pack === gzip ? zeros : 0)]);
      expect(await whole(bytes, size)).toEqual(Buffer.concat(parts));
    }),
    { numRuns: 60, seed: 1 },
  );
});

test("what is not compressed stays as it is, also if it is short or empty", async () => {
  for (const text of ["", "0", "0 1", "0 1\n1 2\n".repeat(100)]) expect((await whole(Buffer.from(text), 7)).toString()).toBe(text);
});

/** By bzip2 1.0.8 and xz 5.4.1, each number to 60 and its square in a line. */
const squares = {
  bzip2:
    "QlpoOTFBWSZTWczJacMAAEDYAAAQQAB/4DABNMKIp7I0amoRT/QVMRhqfokyTIsYe/84JzKJyieSicomSjcompR1VyCaqqup11WZ" +
    "5c8etTUNsNh229eJ1LLGhhNtuw4Tc9P0cfe92i7ZRFJRxPI9eIleR7L7fd/aCN6I2ILR6PQACqszeFvdVQKN39JL6bVbEAAs9Jzh" +
    "9fLVtsEAHbkFkmsvytz3kLmVzuVx7+rVx7jSybt01qrus2wUt6kagu78h8vRrjpbN0Qt0iLgRo3dhH1nMN5kLFGnL5cYkbzaF07z" +
    "v2EQ/xdyRThQkMzJacM=",
  xz:
    "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4AGvAPFdABgIAmK9usQvHdeXrjGDT6LPYv20CcaA+64K5SV8JV41jIYb5jGCHly2zKvn" +
    "lfgx+JuheMZYshLr1ISaIV36m8xtgPj6lqwtpjfg4FRpEMbBovSDawrA+JV2yKVxFqPBvZBpjSCCcTdfrWIK3fLRxArmoETv30II" +
    "MpsILVBlYQMhv04uCWqmKszbzPaMYgTc3sjlrjs+7qkyiz/FgfLVa2JRVx2hJP1ddWt5VVmRyEqwNx5aT0JB+pKRqtlo90rU7tNv" +
    "vXaaEwwONJG4l92yBwfg5E+0GLcihf87l82bzo/8QxYTA0aewxt/Bc7FjCdZrgIAAAAACtcxjgXNQXwAAY0CsAMAAHhwjwSxxGf7" +
    "AgAAAAAEWVo=",
};

test.each(["bzip2", "xz"] as const)("%s in pieces of any size gives all bytes", async (kind) => {
  const bytes = Buffer.from(squares[kind], "base64");
  const text = Array.from({ length: 61 }, (_, i) => `${i} ${i * i}\n`).join("");
  for (const size of [1, 3, 6, 7, 50, 1000]) expect((await whole(bytes, size)).toString()).toBe(text);
});

test("cut, damaged and mixed data are refused", async () => {
  const packed = gzip(Buffer.from("some text of some length"));
  await expect(whole(packed.subarray(0, 15))).rejects.toThrow(/damaged compression: unexpected end/);
  await expect(whole(zstd(Buffer.from("text")).subarray(0, 9))).rejects.toThrow(/x: /);
  await expect(whole(packed.map((b, i) => (i === 12 ? b ^ 255 : b)))).rejects.toThrow(/damaged compression/);
  await expect(whole(Buffer.concat([packed, Buffer.from("and more text")]))).rejects.toThrow(/x: /);
  await expect(whole(skippable.subarray(0, 10))).rejects.toThrow(/cut off/);
});

test("who stops before the end closes the stream, at the first piece too", async () => {
  const far = new Uint8Array(20_000).map((_, i) => 48 + (i % 10));
  const packings = [(b: Uint8Array) => b, gzip, zstd, ...Object.values(squares).map((packed) => () => Buffer.from(packed, "base64"))];
  for (const [i, pack] of packings.entries()) {
    let closed = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(pack(far), 8);
      } finally {
        closed = true;
      }
    };
    for await (const _ of decompressed(source(), "x")) break;
    await new Promise((resolve) => setImmediate(resolve));
    expect([i, closed]).toEqual([i, true]);
  }
});
