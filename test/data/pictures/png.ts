/** PNG files of every kind, written by the specification. */
import { deflateSync } from "node:zlib";
import { type Chunk, joined, words, writeChunks } from "../../../src/png/chunks.ts";

export interface PngKind {
  readonly width: number;
  readonly height: number;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  /** 0 grey, 2 colours, 3 indexed, 4 grey and alpha, 6 colours and alpha. */
  readonly colour: 0 | 2 | 3 | 4 | 6;
}

export const channelsOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/** Samples row by row, each row packed into whole bytes behind a filter byte. */
export function pixelData({ width, height, depth, colour }: PngKind, samples: ArrayLike<number>): Uint8Array {
  const perRow = width * channelsOf[colour];
  const rows = Array.from({ length: height }, (_, y) => {
    const row = new Uint8Array(1 + Math.ceil((perRow * depth) / 8));
    for (let i = 0; i < perRow; i++) {
      const value = samples[y * perRow + i];
      if (depth === 16) row.set([value >> 8, value & 255], 1 + 2 * i);
      else row[1 + ((i * depth) >> 3)] |= value << (8 - depth - ((i * depth) % 8));
    }
    return row;
  });
  return deflateSync(joined(...rows));
}

export const header = ({ width, height, depth, colour }: PngKind): Chunk => ({
  type: "IHDR",
  data: joined(words(width, height), Uint8Array.of(depth, colour, 0, 0, 0)),
});

export const end: Chunk = { type: "IEND", data: new Uint8Array() };

/** @param before  chunks between header and pixels */
export const pngFile = (kind: PngKind, samples: ArrayLike<number>, before: readonly Chunk[] = []): Uint8Array =>
  writeChunks([header(kind), ...before, { type: "IDAT", data: pixelData(kind, samples) }, end]);

export interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly delay: readonly [numerator: number, denominator: number];
  readonly dispose: 0 | 1 | 2;
  readonly blend: 0 | 1;
  /** Red, green, blue and alpha, row by row. */
  readonly samples: ArrayLike<number>;
}

/** An animation of bytes with alpha; the first part must be the whole canvas. */
export function apngFile(width: number, height: number, parts: readonly Part[], { loops = 0, announced = parts.length } = {}): Uint8Array {
  const kind = { width, height, depth: 8, colour: 6 } as const;
  let sequence = 0;
  const chunks = parts.flatMap((part, k): Chunk[] => {
    const rest = new DataView(new ArrayBuffer(6));
    rest.setUint16(0, part.delay[0]);
    rest.setUint16(2, part.delay[1]);
    rest.setUint8(4, part.dispose);
    rest.setUint8(5, part.blend);
    const control = joined(words(sequence++, part.width, part.height, part.x, part.y), new Uint8Array(rest.buffer));
    const pixels = pixelData({ ...kind, width: part.width, height: part.height }, part.samples);
    return [
      { type: "fcTL", data: control },
      k === 0 ? { type: "IDAT", data: pixels } : { type: "fdAT", data: joined(words(sequence++), pixels) },
    ];
  });
  return writeChunks([header(kind), { type: "acTL", data: words(announced, loops) }, ...chunks, end]);
}
