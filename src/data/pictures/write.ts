/** One picture to a file, and what the file's format cannot hold. */
import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { nearest, UserError } from "../../errors.ts";
import { aside } from "../write.ts";
import { distinctColours, encoders, inSrgb, mostOfGif, type PictureFormat } from "./encode.ts";
import { interleaved, onWhite, type Pixels } from "./interleave.ts";
import type { Picture } from "./picture.ts";

export interface WriteOptions {
  /** Default: by the ending of the path. A PNG of several frames is an animated one. */
  readonly format?: PictureFormat;
  /** Bits of a number, where the format has a choice. Default: those of the picture. */
  readonly depth?: 8 | 16;
  /** Of JPEG and WebP, 1 to 100; a WebP of 100 loses nothing. Default 92. */
  readonly quality?: number;
}

/** Writes a file, whole or not at all. @returns what the format could not hold @throws UserError */
export async function writePicture(
  path: string,
  picture: Picture,
  options: WriteOptions = {},
): Promise<{ readonly notes: readonly string[] }> {
  const { bytes, notes } = await encodePicture(picture, { ...options, format: options.format ?? pictureFormat(path) });
  try {
    await aside(path, (temporary) => writeFile(temporary, bytes));
  } catch (error) {
    throw new UserError(`${path}: it cannot be written (${(error as NodeJS.ErrnoException).code})`, "check the folder");
  }
  return { notes };
}

/** The format that a path asks for by its ending. @throws UserError */
export function pictureFormat(path: string): PictureFormat {
  const ending = extname(path).slice(1).toLowerCase();
  const known = { png: "png", apng: "png", jpg: "jpeg", jpeg: "jpeg", webp: "webp", gif: "gif" } as const;
  const found = Object.entries(known).find(([name]) => name === ending)?.[1];
  if (found) return found;
  const guess = nearest(ending, Object.keys(known));
  throw new UserError(
    `${path}: no format of pictures by its ending`,
    guess ? `did you mean ".${guess}"?` : `written are ${Object.keys(known).join(", ")}`,
  );
}

/** The bytes of a file. @throws UserError */
export async function encodePicture(
  picture: Picture,
  { format = "png", depth = picture.depth, quality = 92 }: WriteOptions = {},
): Promise<{ readonly bytes: Uint8Array; readonly notes: readonly string[] }> {
  const { picture: held, depth: bits, notes } = await holdable(picture, format, depth);
  const pixels = interleaved(held, bits);
  const bytes = await encoders[format](held, pixels, bits, quality);
  const cut = pixels.cut > 0 ? [`${pixels.cut} of ${pixels.data.length} numbers beyond [0, 1], cut off`] : [];
  return { bytes, notes: [...notes, ...(format === "gif" ? gifNotes(held, pixels) : []), ...cut] };
}

/** What of a picture a format holds, and words about the rest. */
async function holdable(picture: Picture, format: PictureFormat, depth: 8 | 16) {
  const notes: string[] = [];
  const note = (applies: boolean, text: string): boolean => {
    if (applies) notes.push(text);
    return applies;
  };
  let held = picture;
  const { frames, profile } = picture;
  if (note(format === "jpeg" && frames.length > 1, `JPEG holds no animation: the first of ${frames.length} frames is written`))
    held = { ...held, frames: frames.slice(0, 1) };
  if (note(format === "jpeg" && frames[0].alpha !== undefined, "JPEG holds no transparency: laid on white"))
    held = { ...held, frames: held.frames.map(onWhite) };
  const narrow = note(format !== "png" && depth === 16, `${names[format]} holds no 16 bits: rounded to 8`);
  const noProfile = format === "gif" || (format === "webp" && frames.length > 1);
  if (
    note(
      noProfile && profile !== undefined,
      `${names[format]}${format === "webp" ? " animations are" : " is"} written without a profile: colours converted to sRGB`,
    )
  )
    held = await inSrgb(held);
  return { picture: held, depth: narrow ? (8 as const) : depth, notes };
}

const names = { png: "PNG", jpeg: "JPEG", webp: "WebP", gif: "GIF" } satisfies Record<PictureFormat, string>;

/** What a palette, one bit of alpha and hundredths of a second do not hold. */
function gifNotes({ frames, delays }: Picture, pixels: Pixels): string[] {
  const partly = frames.reduce((sum, { alpha }) => sum + (alpha?.data.filter((a) => a > 0 && a < 1).length ?? 0), 0);
  return [
    ...(distinctColours(pixels) > mostOfGif ? [`GIF holds ${mostOfGif} colours: others are mixed from these`] : []),
    ...(partly > 0 ? [`GIF holds no half transparency: ${partly} pixels became all or nothing`] : []),
    ...(frames.length > 1 && delays?.some((delay) => delay % 10 !== 0) ? ["GIF holds delays in hundredths of a second: rounded"] : []),
  ];
}
