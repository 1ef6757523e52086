/** Pixels as files. */
import { deflateSync } from "node:zlib";
import type { Sharp } from "sharp";
import { animatedPng } from "../../png/animate.ts";
import { joined, readChunks, writeChunks } from "../../png/chunks.ts";
import { interleaved, type Pixels } from "./interleave.ts";
import type { Picture } from "./picture.ts";
import { decodeFrames } from "./raster.ts";

export type PictureFormat = "png" | "jpeg" | "webp" | "gif";

/** @param depth  of PNG; others take bytes */
type Encoder = (picture: Picture, pixels: Pixels, depth: 8 | 16, quality: number) => Promise<Uint8Array>;

/** Files of pictures that their format can hold. */
export const encoders: Record<PictureFormat, Encoder> = {
  async png({ frames, delays, loops, profile }, pixels, depth) {
    const files = await Promise.all(frames.map((_, k) => pngOf(pixels, k, depth, profile)));
    return files.length === 1 ? files[0] : animatedPng(files, delays ?? 100, loops);
  },
  async jpeg({ profile }, pixels, depth, quality) {
    const options = { quality, chromaSubsampling: quality >= 90 ? "4:4:4" : "4:2:0" };
    return (await still(pixels, depth, profile)).jpeg(options).toBuffer();
  },
  async webp({ frames, delays, loops, profile }, pixels, depth, quality) {
    const options = quality === 100 ? { lossless: true, exact: true } : { quality, smartSubsample: true };
    if (frames.length === 1) return (await still(pixels, depth, profile)).webp(options).toBuffer();
    return (await stacked(pixels)).webp({ ...options, ...timing(delays, loops, frames.length) }).toBuffer();
  },
  async gif({ frames, delays, loops }, pixels) {
    const dither = distinctColours(pixels) > mostOfGif ? 1 : 0;
    const options = { dither, ...(frames.length > 1 && timing(delays, loops, frames.length)) };
    return (await stacked(pixels)).gif(options).toBuffer();
  },
};

const timing = (delays: readonly number[] | undefined, loop = 0, frames: number) => ({
  delay: delays ? delays.map((delay) => Math.min(0xffff, Math.round(delay))) : new Array<number>(frames).fill(100),
  loop,
});

/** One frame, with its profile where it has one. */
async function still(pixels: Pixels, depth: 8 | 16, profile: Uint8Array | undefined): Promise<Sharp> {
  const { default: sharp } = await import("sharp");
  const picture = sharp(await pngOf(pixels, 0, depth, profile), { ignoreIcc: true });
  return profile ? picture.keepIccProfile() : picture;
}

/** All frames, as encoders of animations take them. */
async function stacked({ data, width, height, channels }: Pixels): Promise<Sharp> {
  const { default: sharp } = await import("sharp");
  const all = data.length / (width * channels);
  return sharp(data, { raw: { width, height: all, channels, ...(all > height && { pageHeight: height }) } });
}

/** A PNG file of one frame. */
async function pngOf(
  { data, width, height, channels }: Pixels,
  k: number,
  depth: 8 | 16,
  profile: Uint8Array | undefined,
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const size = width * height * channels;
  const space = channels < 3 ? (depth === 8 ? "b-w" : "grey16") : depth === 8 ? "srgb" : "rgb16";
  const png = await sharp(data.subarray(k * size, (k + 1) * size), { raw: { width, height, channels } })
    .toColourspace(space)
    .png()
    .toBuffer();
  if (!profile) return png;
  const [header, ...rest] = readChunks(png);
  // a name, its end, the method of compression: PNG specification, section 11.3.2.3
  const text = joined(new TextEncoder().encode("profile\0\0"), deflateSync(profile));
  return writeChunks([header, { type: "iCCP", data: text }, ...rest]);
}

/** Numbers of a picture with a profile, as sRGB of sixteen bits. */
export async function inSrgb(picture: Picture): Promise<Picture> {
  const { profile, ...rest } = picture;
  const { default: sharp } = await import("sharp");
  const pixels = interleaved(picture, 16);
  const grey = picture.frames[0].colours.shape[0] === 1;
  const convert = async (k: number) =>
    decodeFrames(sharp(await pngOf(pixels, k, 16, profile)).withIccProfile("srgb"), "picture", { grey, depth: 16 });
  return { ...rest, frames: (await Promise.all(picture.frames.map((_, k) => convert(k)))).flat() };
}

/** Colours of a GIF's palette. */
export const mostOfGif = 256;

/** How many colours there are, as far as it matters for a palette. */
export function distinctColours({ data, channels }: Pixels): number {
  const seen = new Set<number>();
  for (let at = 0; at < data.length && seen.size <= mostOfGif; at += channels)
    seen.add(channels < 3 ? data[at] : (data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return seen.size;
}
