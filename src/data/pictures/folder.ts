/** A folder of pictures, or one picture, as a set of one shape. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ndarray, sizeOf } from "../../array/ndarray.ts";
import { UserError } from "../../errors.ts";
import { mostBytes } from "../memory.ts";
import { each } from "./each.ts";
import { heldOutNames } from "./held-out.ts";
import { type Listed, listPictures } from "./list.ts";
import { patchesOf } from "./patches.ts";
import { readPlanes } from "./planes.ts";
import { counted, type PictureOptions, type PictureSet, sizeOfOption } from "./set.ts";
import { checkMemory, chooseChannels, chooseSize } from "./shape.ts";
import { attempt, faultNotes, readable, type Surveyed, survey } from "./survey.ts";

/** Pictures of a folder and its subfolders. @throws UserError  if none can be read */
export const folderPictures = async (folder: string, options: PictureOptions): Promise<PictureSet> =>
  picturesOf(folder, folder, await listPictures(folder), options);

/** A set of one picture. */
export const filePicture = (path: string, options: PictureOptions): Promise<PictureSet> =>
  picturesOf(path, dirname(path), { names: [basename(path)], notes: [] }, options);

async function picturesOf(source: string, folder: string, listed: Listed, options: PictureOptions): Promise<PictureSet> {
  const all = listed.names.length;
  if (all === 0)
    throw new UserError(`${source}: no pictures`, "PNG, JPEG, WebP, GIF, TIFF and AVIF files are read, and the four IDX files of MNIST");
  let done = 0;
  const after = (): void => options.progress?.(++done, 2 * all);
  const faults: string[] = [];
  const surveyed = readable(await survey(folder, listed, after), faults);
  if (surveyed.length === 0) throw noneLeft(source, all, faults);
  const plan = options.patches === undefined ? inWhole(surveyed, options) : inPatches(source, surveyed, options, options.patches);
  checkMemory(source, plan.kept.length * plan.each, plan.shape, mostBytes());
  const { pixels, pictures, transparent } = await decoded(folder, plan, faults, after);
  if (pictures.length === 0) throw noneLeft(source, all, faults);
  const [several, foreign] = (["several", "foreign"] as const).map((fact) => pictures.filter(({ facts }) => facts[fact]).length);
  const of = `of ${counted(pictures.length)}`;
  const warnings = [
    ...[...listed.notes, ...faultNotes(faults, all), ...plan.notes],
    ...(transparent > 0 ? [`${transparent} ${of} with transparent parts, laid on white`] : []),
    ...(foreign > 0 ? [`${foreign} ${of} with inks or a profile of their own, converted to sRGB`] : []),
    ...(several > 0 ? [`${several} ${of} with several frames or pages: the first is taken`] : []),
    ...(pictures.length === 1 ? [onlyOne(plan.each)] : []),
  ];
  const title = basename(source);
  return { name: title, title, source, pixels, ...describe(pictures, plan.each), warnings };
}

/** What is made of each picture. */
interface Plan {
  readonly kept: readonly Surveyed[];
  readonly shape: readonly [channels: number, height: number, width: number];
  /** Rows a picture. */
  readonly each: number;
  /** Scaled to the shape as a whole before. */
  readonly whole: boolean;
  readonly seed: number | string;
  readonly notes: readonly string[];
}

function inWhole(surveyed: readonly Surveyed[], { size, channels, seed = 0 }: PictureOptions): Plan {
  const facts = surveyed.map((one) => one.facts);
  const [colours, sides] = [chooseChannels(facts, channels), chooseSize(facts, size)];
  const shape = [colours.value, ...sides.value] as const;
  return { kept: surveyed, shape, each: 1, whole: true, seed, notes: [...sides.notes, ...colours.notes] };
}

/** Side of a patch unless a size is asked for. */
const patchSide = 64;

/** Pictures that are large enough, divided by file: parts of one picture are on one side. */
function inPatches(
  source: string,
  surveyed: readonly Surveyed[],
  { size = patchSide, channels, seed = 0 }: PictureOptions,
  patches: number,
): Plan {
  const [h, w] = sizeOfOption(size);
  const large = surveyed.filter(({ facts }) => facts.height >= h && facts.width >= w);
  const small = surveyed.length - large.length;
  if (large.length === 0)
    throw new UserError(`${source}: no picture is as large as a patch of ${h} x ${w} pixels`, "choose a smaller --size");
  const colours = chooseChannels(
    large.map((one) => one.facts),
    channels,
  );
  const kept = large.some(({ heldOut }) => heldOut) || large.length === 1 ? large : heldOutByName(large);
  const out = kept.filter(({ heldOut }) => heldOut).length;
  const notes = [
    ...(small > 0 ? [`${small} of ${counted(surveyed.length)} smaller than a patch of ${h} x ${w}, left out`] : []),
    ...colours.notes,
    ...(out > 0 ? [`${out} of ${counted(large.length)} held out, with all their patches`] : []),
  ];
  return { kept, shape: [colours.value, h, w], each: patches, whole: false, seed, notes };
}

function heldOutByName(pictures: readonly Surveyed[]): Surveyed[] {
  const names = heldOutNames(pictures.map(({ name }) => name));
  const side = (heldOut: boolean): Surveyed[] =>
    pictures.filter(({ name }) => names.has(name) === heldOut).map((one) => ({ ...one, heldOut }));
  return [...side(false), ...side(true)];
}

/** Decodes all pictures into one array, a few at a time. */
async function decoded(folder: string, { kept, shape, each: rows, whole, seed }: Plan, faults: string[], after: () => void) {
  const [channels, ...size] = shape;
  const length = rows * sizeOf(shape);
  const data = new Uint8Array(kept.length * length);
  const tried = await each(
    kept,
    ({ name, ...one }, i) =>
      attempt(name, async () => {
        const planes = await readPlanes(await readFile(join(folder, name)), name, channels, whole ? size : undefined);
        data.set(whole ? planes.data : patchesOf(planes, size, rows, seed, name), i * length);
        return { name, ...one, row: i, transparent: planes.transparent };
      }),
    after,
  );
  const pictures = readable(tried, faults);
  // pictures that could not be decoded have left gaps
  for (const [i, { row }] of pictures.entries()) if (row !== i) data.copyWithin(i * length, row * length, (row + 1) * length);
  return {
    pictures,
    pixels: ndarray(data.subarray(0, pictures.length * length), [pictures.length * rows, ...shape], "u8"),
    transparent: pictures.filter((picture) => picture.transparent).length,
  };
}

/** Names, classes and parts of rows. */
function describe(pictures: readonly Surveyed[], rows: number): Pick<PictureSet, "names" | "labels" | "classes" | "testFrom"> {
  const repeated = <T>(value: T): T[] => new Array<T>(rows).fill(value);
  const names = pictures.flatMap(({ name }) => (rows === 1 ? [name] : Array.from(repeated(name), (_, k) => `${name} #${k + 1}`)));
  const firstOut = pictures.findIndex(({ heldOut }) => heldOut);
  const found = pictures.map(({ label }) => label).filter((label) => label !== undefined);
  const classes = [...new Set(found)].sort();
  const numbers = new Map(classes.map((name, k) => [name, k]));
  return {
    names,
    ...(found.length > 0 && { classes, labels: Int32Array.from(found.flatMap((label) => repeated(numbers.get(label) ?? 0))) }),
    ...(firstOut > 0 && { testFrom: firstOut * rows }),
  };
}

const onlyOne = (rows: number): string =>
  rows === 1
    ? "one picture only: a model of it can do no more than copy it; patches of it would be more"
    : `one picture only: its ${rows} patches overlap, and none can be held out fairly`;

const noneLeft = (source: string, all: number, faults: readonly string[]): UserError =>
  new UserError(
    `${source}: none of ${counted(all, "file")} can be read: ${faults.slice(0, 3).join("; ")}`,
    "PNG, JPEG, WebP, GIF, TIFF and AVIF are read",
  );
