/** Files that were dropped into the page: kept by their content, whole or not at all, the same one once. */
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { diskError } from "../lab/index.ts";
import type { Uploaded } from "./api.ts";

/** Ends what is still coming in. */
const unfinished = ".part";

/** Removes what a server that was killed was still taking in. */
export async function clearUploads(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) if (name.endsWith(unfinished)) await rm(join(folder, name), { force: true });
}

/**
 * @param name  as the page says: no more than a hint for people and for readers that look at its ending
 * @param most  bytes
 * @returns  nothing for a file that is larger
 */
export async function takeIn(folder: string, name: string, body: AsyncIterable<Uint8Array>, most: number): Promise<Uploaded | undefined> {
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `${randomUUID()}${unfinished}`);
  try {
    const stored = await store(temporary, body, most);
    if (stored === undefined) return undefined;
    const { bytes, sha } = stored;
    const home = join(folder, sha.slice(0, 32));
    const path = join(home, safeName(name));
    await mkdir(home, { recursive: true });
    const [twin] = await readdir(home);
    if (twin === undefined) await rename(temporary, path);
    else if (!existsSync(path)) await link(join(home, twin), path).catch(() => rename(temporary, path)); // not every file system has links
    return { path, bytes };
  } catch (error) {
    throw diskError(folder, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function store(path: string, body: AsyncIterable<Uint8Array>, most: number): Promise<{ bytes: number; sha: string } | undefined> {
  const hash = createHash("sha256");
  const file = await open(path, "wx");
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > most) return undefined;
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha: hash.digest("hex") };
}

/** A name that is no path, no hidden file and no flag; its ending stays. */
export function safeName(name: string): string {
  const clean = basename(name.replaceAll("\\", "/"))
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+/, "");
  return (
    [...clean]
      .slice(-100)
      .join("")
      .replace(/^[.-]+/, "") || "file"
  );
}
