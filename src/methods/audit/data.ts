/** Private and public data of an audit from files, as rows in the units of the classifier's inputs. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { type NdArray, ndarray, type Random, readNpz, type Shape, sizeOf } from "../../array/index.ts";
import { toExamples } from "../../data/examples.ts";
import { readImageFolder, readUnlabelled } from "../../data/images.ts";
import { readTable, type Table } from "../../data/index.ts";
import { rowsOf } from "../../distances/index.ts";
import { FileFormatError, UserError } from "../../errors.ts";
import type { Labelled } from "../../inversion/labelled.ts";
import type { dataOptions } from "./options.ts";

export type DataOptions = z.infer<z.ZodObject<typeof dataOptions>>;

/** Rows with names of their classes. */
export interface Named extends Labelled {
  readonly names: readonly string[];
}

/** Both sides of an audit before there is a prior. */
export interface Sides {
  readonly title: string;
  readonly input: Shape;
  readonly train: Named;
  readonly heldOut?: Named;
  readonly publicRows: NdArray<"f32">;
  readonly publicClasses?: Int32Array<ArrayBuffer>;
  readonly notes: readonly string[];
}

/**
 * Data of --private, --held-out and --public.
 * @param input  of one input of the classifier
 * @throws UserError
 */
export async function readSides(given: DataOptions, input: Shape): Promise<Sides> {
  const { private: own, public: known } = given;
  if (own === undefined)
    throw new UserError(
      "no private data: without them nothing can be scored",
      "give what the classifier was trained on with --private; it is read here and goes nowhere. Or try --data digits",
    );
  if (known === undefined)
    throw new UserError("no public data: they are what an attacker knows", "give pictures or rows of the same kind with --public");
  const notes: string[] = [];
  const side = await privateSide(own, given, input, notes);
  return { ...side, title: own, input, publicRows: await unlabelled(known, input, given, notes), notes };
}

async function privateSide(own: string, given: DataOptions, input: Shape, notes: string[]): Promise<Pick<Sides, "train" | "heldOut">> {
  const inside = existsSync(own) && statSync(own).isDirectory() ? heldOutInside(own) : undefined;
  const train = await labelled(inside ? join(own, "train") : own, input, given, "train", notes);
  const other = given.heldOut ?? inside;
  const out = other ? await labelled(other, input, given, "train", notes) : await withinNpz(own, input, notes);
  if (inside) notes.push(`${own}: "train" and "${inside.slice(own.length + 1)}" are taken as what was trained on and what was held out`);
  return { train, ...(out && { heldOut: { ...out, ...inClassesOf(out, train, other ?? own) } }) };
}

/** The private side alone, in the shape that its files have. @throws UserError */
export async function readPrivate(given: DataOptions, size: number | undefined): Promise<Omit<Sides, "publicRows">> {
  const { private: own } = given;
  if (own === undefined)
    throw new UserError("no private data", "give a folder with a subfolder for each class, an .npz or a table with --private");
  const notes: string[] = [];
  const input = await shapeOf(own, given, size);
  return { ...(await privateSide(own, given, input, notes)), title: own, input, notes };
}

/** Of one input of what is in files. */
async function shapeOf(path: string, given: DataOptions, size: number | undefined): Promise<Shape> {
  requirePath(path);
  if (isTable(path)) return [toExamples(await readTable(path, given), path, { ...given, task: "classes" }).features.length];
  if (!isNpz(path)) return (await readImageFolder(heldOutInside(path) ? join(path, "train") : path, size)).inputs.shape.slice(1);
  const arrays = await archive(path);
  const name = arrayNames.train.x.find((known) => known in arrays);
  const shape = name === undefined ? [] : arrays[name].shape.slice(1);
  if (shape.length === 2) return [1, ...shape];
  // channels are few, and stand first or last
  return shape.length === 3 && shape[2] <= 4 && shape[0] > 4 ? [shape[2], shape[0], shape[1]] : shape;
}

/** A folder of held-out items beside "train". */
const heldOutInside = (folder: string): string | undefined =>
  existsSync(join(folder, "train"))
    ? ["held-out", "heldout", "test"].map((name) => join(folder, name)).find((path) => existsSync(path))
    : undefined;

/** Numbers of classes as the training part counts them. */
function inClassesOf({ y, names }: Named, train: Named, path: string): Pick<Named, "y" | "names"> {
  const places = names.map((name) => train.names.indexOf(name));
  const strange = names.find((_, k) => places[k] < 0);
  if (strange !== undefined) throw new UserError(`${path}: class "${strange}" is not among those trained on (${train.names.join(", ")})`);
  return { y: y.map((c) => places[c]), names: train.names };
}

const isNpz = (path: string): boolean => /\.npz$/i.test(path);
const isTable = (path: string): boolean => /\.(csv|tsv|parquet|json|jsonl|ndjson)(\.(gz|zst))?$/i.test(path);

async function labelled(path: string, input: Shape, given: DataOptions, part: "train" | "held-out", notes: string[]): Promise<Named> {
  requirePath(path);
  if (isNpz(path)) {
    const found = await npzPart(path, input, part, notes);
    if (found?.y) return { x: found.x, ...classNumbers(found.y) };
    throw new UserError(`${path}: an archive of labelled rows has arrays x and y (or x_train and y_train)`, "numpy.savez(path, x=x, y=y)");
  }
  if (isTable(path)) return fromTable(await readTable(path, given), path, input, given, notes);
  if (!statSync(path).isDirectory())
    throw new UserError(`${path}: private data are a folder with a subfolder for each class, an .npz, or a table`);
  const { inputs, targets, classes = [] } = await readImageFolder(path, input);
  return { x: pixels(inputs, input, path), y: Int32Array.from(targets.data, Number), names: classes };
}

async function withinNpz(path: string, input: Shape, notes: string[]): Promise<Named | undefined> {
  if (!isNpz(path)) return undefined;
  const found = await npzPart(path, input, "held-out", notes);
  return found?.y && { x: found.x, ...classNumbers(found.y) };
}

function requirePath(path: string): void {
  if (/^[a-z][a-z+.-]*:\/\//i.test(path)) throw new UserError(`${path}: an audit reads data of its own machine only`);
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file or folder`, "check the path");
}

/** Labels as they are written, counted in their order. */
function classNumbers(labels: readonly (string | number)[]): Pick<Named, "y" | "names"> {
  const names = [...new Set(labels.map(String))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const index = new Map(names.map((name, k) => [name, k]));
  return { names, y: Int32Array.from(labels, (label) => index.get(String(label))!) };
}

/** Names of arrays, the usual first. */
const arrayNames = {
  train: { x: ["x", "X", "x_train", "images", "data"], y: ["y", "Y", "y_train", "labels", "targets"] },
  "held-out": { x: ["x_held_out", "x_test", "x_val"], y: ["y_held_out", "y_test", "y_val"] },
} as const;

/** Rows of an archive, and labels where it has them. */
async function npzPart(path: string, input: Shape, part: keyof typeof arrayNames, notes: string[]) {
  const arrays = await archive(path);
  const [nameX, nameY] = [arrayNames[part].x, arrayNames[part].y].map((names) => names.find((name) => name in arrays));
  if (nameX === undefined) return undefined;
  const raw = arrays[nameX];
  if (raw.dtype === "string") throw new UserError(`${path}: the array "${nameX}" is text, not numbers`);
  const labels = nameY === undefined ? undefined : arrays[nameY];
  const x = arranged(raw, input, `${path}, "${nameX}"`, notes);
  const y = labels && Array.from(labels.data as ArrayLike<string | number | bigint>, (v) => (typeof v === "string" ? v : Number(v)));
  if (labels && labels.shape.length !== 1)
    throw new UserError(
      `${path}: labels "${nameY}" of [${labels.shape.join(", ")}]: one for each row is wanted`,
      labels.shape.length === 2 ? "of indicators take the place of the largest: y.argmax(1)" : "flatten them",
    );
  const unknown = y?.findIndex((label) => Number.isNaN(label)) ?? -1;
  if (unknown >= 0) throw new UserError(`${path}: the label of row ${unknown + 1} in "${nameY}" is no number`, "leave such rows out");
  if (y && y.length !== x.shape[0])
    throw new UserError(`${path}: ${x.shape[0]} rows in "${nameX}", and ${y.length} labels in "${nameY}"`, "give a label for each row");
  notes.push(`${path}: "${nameX}"${nameY ? ` with "${nameY}"` : ""} taken as ${part === "train" ? "rows" : "held-out rows"}`);
  return { x, y };
}

async function archive(path: string) {
  try {
    return readNpz(await readFile(path));
  } catch (error) {
    if (error instanceof FileFormatError) throw new UserError(`${path}: ${error.message}`, "write it with numpy.savez");
    throw error;
  }
}

/** Rows as the classifier takes them: pixels in [0, 1], channels first. */
function arranged(raw: NdArray, input: Shape, what: string, notes: string[]): NdArray<"f32"> {
  const size = sizeOf(input);
  const n = raw.shape[0] ?? 0;
  if (n === 0 || raw.data.length !== n * size)
    throw new UserError(
      `${what}: rows of [${raw.shape.slice(1).join(", ")}], and the classifier takes [${input.join(", ")}]`,
      "scale or cut them to that",
    );
  const [channels, height, width] = input;
  const last = input.length === 3 && raw.shape.length === 4 && raw.shape[3] === channels && raw.shape[1] === height && channels !== height;
  if (last && channels > 1) notes.push(`${what}: channels stand last, and are put first`);
  const at = (i: number): number => {
    if (!last) return i;
    const [row, rest] = [Math.floor(i / size), i % size];
    const [c, p] = [Math.floor(rest / (height * width)), rest % (height * width)];
    return row * size + p * channels + c;
  };
  const x = Float32Array.from({ length: n * size }, (_, i) => Number(raw.data[at(i)]));
  const bad = x.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw new UserError(`${what}: ${x[bad]} in row ${Math.floor(bad / size) + 1}`, "leave such rows out");
  return pixels(ndarray(x, [n, size], "f32"), input, what, notes);
}

/** Images in [0, 1]; features as they are. */
function pixels({ data, shape }: NdArray, input: Shape, what: string, notes: string[] = []): NdArray<"f32"> {
  const size = sizeOf(input);
  const values = Float32Array.from(data as ArrayLike<number>, Number);
  if (input.length !== 3) return ndarray(values, [shape[0], size], "f32");
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [0, 0]);
  if (low < 0 || high > 255)
    throw new UserError(`${what}: pixels from ${low} to ${high}`, "they should lie in [0, 1], or be bytes from 0 to 255");
  const bytes = high > 1;
  if (bytes) notes.push(`${what}: pixels up to ${high}, taken as bytes`);
  return ndarray(bytes ? values.map((v) => v / 255) : values, [shape[0], size], "f32");
}

function fromTable(t: Table, path: string, input: Shape, given: DataOptions, notes: string[]): Named {
  if (given.target === undefined) throw new UserError(`${path}: which column is the class?`, "name it with --target");
  const { inputs, targets, classes, warnings, features } = toExamples(t, path, {
    target: given.target,
    features: given.features,
    task: "classes",
  });
  notes.push(...warnings);
  const size = sizeOf(input);
  if (features.length !== size)
    throw new UserError(
      `${path}: ${features.length} features (${features.slice(0, 6).join(", ")}${features.length > 6 ? ", …" : ""}), and the classifier takes ${size}`,
      "choose its columns with --features, in its order",
    );
  return {
    x: ndarray(Float32Array.from(inputs.data), [inputs.shape[0], size], "f32"),
    y: Int32Array.from(targets.data, Number),
    names: classes ?? [],
  };
}

/** Public inputs; labels, where there are some, are not looked at. */
async function unlabelled(path: string, input: Shape, given: DataOptions, notes: string[]): Promise<NdArray<"f32">> {
  requirePath(path);
  if (isNpz(path)) {
    const found = await npzPart(path, input, "train", notes);
    if (found) return found.x;
    throw new UserError(`${path}: an archive of public rows has an array x`);
  }
  if (isTable(path)) {
    const t = await readTable(path, given);
    const { target } = given;
    const columns = target ? t.columns.filter(({ name }) => name !== target) : t.columns;
    const first = columns[0]?.values.length ?? 0;
    const stand = { name: "public", values: Float64Array.from({ length: first }, (_, i) => i % 2) };
    const { x } = fromTable({ ...t, columns: [...columns, stand] }, path, input, { ...given, target: "public" }, notes);
    return x;
  }
  if (input.length !== 3) throw new UserError(`${path}: public data for a classifier of features are a table or an .npz`);
  return pixels((await readUnlabelled(path, input)).pixels, input, path);
}

/** Splits rows class by class: a share of each for measuring. */
export function splitTest({ x, y, names }: Named, share: number, rng: Random): { readonly rest: Labelled; readonly test: Labelled } {
  const parts = { rest: [] as number[], test: [] as number[] };
  for (const c of names.keys()) {
    const rows = Array.from(y.keys()).filter((i) => y[i] === c);
    const order = rng.fold(c).permutation(rows.length).data;
    const count = Math.max(1, Math.round(share * rows.length));
    order.forEach((k, i) => void (i < count ? parts.test : parts.rest).push(rows[k]));
  }
  const of = (rows: readonly number[]): Labelled => ({ x: rowsOf(x, rows), y: Int32Array.from(rows, (row) => y[row]) });
  return { rest: of(parts.rest), test: of(parts.test) };
}
