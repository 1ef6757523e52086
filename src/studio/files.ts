/** Files of a run's folder for whoever may see the run: only those that are in it, and in a sandbox. */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { getMimeType } from "hono/utils/mime";
import { inside } from "../lab/index.ts";
import { sandbox } from "./headers.ts";
import { isBelow } from "./places.ts";

/** Kinds that a browser shows as they are; all others are kept as files. */
const shown = /^(image\/|text\/plain|text\/html|application\/json)/;

/**
 * @param path  as it came: nothing about it is trusted
 * @returns  nothing if there is no such file
 * @throws UserError  for a path that leads out of the folder
 */
export async function fileOf(folder: string, path: string): Promise<Response | undefined> {
  const real = await realpath(inside(folder, path)).catch(() => undefined);
  const info = real === undefined ? undefined : await stat(real).catch(() => undefined);
  if (real === undefined || !info?.isFile() || !isBelow(await realpath(folder), real)) return undefined;
  const type = typeOf(real);
  const name = encodeURIComponent(basename(real)).replace(/'/g, "%27");
  const headers = {
    "content-type": type,
    "content-length": String(info.size),
    "content-security-policy": sandbox,
    "cache-control": "no-cache",
    ...(!shown.test(type) && { "content-disposition": `attachment; filename*=UTF-8''${name}` }),
  };
  // the size was told: a file that grows meanwhile ends there
  const body = info.size === 0 ? null : Readable.toWeb(createReadStream(real, { end: info.size - 1 }));
  return new Response(body as ReadableStream | null, { headers }); // Node and the DOM declare the same stream twice
}

const typeOf = (path: string): string =>
  /\.(jsonl|csv|tsv|qasm|xyz|log)$/i.test(path) ? "text/plain; charset=utf-8" : (getMimeType(path) ?? "application/octet-stream");
