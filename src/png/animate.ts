/** Animated PNG from single pictures: their compressed data are taken over as they are. */
import { type Chunk, joined, readChunks, words, writeChunks } from "./chunks.ts";

/** What says how colours are meant: taken over from the first picture. */
const colourChunks = new Set(["iCCP", "sRGB", "gAMA", "cHRM", "cICP"]);

const indexed = 3;

/**
 * An APNG that shows PNG pictures of equal size and colour type one after another.
 *
 * @param delay  milliseconds a picture, of all or of each
 * @param loops  how often it is shown; 0: for ever
 * @source  PNG specification, third edition, section 11.3.4 (acTL, fcTL, fdAT)
 */
export function animatedPng(frames: readonly Uint8Array[], delay: number | readonly number[], loops = 0): Uint8Array {
  const parsed = frames.map(readChunks);
  const header = parsed[0][0].data;
  const odd = parsed.findIndex((chunks) => chunks[0].data.some((byte, i) => byte !== header[i]));
  if (odd >= 0) throw new RangeError(`animatedPng: picture ${odd} has another size or colour type than the first`);
  if (header[9] === indexed && frames.length > 1) throw new RangeError("animatedPng: pictures with palettes of their own");
  const chunks: Chunk[] = [
    { type: "IHDR", data: header },
    { type: "acTL", data: words(frames.length, loops) },
    ...parsed[0].filter(({ type }) => colourChunks.has(type)),
  ];
  let sequence = 0;
  parsed.forEach((picture, k) => {
    chunks.push({ type: "fcTL", data: frameControl(sequence++, header, typeof delay === "number" ? delay : delay[k]) });
    for (const { type, data } of picture)
      if (type === "IDAT") chunks.push(k === 0 ? { type, data } : { type: "fdAT", data: joined(words(sequence++), data) });
  });
  return writeChunks([...chunks, { type: "IEND", data: new Uint8Array() }]);
}

const most = 0xffff;

/** The whole area, replaced without blending; the delay in the finest unit in which it can be said. */
function frameControl(sequence: number, header: Uint8Array, delay: number): Uint8Array {
  const perSecond = [1000, 100, 10].find((unit) => (delay * unit) / 1000 <= most) ?? 1;
  const rest = new Uint8Array(6);
  const view = new DataView(rest.buffer);
  view.setUint16(0, Math.min(most, Math.round((delay * perSecond) / 1000)));
  view.setUint16(2, perSecond);
  return joined(words(sequence), header.subarray(0, 8), words(0, 0), rest);
}
