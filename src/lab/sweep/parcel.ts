/**
 * Run folders through Redis, so that workers and the sweep share nothing but the queue: a hash of paths and compressed bytes, which exists
 * whole or is not referred to, and which Redis forgets after a day whatever happens.
 */
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Redis } from "ioredis";
import { UserError } from "../../errors.ts";
import { inside, temporarySuffix } from "../files.ts";
import { lockFiles } from "../lock.ts";

/** Seconds after which a parcel that nobody has fetched is gone. */
const lifetime = 86_400;
/** Largest file, compressed: Redis takes half a gigabyte in one value. */
const largest = 500_000_000;

/** Puts all files of a run folder under a key. */
export async function send(redis: Redis, key: string, folder: string): Promise<void> {
  await redis.del(key);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || lockFiles.includes(entry.name) || entry.name.endsWith(temporarySuffix)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = gzipSync(readFileSync(path), { level: 1 });
    if (bytes.length > largest) throw new UserError(`${path}: ${bytes.length} bytes are too many to send through Redis`);
    await redis.hset(key, path.slice(folder.length + 1).replaceAll("\\", "/"), bytes);
    await redis.expire(key, lifetime);
  }
}

/**
 * Makes a folder of the files under a key, whole or not at all.
 * @throws UserError  if a path leads out of the folder
 * @returns false if there is nothing under the key
 */
export async function receive(redis: Redis, key: string, folder: string): Promise<boolean> {
  const paths = await redis.hkeys(key);
  if (paths.length === 0) return false;
  const aside = `${folder}.${process.pid}${temporarySuffix}`;
  await rm(aside, { recursive: true, force: true });
  for (const path of paths) {
    const bytes = await redis.hgetBuffer(key, path);
    const target = inside(aside, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, gunzipSync(bytes!), { flush: true });
  }
  await rm(folder, { recursive: true, force: true });
  await rename(aside, folder);
  return true;
}
