/** Opening of picture files: which are read, how large they may be, and what is said of those that are not. */
import type { Metadata, Sharp, SharpOptions } from "sharp";
import { UserError } from "../../errors.ts";
import { mostBytes } from "../memory.ts";

/** Names of files that are taken for pictures in a folder. */
export const pictureName = /\.(png|apng|jpe?g|webp|gif|tiff?|avif)$/i;

/** Most pixels of one file, over all frames: 2^28, and no more than fit in memory as numbers of 32 bits of red, green, blue and alpha. */
const mostPixels = (): number => Math.min(2 ** 28, Math.floor(mostBytes() / 16));

/** Formats that are often met and not read, by texts at a place of the file. */
const strangers: readonly [name: string, at: number, ...texts: string[]][] = [
  ["a BMP", 0, "BM"],
  ["a Photoshop file", 0, "8BPS"],
  ["a JPEG XL", 0, "\xff\x0a"],
  ["a JPEG XL", 4, "JXL "],
  ["a JPEG 2000", 0, "\xff\x4f\xff\x51"],
  ["a JPEG 2000", 4, "jP  "],
  ["a HEIC", 4, "ftypheic", "ftypheix", "ftyphevc", "ftypmif1", "ftypmsf1"],
  ["a PDF", 0, "%PDF"],
  ["an icon (ICO)", 0, "\0\0\x01\0"],
];

/** A picture that is about to be decoded. */
export interface Opened {
  /** A new one for each use. */
  readonly sharp: (options?: SharpOptions) => Sharp;
  readonly metadata: Metadata;
}

/**
 * Looks at a file's header.
 * @throws UserError  for what is empty, no picture, of a format that is not read, or too large
 */
export async function opened(bytes: Uint8Array, source: string): Promise<Opened> {
  if (bytes.length === 0) throw new UserError(`${source}: the file is empty`);
  const start = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
  const stranger = strangers.find(([, at, ...texts]) => texts.some((text) => start.startsWith(text, at)));
  if (stranger) throw new UserError(`${source}: ${stranger[0]} is not read`, "save it as a PNG");
  const { default: sharp } = await import("sharp");
  const open = (options: SharpOptions = {}): Sharp =>
    sharp(bytes, { failOn: "truncated", limitInputPixels: mostPixels(), autoOrient: true, ...options });
  const metadata = await open().metadata().catch(damaged(source));
  if (metadata.format === "svg") throw new UserError(`${source}: an SVG drawing is not read`, "draw it as a PNG");
  checkPixels(source, metadata.width, metadata.height, metadata.pages ?? 1);
  return { sharp: open, metadata };
}

/**
 * In sRGB, where there is a profile that says from what. Bytes are converted on their own; sixteen bits only if they are asked to be, and
 * without a profile they would be taken for Display P3.
 */
export const toSrgb = (picture: Sharp, { icc, depth }: Pick<Metadata, "icc" | "depth">): Sharp =>
  icc && depth === "ushort" ? picture.withIccProfile("srgb") : picture;

/** @throws UserError  for more pixels than are read */
export function checkPixels(source: string, width: number, height: number, frames: number): void {
  if (width * height * frames <= mostPixels()) return;
  throw new UserError(
    `${source}: ${width} x ${height} pixels${frames > 1 ? ` in ${frames} frames` : ""}, more than the ${Math.floor(mostPixels() / 1e6)} million that are read`,
    frames > 1 ? "take fewer frames, or make it smaller" : "cut it into parts, or make it smaller",
  );
}

/** What the decoder says, in words that say what to do. */
export const damaged =
  (source: string) =>
  (error: Error): never => {
    const said = error.message.split("\n").at(-1)?.trim() ?? "";
    if (/pixel limit/i.test(said)) throw new UserError(`${source}: more pixels than are read`, "make the picture smaller");
    if (/unsupported image format/i.test(said))
      throw new UserError(`${source}: this is no picture that is read`, "PNG, JPEG, WebP, GIF, TIFF and AVIF are");
    // what libvips says may get lost between pictures that are read at the same time
    if (said === "" || /unknown error/i.test(said))
      throw new UserError(`${source}: the file is damaged or cut off`, "copy it again from where it came");
    const cut = /premature|truncat|unexpected end|end of file|out of data|too small/i.test(error.message);
    throw new UserError(`${source}: the file is ${cut ? "cut off" : "damaged"} (${said})`, "copy it again from where it came");
  };
