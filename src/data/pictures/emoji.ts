/** Emoji as pictures: Google's Noto, drawn in any size. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type NdArray, ndarray, sizeOf } from "../../array/ndarray.ts";
import { UserError } from "../../errors.ts";
import { packageFolder } from "./built-in.ts";
import { each } from "./each.ts";
import { familyOf, plainName } from "./emoji-families.ts";
import { heldOutNames } from "./held-out.ts";
import { grey, inChunks, resampled, toBytes } from "./resample.ts";
import { type PictureOptions, type PictureSet, sizeOfOption } from "./set.ts";

const iconFile = z.object({ icons: z.record(z.string(), z.object({ body: z.string(), hidden: z.boolean().optional() })) });
type Icons = z.infer<typeof iconFile>["icons"];
const metadataFile = z.object({ categories: z.record(z.string(), z.array(z.string())) });

/** Drawn so many times larger and brought down by area: 2 leaves an error of 1.6 levels of 255 against 16, drawn at once it is 3.6. */
const finer = 2;

/**
 * The emoji of @iconify-json/noto on white, 32 x 32 unless another size is asked for, labelled by category. One in ten families is held out.
 * Left out are skin tones and hair of what is there without, and what looks like another one to the last pixel.
 *
 * @throws UserError  if the package is not installed
 */
export async function emojiPictures({ size = 32, channels = 3, progress }: PictureOptions): Promise<PictureSet> {
  const { icons, categories } = await readIcons();
  const { names, labelOf, notes } = chosen(icons, categories);
  const [h, w] = sizeOfOption(size);
  const drawn = await draw(
    names.map((name) => icons[name].body),
    [finer * h, finer * w],
    progress,
  );
  const pixels = await inChunks(
    ndarray(drawn, [names.length, finer * h, finer * w, 3], "u8"),
    (x) => {
      const planes = resampled(x.cast("f32").transpose([0, 3, 1, 2]), [h, w]);
      return toBytes(channels === 1 ? grey(planes) : planes);
    },
    [channels, h, w],
  );
  const kept = distinct(pixels.data, names.length);
  const out = heldOutNames(names.map(familyOf));
  const rows = [false, true].flatMap((heldOut) => kept.filter((i) => out.has(familyOf(names[i])) === heldOut));
  return {
    ...{ name: "emoji", title: "Noto emoji", source: "Noto Emoji (Google), Apache 2.0, npm @iconify-json/noto" },
    pixels: rowsOf(pixels.data, rows, [channels, h, w]),
    names: rows.map((i) => names[i]),
    labels: Int32Array.from(rows, (i) => labelOf.get(names[i]) ?? 0), // all have one
    classes: Object.keys(categories).sort(),
    testFrom: rows.filter((i) => !out.has(familyOf(names[i]))).length,
    warnings: [...notes, `${names.length - kept.length} emoji look the same as another one to the last pixel: left out`],
  };
}

/** Names in order: of each emoji the plain one, or the first where there is none. Labels are places among the sorted categories. */
function chosen(icons: Icons, categories: Readonly<Record<string, readonly string[]>>) {
  const labelOf = new Map(
    Object.keys(categories)
      .sort()
      .flatMap((category, label) => categories[category].map((name) => [name, label] as const)),
  );
  const shown = Object.keys(icons).filter((name) => !icons[name].hidden);
  const labelled = shown.filter((name) => labelOf.has(name)).sort();
  const names = [...Map.groupBy(labelled, plainName)].map(([plain, variants]) => (variants.includes(plain) ? plain : variants[0])).sort();
  const stray = shown.length - labelled.length;
  const notes = [
    `${labelled.length - names.length} of ${shown.length} emoji are another skin tone, hair or direction of one that is there: left out`,
    ...(stray > 0 ? [`${stray} emoji without a category: left out`] : []),
  ];
  return { names, labelOf, notes };
}

const hint = "npm install @iconify-json/noto brings it (25 MB)";

async function readIcons() {
  const [folder] = packageFolder("@iconify-json/noto");
  if (folder === undefined) throw new UserError("the emoji are not on this machine", hint);
  const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(folder, name), "utf8"));
  const icons = iconFile.safeParse(await json("icons.json"));
  const metadata = metadataFile.safeParse(await json("metadata.json"));
  if (!icons.success || !metadata.success)
    throw new UserError(`${folder}: not the emoji as they are known`, "npm install @iconify-json/noto@1.2.9");
  return { icons: icons.data.icons, categories: metadata.data.categories };
}

/** Pictures [n, height, width, 3] of drawings in a square of 128. The drawing library of figures ends the process at some of these; librsvg draws all. */
async function draw(
  bodies: readonly string[],
  [height, width]: readonly number[],
  progress: PictureOptions["progress"],
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import("sharp");
  const data = new Uint8Array(bodies.length * height * width * 3);
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128" height="${height}" width="${width}">`;
  let done = 0;
  await each(
    bodies,
    async (body, i) => {
      const picture = sharp(Buffer.from(`${head}${body}</svg>`))
        .flatten({ background: "white" })
        .toColourspace("srgb");
      data.set(await picture.raw().toBuffer(), i * height * width * 3);
    },
    () => progress?.(++done, bodies.length),
  );
  return data;
}

/** The first of those with the same pixels. */
function distinct(pixels: Uint8Array, n: number): number[] {
  const size = pixels.length / n;
  const seen = new Set<string>();
  return Array.from({ length: n }, (_, i) => i).filter((i) => {
    const key = Buffer.from(pixels.buffer, pixels.byteOffset + i * size, size).toString("latin1");
    return seen.size < seen.add(key).size;
  });
}

function rowsOf(pixels: Uint8Array, rows: readonly number[], shape: readonly number[]): NdArray<"u8"> {
  const size = sizeOf(shape);
  const data = new Uint8Array(rows.length * size);
  for (const [k, i] of rows.entries()) data.set(pixels.subarray(i * size, (i + 1) * size), k * size);
  return ndarray(data, [rows.length, ...shape], "u8");
}
