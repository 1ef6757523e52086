/** Made-up persons: an audit of pictures of people that shows no one. */
import { type NdArray, ndarray, randomStream } from "../../array/index.ts";
import type { Named, Sides } from "./data.ts";

/** Persons with their pictures for training and held out, and other persons with theirs. */
const sizes = {
  whole: { persons: 10, train: 80, heldOut: 80, others: 300, each: 8 },
  quick: { persons: 5, train: 40, heldOut: 40, others: 100, each: 5 },
};

/** Channels, height and width: the pixels of the design, of which larger pictures say no more. */
const input = [3, 16, 16];

/** Pale, for a background of strong colour would tell two pictures of a person farther apart than two persons. */
const backgrounds = ["f4f6f8", "eef4ea", "f6efe6", "ece9f5", "e6f1f5", "f7eaea"];

/**
 * Drawn faces of DiceBear's pixel art (CC0). A person is a seed: it decides skin, hair, eyes and beard. Mouth, clothes, glasses, hat,
 * jewellery and background differ from picture to picture. Private are some persons, public are others.
 */
export async function avatars(quick: boolean): Promise<Sides> {
  const { persons, train, heldOut, others, each } = sizes[quick ? "quick" : "whole"];
  const draw = await artist();
  const pictures = (from: number, count: number, first: number, number: number): NdArray<"f32"> => {
    const rows = Array.from({ length: count * number }, (_, i) => draw(from + Math.floor(i / number), first + (i % number)));
    const x = new Float32Array(rows.length * rows[0].length);
    for (const [i, row] of rows.entries()) x.set(row, i * row.length);
    return ndarray(x, [rows.length, rows[0].length], "f32");
  };
  const names = Array.from({ length: persons }, (_, i) => `person ${i + 1}`);
  const own = (first: number, number: number): Named => ({
    ...{ x: pictures(0, persons, first, number), names },
    y: Int32Array.from({ length: persons * number }, (_, i) => Math.floor(i / number)),
  });
  return {
    title: `avatars: ${persons} made-up persons private, ${others} others public (DiceBear pixel art, 16 x 16)`,
    ...{ input, train: own(0, train), heldOut: own(train, heldOut), notes: [] },
    publicRows: pictures(persons, others, 0, each),
    publicClasses: Int32Array.from({ length: others * each }, (_, i) => Math.floor(i / each)),
  };
}

/** What a picture of a person does not change: names of DiceBear's pixel art. */
const traits = {
  skin: ["ffdbac", "f5cfa0", "eac393", "e0b687", "cb9e6e", "b68655", "a26d3d", "8d5524"],
  hair: [
    "short01",
    "short03",
    "short06",
    "short09",
    "short12",
    "short15",
    "short18",
    "long01",
    "long04",
    "long07",
    "long10",
    "long13",
    "long19",
  ],
  hairColour: ["cab188", "603a14", "83623b", "a78961", "611c17", "28150a", "009bbd", "bd1700", "91cb15"],
  eyes: ["variant01", "variant03", "variant05", "variant07", "variant09", "variant11"],
  eyesColour: ["76778b", "647b90", "588387", "876658"],
} as const;

/** Every so many persons have a beard. */
const bearded = 6;

/** Draws a picture of a person, planes of pixels in [0, 1]: the same for the same numbers. */
async function artist(): Promise<(person: number, picture: number) => Float32Array> {
  const [{ createAvatar }, style, { Resvg }] = await Promise.all([
    import("@dicebear/core"),
    import("@dicebear/pixel-art"),
    import("@resvg/resvg-js"),
  ]);
  return (person, picture) => {
    const stream = randomStream("avatars").fold(person);
    const one = <T>(trait: string, values: readonly T[]): T[] => [values[stream.fold(trait).integers(0, values.length, [1]).data[0]]];
    const svg = createAvatar(style, {
      seed: `person ${person}, picture ${picture}`,
      ...{ skinColor: one("skin", traits.skin), hair: one("hair", traits.hair), hairColor: one("hair colour", traits.hairColour) },
      ...{ eyes: one("eyes", traits.eyes), eyesColor: one("eyes' colour", traits.eyesColour) },
      ...{ beard: ["variant01"], beardProbability: person % bearded === 0 ? 100 : 0, backgroundColor: backgrounds, size: input[1] },
    }).toString();
    const { pixels } = new Resvg(svg, { font: { loadSystemFonts: false } }).render(); // red, green, blue, alpha; nothing shines through
    const size = pixels.length / 4;
    return Float32Array.from({ length: 3 * size }, (_, i) => pixels[4 * (i % size) + Math.floor(i / size)] / 255);
  };
}
