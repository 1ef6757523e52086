/** Where files may be named: below the folder of runs, and below those that were given with --data. Links are followed before one looks. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { UserError } from "../errors.ts";

export interface Places {
  /** Real paths, and where relative paths begin. */
  readonly root: string;
  readonly uploads: string;
  readonly data: readonly string[];
  readonly cwd: string;
}

/** A path without links: of what is not there yet, by the nearest folder that is. */
export function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : resolve(realPath(parent), path.slice(parent.length).replace(/^[\\/]+/, ""));
}

export const isBelow = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** Addresses of other machines, and paths that lead somewhere by themselves. */
const [address, leading] = [/^[a-z][a-z0-9+.-]+:\/\//i, /^(?:[\\/~]|[a-z]:[\\/])|(?:^|[\\/])\.\.(?:[\\/]|$)/i];

/**
 * Refuses a text by which a command would open a file elsewhere. Commands take names in lists, with a part of a file behind a colon, or
 * with an asterisk: each piece is looked at.
 * @param names  whether the text is known to name files; of others only what leads elsewhere by itself is refused
 * @throws UserError
 */
export function checkPlace(text: string, names: boolean, { root, uploads, data, cwd }: Places): void {
  if (names && address.test(text)) throw new UserError(`"${text}" is an address`, "give a file; nothing is fetched for the page");
  const whole = names && existsSync(resolve(cwd, text)); // a path with signs in it is one path
  const pieces = whole ? [] : text.split(names ? /[,;:=|?*#]+/ : /[\s,;:=|?*#]+/);
  for (const piece of new Set([text, ...pieces])) {
    const there = existsSync(resolve(cwd, piece));
    // a formula may have a slash between blanks, or "/2" behind a bracket: that names a file only if it is one
    const meant = names ? leading.test(piece) || there : leading.test(piece) && there && !/^[\\/]+$/.test(piece);
    if (piece === "" || !meant) continue;
    const path = realPath(resolve(cwd, piece));
    if (![root, ...data].some((folder) => isBelow(folder, path)))
      throw new UserError(
        `"${piece}" lies outside the folders that the studio may read`,
        "drop the file into the page, or begin with: pushforward studio --data FOLDER",
      );
    if (isBelow(root, path) && /\.[cm]?[jt]s$/i.test(path))
      throw new UserError(
        `"${piece}" is a program`,
        `programs are run from folders given with --data, not from ${isBelow(uploads, path) ? "uploads" : "runs"}`,
      );
  }
}

/** @throws UserError  for a place of runs that is there, and no folder */
export function checkRoot(root: string): void {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new UserError(`--root: ${root} is no folder`, "name the folder below which the runs are, or where they shall be");
}

/**
 * Folders from a list with commas.
 * @throws UserError  for one that is none
 */
export function folders(list: string | undefined): string[] {
  const names =
    list
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean) ?? [];
  const none = names.find((name) => !statSync(name, { throwIfNoEntry: false })?.isDirectory());
  if (none !== undefined) throw new UserError(`--data: ${none} is no folder`);
  return names;
}
