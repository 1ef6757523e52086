/** One picture file as numbers. */
import { readFile } from "node:fs/promises";
import type { Metadata } from "sharp";
import { FileFormatError, UserError } from "../../errors.ts";
import { isPng, readChunks } from "../../png/chunks.ts";
import { isAnimated, type PngAnimation, splitAnimation } from "../../png/frames.ts";
import { composed } from "./compose.ts";
import { checkPixels, type Opened, opened, toSrgb } from "./open.ts";
import type { Picture, PictureFrame, ReadPicture } from "./picture.ts";
import { isSrgb, profileName } from "./profile.ts";
import { type Decoding, decodeFrames, withoutOpaque } from "./raster.ts";
import { counted } from "./set.ts";

export interface ReadOptions {
  /** "srgb" (default): colours of another profile are converted. "keep": numbers stay as they are, and the profile comes along. */
  readonly profile?: "srgb" | "keep";
  /** Of bytes: what they are called in messages. */
  readonly source?: string;
}

/**
 * Reads a PNG, APNG, JPEG, WebP, GIF, TIFF or AVIF file: every frame of an animation, whole as it is seen. Pictures are turned as their EXIF
 * orientation says. Sixteen bits stay sixteen. An alpha that is 1 everywhere is left away.
 *
 * @param file  a path, or the bytes of a file
 * @throws UserError  for a file that is empty, damaged, cut off, no picture, or larger than 2^28 pixels over all frames
 */
export async function readPicture(file: string | Uint8Array, options: ReadOptions = {}): Promise<ReadPicture> {
  const { source = typeof file === "string" ? file : "picture", profile = "srgb" } = options;
  const bytes = typeof file === "string" ? await bytesOf(file) : file;
  const open = await opened(bytes, source);
  const animation = isPng(bytes) ? animationOf(bytes, source) : undefined;
  if (animation) checkPixels(source, animation.width, animation.height, animation.frames.length);
  const decoding = decodingOf(open.metadata, source);
  const icc = iccOf(open.metadata, profile);
  const read = animation ? await readAnimated(animation, decoding, icc, source) : await readFrames(open, decoding, icc, source);
  return {
    ...{ source, format: animation ? "apng" : (open.metadata.format ?? "unknown"), depth: decoding.depth, ...read },
    frames: withoutOpaque(read.frames),
    ...(icc.kept && { profile: icc.kept }),
    notes: [...read.notes, ...icc.notes],
  };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(code === "ENOENT" ? `${path}: there is no such file` : `${path}: ${message}`, "check the path");
  }
}

/** @throws UserError  for numbers that are not 8 or 16 bits */
function decodingOf({ depth, channels, hasAlpha }: Metadata, source: string): Decoding {
  if (depth !== "uchar" && depth !== "ushort")
    throw new UserError(`${source}: pixels of type ${depth} are not read`, "save 8 or 16 bits a number");
  return { grey: channels - (hasAlpha ? 1 : 0) < 3, depth: depth === "ushort" ? 16 : 8 };
}

/** What becomes of a profile. */
interface Icc {
  /** Numbers stay as they are. */
  readonly ignore: boolean;
  readonly kept?: Uint8Array;
  readonly notes: readonly string[];
}

function iccOf({ icc, space }: Metadata, wanted: "srgb" | "keep"): Icc {
  const inks = space === "cmyk";
  if (inks) return { ignore: false, notes: [`inks (CMYK) converted to sRGB${icc ? "" : ", by a common profile: it has none of its own"}`] };
  if (!icc) return { ignore: false, notes: [] };
  if (isSrgb(icc)) return { ignore: true, notes: [] };
  const name = profileName(icc);
  return wanted === "keep"
    ? { ignore: true, kept: icc, notes: [] }
    : { ignore: false, notes: [`colours of the profile "${name}" converted to sRGB`] };
}

type Frames = Pick<Picture, "delays" | "loops"> & { readonly frames: readonly PictureFrame[]; readonly notes: readonly string[] };

/** Everything but animated PNG. */
async function readFrames({ sharp, metadata }: Opened, decoding: Decoding, { ignore: ignoreIcc }: Icc, source: string): Promise<Frames> {
  const { pages = 1, delay, loop = 0, orientation = 1, format } = metadata;
  if (pages > 1 && (format === "gif" || format === "webp")) {
    const frames = await decodeFrames(sharp({ animated: true, autoOrient: false, ignoreIcc }), source, decoding, metadata.height);
    return {
      frames,
      delays: delay ?? frames.map(() => 0),
      loops: loop,
      notes: orientation > 1 ? ["an animation is not turned: its EXIF orientation is left out"] : [],
    };
  }
  const notes = [
    ...(pages > 1 ? [`${counted(pages, "page")}: the first is taken`] : []),
    ...(orientation > 1 ? [`turned by its EXIF orientation (${orientation} of 8)`] : []),
  ];
  const open = ignoreIcc ? sharp({ ignoreIcc }) : toSrgb(sharp(), metadata);
  return { frames: await decodeFrames(open, source, decoding), notes };
}

async function readAnimated(animation: PngAnimation, decoding: Decoding, { ignore: ignoreIcc }: Icc, source: string): Promise<Frames> {
  const parts: PictureFrame[] = [];
  for (const { png } of animation.frames) {
    const { sharp, metadata } = await opened(png, source);
    parts.push(...(await decodeFrames(ignoreIcc ? sharp({ ignoreIcc }) : toSrgb(sharp(), metadata), source, decoding)));
  }
  return {
    frames: composed(animation, parts),
    delays: animation.frames.map(({ delay }) => delay),
    loops: animation.loops,
    notes: animation.hasStill ? ["a still picture for programs without animations is none of the frames: left out"] : [],
  };
}

/** @throws UserError  for a wrong checksum, and an animation that does not go together */
function animationOf(bytes: Uint8Array, source: string): PngAnimation | undefined {
  try {
    const chunks = readChunks(bytes);
    return isAnimated(chunks) ? splitAnimation(chunks) : undefined;
  } catch (error) {
    if (error instanceof FileFormatError)
      throw new UserError(`${source}: the file is damaged (${error.message})`, "copy it again from where it came");
    throw error;
  }
}
