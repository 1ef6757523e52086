/** Pictures for training, from wherever they are. */
import { existsSync, statSync } from "node:fs";
import { nearest, UserError } from "../../errors.ts";
import { archivePictures } from "./archive.ts";
import { isLabelledSet, labelledSet, labelledSetNames } from "./built-in.ts";
import { emojiPictures } from "./emoji.ts";
import { filePicture, folderPictures } from "./folder.ts";
import { isIdxFile, isIdxFolder, readIdxFolder, readIdxPictures } from "./idx-files.ts";
import { pictureName } from "./open.ts";
import type { PictureOptions, PictureSet } from "./set.ts";
import { toStack } from "./stack.ts";

/** Names of the built-in sets of pictures. */
export const pictureSetNames: readonly string[] = [...labelledSetNames, "emoji"];

/**
 * Pictures of one shape, and whatever is known of them.
 *
 * @param source  "mnist", "fashion-mnist", "emoji"; or the path of a folder of pictures (subfolders are classes if every picture is in one;
 *   folders "train" and "test" are parts), of the four IDX files or one, of an .npz or .npy file, of a picture. A folder that is named as a
 *   built-in set is ./mnist
 * @throws UserError  if there is nothing that can be read; single files that cannot are left out with a warning
 */
export async function loadPictures(source: string, options: PictureOptions = {}): Promise<PictureSet> {
  checkOptions(options);
  const ofFiles = !isLabelledSet(source) && source !== "emoji" && existsSync(source) && isPictures(source);
  if (options.patches !== undefined && !ofFiles)
    throw new UserError(`${source}: patches are parts of picture files`, "give a folder of pictures, or leave --patches out");
  if (isLabelledSet(source)) return fitted(await labelledSet(source), options);
  if (source === "emoji") return emojiPictures(options);
  if (!existsSync(source)) throw missing(source);
  if (isIdxFolder(source)) return fitted(await readIdxFolder(source), options);
  if (isIdxFile(source)) return fitted(await readIdxPictures(source), options);
  if (/\.np[yz]$/i.test(source)) return archivePictures(source, options);
  if (statSync(source).isDirectory()) return folderPictures(source, options);
  if (pictureName.test(source)) return filePicture(source, options);
  throw new UserError(
    `${source}: no pictures by its name`,
    "it should be a folder of pictures, a PNG, JPEG, WebP, GIF, TIFF or AVIF file, IDX, .npz or .npy",
  );
}

const isPictures = (path: string): boolean => (statSync(path).isDirectory() && !isIdxFolder(path)) || pictureName.test(path);

function checkOptions({ size, patches }: PictureOptions): void {
  const numbers = [...(size === undefined ? [] : [size].flat()), ...(patches === undefined ? [] : [patches])];
  const bad = numbers.find((value) => !Number.isInteger(value) || value < 1);
  if (bad !== undefined) throw new UserError(`sizes and numbers of patches are whole numbers from 1 on, not ${bad}`);
}

function missing(source: string): UserError {
  const guess = nearest(source, pictureSetNames);
  return new UserError(
    `${source}: there is no such file or folder, and no built-in set of that name`,
    guess ? `did you mean "${guess}"?` : `built in are ${pictureSetNames.join(", ")}`,
  );
}

/** In another size, or other colours. */
async function fitted(set: PictureSet, { size, channels }: PictureOptions): Promise<PictureSet> {
  if (size === undefined && channels === undefined) return set;
  const { pixels, notes } = await toStack(set.pixels, set.title, { size, channels });
  return { ...set, pixels, warnings: [...set.warnings, ...notes] };
}
