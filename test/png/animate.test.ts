import { crc32, inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { toPng } from "../../src/lab/index.ts";
import { animatedPng } from "../../src/png/animate.ts";
import { readChunks } from "../../src/png/chunks.ts";

const picture = (colour: string, size = 8): Promise<Uint8Array> =>
  toPng(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="${size}" height="${size}" fill="${colour}"/></svg>`,
    1,
  );

test("an animation holds every picture's own pixels, numbered in order, with right checksums", async () => {
  const frames = [await picture("red"), await picture("green"), await picture("blue")];
  const file = animatedPng(frames, 80);
  const chunks = readChunks(file);
  expect(chunks.map((c) => c.type)).toEqual(["IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"]);
  const view = (data: Uint8Array) => new DataView(data.buffer, data.byteOffset, data.byteLength);
  expect(view(chunks[1].data).getUint32(0)).toBe(3);
  const numbered = chunks.filter((c) => c.type === "fcTL" || c.type === "fdAT").map((c) => view(c.data).getUint32(0));
  expect(numbered).toEqual([0, 1, 2, 3, 4]);
  const pixels = (png: Uint8Array): Uint8Array => inflateSync(readChunks(png).find((c) => c.type === "IDAT")!.data);
  expect(inflateSync(chunks[3].data)).toEqual(pixels(frames[0]));
  for (const [k, at] of [
    [1, 5],
    [2, 7],
  ])
    expect(inflateSync(chunks[at].data.subarray(4))).toEqual(pixels(frames[k]));
  let at = 8;
  for (const { data } of chunks) {
    expect(view(file).getUint32(at + 8 + data.length)).toBe(crc32(file.subarray(at + 4, at + 8 + data.length)));
    at += 12 + data.length;
  }
  expect(at).toBe(file.length);
});

test("pictures of different sizes are refused", async () => {
  const frames = [await picture("red"), await picture("red", 9)];
  expect(() => animatedPng(frames, 80)).toThrow(/picture 1/);
});
