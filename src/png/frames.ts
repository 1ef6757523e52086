/** The frames of an animated PNG as PNG files of their own. */
import { FileFormatError } from "../errors.ts";
import { type Chunk, joined, viewOf, words, writeChunks } from "./chunks.ts";

export interface PngFrame {
  /** Its part of the canvas, as a file. */
  readonly png: Uint8Array;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Milliseconds. */
  readonly delay: number;
  /** What becomes of its part after it was shown. */
  readonly dispose: "keep" | "clear" | "restore";
  /** Whether what is below shines through, or is replaced. */
  readonly blend: "replace" | "over";
}

export interface PngAnimation {
  readonly width: number;
  readonly height: number;
  /** How often it is shown; 0: for ever. */
  readonly loops: number;
  readonly frames: readonly PngFrame[];
  /** It holds a picture for programs that know no animations, which is none of the frames. */
  readonly hasStill: boolean;
}

/** Whether chunks are an animation. */
export const isAnimated = (chunks: readonly Chunk[]): boolean => chunks.some(({ type }) => type === "acTL");

/** Chunks before the pixels that every frame needs to be understood. */
const shared = new Set(["PLTE", "tRNS", "iCCP", "sRGB", "gAMA", "cHRM", "cICP", "sBIT"]);

interface Parts {
  readonly control: Chunk;
  readonly data: Uint8Array[];
}

/**
 * Splits an animation.
 * @throws FileFormatError  if numbers do not go together: of frames, of parts in their order, of a frame outside of the canvas
 * @source  PNG specification, third edition, section 11.3.4
 */
export function splitAnimation(chunks: readonly Chunk[]): PngAnimation {
  const [header] = chunks;
  const [width, height] = [0, 4].map((at) => viewOf(header.data).getUint32(at));
  const animation = chunks.find(({ type }) => type === "acTL");
  if (animation?.data.length !== 8) throw new FileFormatError("APNG: no control of the animation");
  const view = viewOf(animation.data);
  const { parts, hasStill } = gathered(chunks);
  if (parts.length === 0 || parts.length !== view.getUint32(0))
    throw new FileFormatError(`APNG: ${view.getUint32(0)} frames are announced, ${parts.length} are there`);
  const before = chunks.slice(
    0,
    chunks.findIndex(({ type }) => type === "IDAT"),
  );
  const common = before.filter(({ type }) => shared.has(type));
  const frames = parts.map((part, k) => frameOf(part, k, header, common, [width, height]));
  return { width, height, loops: view.getUint32(4), frames, hasStill };
}

/** Frames with the data that follow them. */
function gathered(chunks: readonly Chunk[]): { parts: Parts[]; hasStill: boolean } {
  const parts: Parts[] = [];
  let sequence = 0;
  let hasStill = false;
  for (const chunk of chunks) {
    const { type, data } = chunk;
    if (type === "fcTL" || type === "fdAT") {
      if (data.length < 4 || viewOf(data).getUint32(0) !== sequence++) throw new FileFormatError("APNG: its parts are not in order");
      if (type === "fcTL") parts.push({ control: chunk, data: [] });
      else if (parts.length === 0) throw new FileFormatError("APNG: pixels before the first frame");
      else parts[parts.length - 1].data.push(data.subarray(4));
    } else if (type === "IDAT") {
      if (parts.length > 1) throw new FileFormatError("APNG: pixels of the still picture after a second frame");
      if (parts.length === 1) parts[0].data.push(data);
      else hasStill = true;
    }
  }
  return { parts, hasStill };
}

const disposals = ["keep", "clear", "restore"] as const;
const blends = ["replace", "over"] as const;

function frameOf({ control, data }: Parts, k: number, header: Chunk, common: readonly Chunk[], canvas: readonly number[]): PngFrame {
  if (control.data.length !== 26) throw new FileFormatError(`APNG: the control of frame ${k} has ${control.data.length} bytes`);
  const view = viewOf(control.data);
  const [width, height, x, y] = [4, 8, 12, 16].map((at) => view.getUint32(at));
  if (width === 0 || height === 0 || x + width > canvas[0] || y + height > canvas[1])
    throw new FileFormatError(`APNG: frame ${k} of ${width} x ${height} pixels at ${x}, ${y} is not within ${canvas.join(" x ")}`);
  const [dispose, blend] = [disposals[view.getUint8(24)], blends[view.getUint8(25)]];
  if (dispose === undefined || blend === undefined) throw new FileFormatError(`APNG: frame ${k} is to be shown in an unknown way`);
  if (data.length === 0) throw new FileFormatError(`APNG: frame ${k} has no pixels`);
  const png = writeChunks([
    { type: "IHDR", data: joined(words(width, height), header.data.subarray(8)) },
    ...common,
    { type: "IDAT", data: joined(...data) },
    { type: "IEND", data: new Uint8Array() },
  ]);
  const delay = (1000 * view.getUint16(20)) / (view.getUint16(22) || 100); // a denominator of 0 means hundredths
  return { png, x, y, width, height, delay, dispose, blend };
}
