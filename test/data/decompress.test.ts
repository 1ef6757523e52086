import * as zlib from "node:zlib";
import { expect, test } from "vitest";
import { decompressed } from "../../src/data/decompress.ts";
import fc from "../property.ts";

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function whole(bytes: Uint8Array, size = 1000): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of decompressed(pieces(bytes, size), "x")) parts.push(part);
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

test("cut, damaged and mixed data are refused", async () => {
  const packed = gzip(Buffer.from("some text of some length"));
  await expect(whole(packed.subarray(0, 15))).rejects.toThrow(/damaged compression: unexpected end/);
  await expect(whole(zstd(Buffer.from("text")).subarray(0, 9))).rejects.toThrow(/x: /);
  await expect(whole(packed.map((b, i) => (i === 12 ? b ^ 255 : b)))).rejects.toThrow(/damaged compression/);
  await expect(whole(Buffer.concat([packed, Buffer.from("and more text")]))).rejects.toThrow(/x: /);
  await expect(whole(skippable.subarray(0, 10))).rejects.toThrow(/cut off/);
});
