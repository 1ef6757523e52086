/** The one shape that pictures of a folder get. */
import { UserError } from "../../errors.ts";
import { counted, type PictureOptions, sizeOfOption } from "./set.ts";

/** What a header says of a picture. */
export interface Facts {
  readonly height: number;
  readonly width: number;
  readonly grey: boolean;
  /** More than one frame or page. */
  readonly several: boolean;
  /** Its numbers are not sRGB: inks, or another profile. */
  readonly foreign: boolean;
}

/** A choice, and what is to be said of it. */
export interface Chosen<T> {
  readonly value: T;
  readonly notes: readonly string[];
}

/** Longest side unless a size is asked for: what the models of this package learn in hours on a few cores. */
const mostPixelsASide = 64;

/** [height, width]; without a size that is asked for, that of most. */
export function chooseSize(facts: readonly Facts[], size: PictureOptions["size"]): Chosen<readonly [height: number, width: number]> {
  const value = size === undefined ? commonSize(facts) : sizeOfOption(size);
  return { value, notes: sizeNotes(facts, value, size === undefined) };
}

/** Grey or colours; without a word what most are. */
export function chooseChannels(facts: readonly Facts[], channels: PictureOptions["channels"]): Chosen<1 | 3> {
  const grey = facts.filter((f) => f.grey).length;
  const value = channels ?? (2 * grey > facts.length ? 1 : 3);
  return { value, notes: greyNotes(facts.length, grey, value) };
}

/** The size of at least half of the pictures, at most 64 on its longer side; otherwise a square. */
function commonSize(facts: readonly Facts[]): readonly [number, number] {
  const counts = new Map<string, number>();
  for (const { height, width } of facts) counts.set(`${height} ${width}`, (counts.get(`${height} ${width}`) ?? 0) + 1);
  const [commonest, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  if (2 * count < facts.length) {
    const sides = facts.map(({ height, width }) => Math.min(height, width)).sort((a, b) => a - b);
    const side = Math.min(mostPixelsASide, sides[Math.floor(sides.length / 2)]);
    return [side, side];
  }
  const [height, width] = commonest.split(" ").map(Number);
  const scale = Math.min(1, mostPixelsASide / Math.max(height, width));
  return [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
}

function sizeNotes(facts: readonly Facts[], [h, w]: readonly number[], guessed: boolean): string[] {
  const scale = ({ height, width }: Facts): number => Math.max(h / height, w / width);
  const cropped = facts.filter((f) => Math.round(f.height * scale(f)) > h || Math.round(f.width * scale(f)) > w).length;
  const smaller = facts.filter((f) => scale(f) < 1).length;
  const larger = facts.filter((f) => scale(f) > 1).length;
  const sizes = new Set(facts.map(({ height, width }) => `${height} x ${width}`));
  const of = `of ${counted(facts.length)}`;
  return [
    ...(sizes.size > 1
      ? [`pictures of ${sizes.size} sizes become ${h} x ${w} pixels (height x width)${guessed ? "; --size chooses" : ""}`]
      : []),
    ...(sizes.size === 1 && smaller + larger > 0 && guessed
      ? [`pictures of ${[...sizes][0]} pixels become ${h} x ${w}; --size chooses`]
      : []),
    ...(cropped > 0 ? [`${cropped} ${of} cropped in the middle to the shape ${h} x ${w}`] : []),
    ...(larger > 0 ? [`${larger} ${of} smaller than that, enlarged: they are less sharp`] : []),
  ];
}

function greyNotes(all: number, grey: number, channels: 1 | 3): string[] {
  if (channels === 1 && grey < all) return [`${all - grey} of ${counted(all)} in colours, taken as grey`];
  return channels === 3 && grey > 0 ? [`${grey} of ${counted(all)} grey, among colours`] : [];
}

/** @throws UserError  if n pictures of a shape do not fit in memory */
export function checkMemory(source: string, n: number, [channels, h, w]: readonly number[], most: number): void {
  const bytes = n * channels * h * w;
  if (bytes > most)
    throw new UserError(
      `${source}: ${counted(n)} of ${h} x ${w} pixels are ${Math.ceil(bytes / 2 ** 20)} MiB, more than the ${Math.floor(most / 2 ** 20)} MiB that this machine can give`,
      "choose a smaller --size, or fewer pictures",
    );
}
