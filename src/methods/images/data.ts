/** Pictures of a command as the parts of a problem. */
import { type NdArray, ndarray, randomStream } from "../../array/index.ts";
import { loadPictures, type PictureOptions, type PictureSet } from "../../data/index.ts";
import { UserError } from "../../errors.ts";
import type { SharedOptions } from "../../lab/options.ts";
import { picturesAt } from "../../transport/images/learning/batch.ts";
import type { ImagePart } from "../../transport/images/problem.ts";
import type { ImagesOptions } from "./options.ts";

/** Pictures with those to begin with. */
export interface LoadedPictures {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly set: PictureSet;
  readonly from?: PictureSet;
}

/** @throws UserError */
export async function loadSets(input: string | undefined, options: SharedOptions & ImagesOptions): Promise<LoadedPictures> {
  const source = sourceOf(input, options.data);
  const { task, from: other, paired, seed, patches, channels } = options;
  if (task === "between" && other === undefined)
    throw new UserError("the task between needs the pictures to begin with", "give --from, a folder or a built-in set");
  if (task !== "between" && other !== undefined) throw new UserError(`--from is for the task between, not for ${task}`);
  if (task !== "between" && paired) throw new UserError(`--paired is for the task between, not for ${task}`);
  const how: PictureOptions = { size: sizeOf(options.size), channels: channels && (channels === "grey" ? 1 : 3), patches, seed };
  const set = await loadPictures(source, how);
  if (other === undefined) return { name: set.name, title: set.title, source: set.source, set };
  const [, c, height, width] = set.pixels.shape;
  const from = await loadPictures(other, { ...how, size: [height, width], channels: c === 1 ? 1 : 3 });
  return {
    name: `${from.name}-to-${set.name}`,
    title: `${from.title} to ${set.title}`,
    source: `${from.source}, ${set.source}`,
    set,
    from,
  };
}

function sourceOf(input: string | undefined, data: string | undefined): string {
  if (input !== undefined && data !== undefined) throw new UserError("give either pictures or --data, not both");
  const source = input ?? data;
  if (source === undefined) throw new UserError("which pictures?", "give a folder, or --data mnist, fashion-mnist or emoji");
  return source;
}

/** @throws UserError */
function sizeOf(text: string | undefined): PictureOptions["size"] {
  if (text === undefined) return undefined;
  const sides = /^(\d+)(?:x(\d+))?$/
    .exec(text)
    ?.slice(1)
    .map((side) => Number(side));
  if (!sides || !(sides[0] >= 1 && sides[0] <= 2048))
    throw new UserError(`--size ${text} is no size`, 'a number of pixels such as 32, or height and width such as "48x64"');
  return Number.isNaN(sides[1]) ? sides[0] : [sides[0], sides[1]];
}

/** Share of the pictures that is held out where the set does not say which. */
const heldOutShare = 0.1;

/** Pictures of both parts, and what was decided. */
export interface Parts {
  readonly train: ImagePart;
  readonly heldOut: ImagePart;
  readonly notes: readonly string[];
}

/** Which pictures are learned, and which only judged by. @throws UserError */
export function partsOf({ set, from }: LoadedPictures, paired: boolean, seed: number): Parts {
  const [own, others] = [divided(set, seed), from && divided(from, seed)];
  const count = set.pixels.shape[0];
  if (paired && from && from.pixels.shape[0] !== count)
    throw new UserError(`--paired: ${from.pixels.shape[0]} pictures to begin with, and ${count} to end with`);
  const part = (which: "train" | "heldOut"): ImagePart => ({
    pixels: picturesAt(set.pixels, own[which]),
    // pairs are divided as their pictures are
    ...(from && others && { others: picturesAt(from.pixels, paired ? own[which] : others[which]), paired }),
  });
  return {
    ...{ train: part("train"), heldOut: part("heldOut") },
    notes: [...own.notes, ...(others?.notes ?? [])],
  };
}

interface Division {
  readonly train: ArrayLike<number>;
  readonly heldOut: ArrayLike<number>;
  readonly notes: readonly string[];
}

function divided({ pixels, testFrom, title }: PictureSet, seed: number): Division {
  const n = pixels.shape[0];
  if (n === 1)
    return { train: [0], heldOut: [0], notes: [`${title}: a single picture is learned and judged by: the model can only copy it`] };
  if (testFrom !== undefined && testFrom > 0 && testFrom < n) {
    const rows = Int32Array.from({ length: n }, (_, i) => i);
    return { train: rows.subarray(0, testFrom), heldOut: rows.subarray(testFrom), notes: [] };
  }
  const order = randomStream(seed).fold("held-out pictures").permutation(n).data;
  const out = Math.max(1, Math.round(heldOutShare * n));
  return {
    train: order.subarray(out),
    heldOut: order.subarray(0, out),
    notes: [`${title}: ${out} of ${n} pictures are held out, drawn at random`],
  };
}

/** Bytes as values in [0, 1], of at most so many pictures, spread evenly. */
export function unitPictures(pixels: NdArray<"u8">, most: number): NdArray<"f32"> {
  const n = pixels.shape[0];
  const rows = Math.min(n, most);
  const some =
    rows === n
      ? pixels
      : picturesAt(
          pixels,
          Array.from({ length: rows }, (_, i) => Math.floor((i * n) / rows)),
        );
  return ndarray(
    Float32Array.from(some.data, (b) => b / 255),
    some.shape,
    "f32",
  );
}
