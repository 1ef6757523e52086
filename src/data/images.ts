/** Pictures as labelled examples: built-in sets, and folders with a subfolder for each class. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { nearest, UserError } from "../errors.ts";
import type { Examples } from "./examples.ts";
import { isLabelledSet, labelledSet, labelledSetNames } from "./pictures/built-in.ts";
import { isIdxFile, isIdxFolder, readIdxFolder, readIdxPictures } from "./pictures/idx-files.ts";
import { opened, pictureName } from "./pictures/open.ts";
import { readPlanes } from "./pictures/planes.ts";
import type { PictureSet } from "./pictures/set.ts";

/** Names of the built-in image sets. */
export const imageSetNames = labelledSetNames;

/** @throws UserError  when its files are not on this machine, saying how they get there */
export async function builtInImages(name: string): Promise<Examples> {
  if (isLabelledSet(name)) return examplesOf(await labelledSet(name));
  const guess = nearest(name, imageSetNames);
  throw new UserError(`no built-in images "${name}"`, guess ? `did you mean "${guess}"?` : `there are ${imageSetNames.join(", ")}`);
}

type Labelled = PictureSet & Required<Pick<PictureSet, "labels" | "classes">>;

const examplesOf = ({ name, title, source, pixels, labels, classes, testFrom, warnings }: Labelled): Examples => ({
  ...{ name, title, source, classes, testFrom, warnings },
  inputs: pixels,
  targets: ndarray(labels, [labels.length], "i32"),
  features: pixels.shape[1] === 1 ? ["grey"] : ["red", "green", "blue"],
});

/**
 * A folder of images: four IDX files, or a subfolder of picture files for each class.
 * @param size  side to which pictures are scaled, or their whole shape [channels, height, width]
 */
export async function readImageFolder(folder: string, size?: number | readonly number[]): Promise<Examples> {
  return examplesOf(isIdxFolder(folder) ? await readIdxFolder(folder) : await readPictures(folder, size));
}

/**
 * folder/class/picture: every picture is cropped to a square in its middle and scaled. All must be whole: what is learned from here is scored.
 * @param size  default: the smaller side of the first picture, at most 64
 */
async function readPictures(folder: string, size?: number | readonly number[]): Promise<Labelled> {
  const entries = await readdir(folder, { withFileTypes: true });
  const classes = entries
    .filter((e) => e.isDirectory())
    .map((e) => e.name)
    .sort();
  const files: { path: string; label: number }[] = [];
  for (const [label, name] of classes.entries())
    for (const file of (await readdir(join(folder, name))).filter((f) => pictureName.test(f)).sort())
      files.push({ path: join(folder, name, file), label });
  if (classes.length < 2 || files.length === 0)
    throw new UserError(
      `${folder}: no labelled pictures`,
      "a folder needs a subfolder of PNG, JPEG or WebP files for each class, or the four IDX files of MNIST",
    );
  const { metadata } = await opened(await readFile(files[0].path), files[0].path);
  const side = typeof size === "number" ? size : Math.min(metadata.width, metadata.height, 64);
  const shape = typeof size === "object" ? size : [metadata.channels < 3 ? 1 : 3, side, side];
  const paths = files.map((f) => f.path);
  const title = basename(folder);
  return {
    ...{ name: title, title, source: folder, names: paths, classes, warnings: [] },
    pixels: await pixelsOf(paths, shape),
    labels: Int32Array.from(files, (f) => f.label),
  };
}

/** Picture files as planes of bytes [n, channels, height, width]: cropped to the shape in their middle, and scaled. */
async function pixelsOf(paths: readonly string[], [channels, height, width]: readonly number[]): Promise<NdArray<"u8">> {
  const size = channels * height * width;
  const data = new Uint8Array(paths.length * size);
  for (const [i, path] of paths.entries())
    data.set((await readPlanes(await readFile(path), path, channels, [height, width])).data, i * size);
  return ndarray(data, [paths.length, channels, height, width], "u8");
}

/** Pictures without labels. */
export type Pictures = Pick<PictureSet, "names" | "pixels">;

/**
 * Pictures in a shape: a picture file, all those of a folder and its subfolders, or an IDX file of grey images of that size.
 * @throws UserError
 */
export async function readUnlabelled(path: string, shape: readonly number[]): Promise<Pictures> {
  if (isIdxFile(path)) {
    const set = await readIdxPictures(path);
    const found = set.pixels.shape.slice(1);
    if (found.some((length, k) => length !== shape[k]))
      throw new UserError(`${path}: images ${found.join(" x ")}, the model looks at ${shape.join(" x ")}`);
    return set;
  }
  const isFolder = (await stat(path)).isDirectory();
  const names = isFolder ? (await readdir(path, { recursive: true })).filter((f) => pictureName.test(f)).sort() : [path];
  if (names.length === 0 || (!isFolder && !pictureName.test(path)))
    throw new UserError(`${path}: no pictures`, "it should be a PNG, JPEG or WebP file, a folder of them, or an IDX file");
  return { names, pixels: await pixelsOf(isFolder ? names.map((name) => join(path, name)) : names, shape) };
}
