/** Pictures in NumPy's files. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type NdArray, ndarray } from "../../array/ndarray.ts";
import { readNpy, type StringArray } from "../../array/npy.ts";
import { readNpz } from "../../array/npz.ts";
import { FileFormatError, UserError } from "../../errors.ts";
import { mostBytes } from "../memory.ts";
import { list } from "../table.ts";
import type { PictureOptions, PictureSet } from "./set.ts";
import { toStack } from "./stack.ts";

type Arrays = Readonly<Record<string, NdArray | StringArray>>;

const usual = {
  pictures: ["images", "x", "X", "x_train", "X_train", "train_images", "data"],
  heldOut: ["x_test", "X_test", "test_images"],
  labels: ["labels", "y", "Y", "y_train", "Y_train", "train_labels", "targets"],
  heldOutLabels: ["y_test", "Y_test", "test_labels"],
} as const;

/** The pictures of an .npz or .npy file: an array by one of the usual names, or the first that can be one. @throws UserError */
export async function archivePictures(path: string, options: PictureOptions): Promise<PictureSet> {
  const arrays = await readArrays(path);
  const named = (names: readonly string[]): string | undefined => names.find((name) => name in arrays);
  const main = named(usual.pictures) ?? Object.keys(arrays).find((name) => picturesIn(arrays[name]));
  const array = main === undefined ? undefined : picturesIn(arrays[main]);
  if (main === undefined || !array)
    throw new UserError(
      `${path}: no array of pictures, only ${Object.entries(arrays)
        .slice(0, 6)
        .map(([name, { shape }]) => `"${name}" [${shape.join(", ")}]`)
        .join(", ")}`,
      'save bytes [n, height, width] or [n, height, width, 3] as "images"',
    );
  const train = await toStack(array, `array "${main}"`, options);
  const { pixels } = train;
  const out = main.includes("train") ? named(usual.heldOut) : undefined;
  const other = out === undefined ? undefined : picturesIn(arrays[out]);
  const test =
    other &&
    (await toStack(other, `array "${out}"`, {
      ...options,
      size: [pixels.shape[2], pixels.shape[3]],
      channels: pixels.shape[1] === 1 ? 1 : 3,
    }));
  const all = test ? joined(pixels, test.pixels) : pixels;
  const n = all.shape[0];
  const labels = labelsOf([named(usual.labels), ...(test ? [named(usual.heldOutLabels)] : [])], arrays, n);
  const taken = [main, out, ...labels.names];
  const others = Object.keys(arrays).filter((name) => !taken.includes(name));
  const title = basename(path);
  return {
    ...{ name: title, title, source: path, pixels: all, names: Array.from({ length: n }, (_, i) => String(i)), ...labels.found },
    ...(test && { testFrom: pixels.shape[0] }),
    warnings: [
      ...[train.layout, ...train.notes, ...(test?.notes ?? []), ...labels.notes],
      ...(others.length > 0 ? [`left out: ${list(others, 6)}`] : []),
      ...(n === 1 ? ["one picture only: a model of it can do no more than copy it"] : []),
    ],
  };
}

async function readArrays(path: string): Promise<Arrays> {
  const bytes = await readFile(path);
  try {
    return /\.npy$/i.test(path) ? { images: readNpy(bytes) } : readNpz(bytes, { maxBytes: mostBytes() });
  } catch (error) {
    if (error instanceof FileFormatError) throw new UserError(`${path}: ${error.message}`, "write it with numpy.savez");
    throw error;
  }
}

const picturesIn = (array: NdArray | StringArray): NdArray | undefined =>
  array.dtype !== "string" && (array.shape.length === 3 || array.shape.length === 4) ? array : undefined;

function joined(a: NdArray<"u8">, b: NdArray<"u8">): NdArray<"u8"> {
  const data = new Uint8Array(a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  return ndarray(data, [a.shape[0] + b.shape[0], ...a.shape.slice(1)], "u8");
}

interface Labels {
  readonly names: readonly string[];
  readonly found: Pick<PictureSet, "labels" | "classes">;
  readonly notes: readonly string[];
}

/** Classes from arrays with one value for each picture, in parts one after the other. */
function labelsOf(parts: readonly (string | undefined)[], arrays: Arrays, n: number): Labels {
  const names = parts.filter((name) => name !== undefined);
  const none = (notes: readonly string[]): Labels => ({ names, found: {}, notes });
  if (names.length < parts.length) return none([]);
  const values = names.flatMap((name) => Array.from<unknown>(arrays[name].data)).map(String);
  if (values.length !== n) return none([`labels ${list(names)} are ${values.length}, for ${n} pictures: left out`]);
  const classes = [...new Set(values)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const numbers = new Map(classes.map((name, k) => [name, k]));
  return { names, found: { classes, labels: Int32Array.from(values, (value) => numbers.get(value) ?? 0) }, notes: [] };
}
