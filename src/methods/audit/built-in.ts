/** Data with which an audit can be tried: private and public parts of sets that come with the package, or beside it. */
import { type NdArray, ndarray, sizeOf } from "../../array/index.ts";
import { builtInImages } from "../../data/index.ts";
import { nearest, UserError } from "../../errors.ts";
import { avatars } from "./avatars.ts";
import type { Named, Sides } from "./data.ts";

const sets: Readonly<Record<string, (quick: boolean) => Promise<Sides>>> = { digits, avatars };

/** @throws UserError  for a name that is none */
export function builtInSides(name: string, quick: boolean): Promise<Sides> {
  const names = Object.keys(sets);
  if (Object.hasOwn(sets, name)) return sets[name](quick);
  const guess = nearest(name, names);
  throw new UserError(`no built-in data "${name}"`, guess ? `did you mean "${guess}"?` : `there are ${names.join(", ")}`);
}

/** Digits of a class that are private for training, held out, and set aside for measuring; and public ones in all. */
const sizes = { whole: { train: 500, heldOut: 500, publicRows: 5000 }, quick: { train: 200, heldOut: 200, publicRows: 1000 } };

/** Private digits 5 to 9, public digits 0 to 4, of MNIST, averaged to 14 x 14 pixels. */
export async function digits(quick: boolean): Promise<Sides> {
  const { inputs, targets } = await builtInImages("mnist");
  const size = sizes[quick ? "quick" : "whole"];
  const taken = new Set<number>();
  const take = (count: number, is: (digit: number) => boolean): number[] => {
    const rows: number[] = [];
    for (let i = 0; rows.length < count; i++)
      if (!taken.has(i) && is(Number(targets.data[i]))) {
        rows.push(i);
        taken.add(i);
      }
    return rows;
  };
  const ofEach = (count: number): number[] => [5, 6, 7, 8, 9].flatMap((digit) => take(count, (d) => d === digit));
  const names = ["5", "6", "7", "8", "9"];
  const labelled = (rows: readonly number[]): Named => ({
    ...{ x: halved(inputs, rows), names },
    y: Int32Array.from(rows, (row) => Number(targets.data[row]) - 5),
  });
  const [train, heldOut] = [labelled(ofEach(size.train)), labelled(ofEach(size.heldOut))];
  const known = take(size.publicRows, (d) => d < 5);
  return {
    title: "digits: private 5 to 9, public 0 to 4 (MNIST, 14 x 14)",
    ...{ input: [1, 14, 14], train, heldOut, publicRows: halved(inputs, known), notes: [] },
    publicClasses: Int32Array.from(known, (row) => Number(targets.data[row])),
  };
}

/** Square grey images in bytes, of an even side, as means over squares of four pixels, in [0, 1]: rows [rows, pixels / 4]. */
export function halved(images: NdArray, rows: readonly number[]): NdArray<"f32"> {
  const pixels = sizeOf(images.shape.slice(1));
  const [side, D] = [Math.round(Math.sqrt(pixels)), pixels / 4];
  const x = new Float32Array(rows.length * D);
  rows.forEach((row, k) => {
    for (let p = 0; p < pixels; p++) {
      const at = (side >> 1) * Math.floor(p / (2 * side)) + ((p % side) >> 1);
      x[k * D + at] += Number(images.data[row * pixels + p]) / (4 * 255);
    }
  });
  return ndarray(x, [rows.length, D], "f32");
}
