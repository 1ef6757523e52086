/** Names of vertices in files: any characters come back, from the model and from DEFLATE, and in few bytes. */

import { expect, test } from "vitest";
import { crc32, fixed } from "../../src/coding/bytes.ts";
import { decodeGraph, encodeGraph } from "../../src/coding/index.ts";
import { UserError } from "../../src/errors.ts";
import fc from "../property.ts";

const file = (names: readonly string[]) => encodeGraph({ vertices: names.length, directed: false, pairs: new Uint32Array(), names });

test("names with any characters come back, whatever their order and length", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom("", "http://example.org/", "\u0000", "\uffff", "ÿ", "😀"),
  );
  const name = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(""));
  const long = fc.nat(600).map((length) => "ab".repeat(length)); // shares more than 255 bytes with others
  fc.assert(
    fc.property(fc.uniqueArray(fc.oneof(name, long), { maxLength: 40 }), (names) => {
      expect(decodeGraph(file(names)).names ?? []).toEqual(names);
    }),
    { numRuns: 50 },
  );
});

const urls = Array.from(
  { length: 3000 },
  (_, i) => `https://www.example${i % 7}.org/pages/${["a", "news", "item"][i % 3]}/${(i * 2654435761) % 99991}.html`,
).sort();

test("two thousand addresses take less than three bytes each, and the format is told by the version", () => {
  const bytes = file(urls);
  expect(bytes[3]).toBe(2);
  expect(bytes.length).toBeLessThan(3 * urls.length); // measured: 2.4 bytes; deflated 3.6
  expect(decodeGraph(bytes).names).toEqual(urls);
  // a file without such names can be read by programs that know version 1 only
  expect(encodeGraph([[0, 1]])[3]).toBe(1);
});

test("damaged names end in a message", () => {
  const bytes = file(urls.slice(0, 300));
  let refused = 0;
  for (let i = 0; i < 200; i++) {
    const other = bytes.slice();
    other[11 + ((i * 37) % (bytes.length - 11))] ^= 1 << (i % 8);
    other.set(fixed(crc32(other.subarray(8)), 4), 4);
    try {
      decodeGraph(other);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      refused++;
    }
  }
  expect(refused).toBe(200);
});
