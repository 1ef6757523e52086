/** Pictures in IDX files, as MNIST and its kin come. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type NdArray, ndarray, sizeOf } from "../../array/ndarray.ts";
import { UserError } from "../../errors.ts";
import { readIdx } from "../idx.ts";
import { gunzipped } from "../memory.ts";
import type { PictureSet } from "./set.ts";

/** Whether a folder has the four files. */
export const isIdxFolder = (folder: string): boolean => idxPath(folder, "train", "images") !== undefined;

/** Whether a file is one by its name. */
export const isIdxFile = (path: string): boolean => /ubyte(\.gz)?$|\.idx(\d-ubyte)?(\.gz)?$/i.test(path);

/** The path of train-images-idx3-ubyte and its like, in their different spellings. */
function idxPath(folder: string, part: "train" | "t10k", what: "images" | "labels"): string | undefined {
  const rank = what === "images" ? 3 : 1;
  return [`${part}-${what}-idx${rank}-ubyte`, `${part}-${what}.idx${rank}-ubyte`, `${part}-${what}-idx${rank}-ubyte.gz`]
    .map((name) => join(folder, name))
    .find(existsSync);
}

/** The four files of a folder as one set, whose test part stays the test part. @throws UserError */
export async function readIdxFolder(
  folder: string,
): Promise<PictureSet & { readonly labels: Int32Array<ArrayBuffer>; readonly classes: readonly string[] }> {
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
  const labels = new Int32Array(n + test.shape[0]);
  labels.set(trainLabels.data);
  labels.set(testLabels.data, n);
  const count = labels.reduce((m, c) => Math.max(m, c), 0) + 1;
  const title = basename(folder);
  return {
    ...{ name: title, title, source: folder, names: numbers(labels.length), labels },
    pixels: ndarray(data, [labels.length, 1, height, width], "u8"),
    classes: numbers(count),
    testFrom: n,
    warnings: [],
  };
}

const numbers = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));

/** Grey pictures of one file, without labels. @throws UserError */
export async function readIdxPictures(path: string): Promise<PictureSet> {
  const { data, shape } = await readIdxFile(path);
  if (shape.length !== 3 || shape[0] === 0)
    throw new UserError(
      `${path}: an array of [${shape.join(", ")}], not pictures [n, height, width]`,
      "give the file of images, or the folder of all four",
    );
  const [n, height, width] = shape;
  const title = basename(path);
  return { name: title, title, source: path, pixels: ndarray(data, [n, 1, height, width], "u8"), names: numbers(n), warnings: [] };
}

async function readIdxFile(path: string): Promise<NdArray<"u8">> {
  const bytes = await readFile(path);
  const plain = path.endsWith(".gz") ? await gunzipped(bytes, path) : bytes;
  return readIdx(plain, basename(path));
}
