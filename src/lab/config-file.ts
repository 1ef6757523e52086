/** Configuration files, YAML or JSON. Nothing in them is trusted. */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { UserError } from "../errors.ts";
import { diskError } from "./files.ts";

/** Bytes of the largest file that is read; a configuration has a few hundred. */
const largest = 1 << 20;
/** Most nodes that aliases may expand to for each node written. */
const maxAliasCount = 100;

/**
 * Plain data from a YAML or JSON file.
 * @throws UserError  with the line, for anything that is not a map
 */
export function readYaml(path: string): Record<string, unknown> {
  const text = readSmall(path);
  let data: unknown;
  try {
    // loaded only when there is a file to read
    const { parseDocument } = createRequire(import.meta.url)("yaml") as typeof import("yaml");
    const document = parseDocument(text, { prettyErrors: true, logLevel: "silent" });
    if (document.errors.length > 0) throw document.errors[0];
    data = document.toJS({ maxAliasCount });
  } catch (error) {
    const tooDeep = error instanceof RangeError && /stack/.test(error.message);
    const [first] = (error as Error).message.split("\n");
    throw new UserError(
      `${path}: ${tooDeep ? "nested too deeply" : first.replace(/:$/, "")}`,
      "it should be YAML or JSON: `key: value` lines",
    );
  }
  if (data === null || typeof data !== "object" || Array.isArray(data)) {
    const found = Array.isArray(data) ? "a list" : data === null ? "nothing" : `"${String(data).slice(0, 40)}"`;
    throw new UserError(`${path}: expected a map of options, not ${found}`, "write one `key: value` a line");
  }
  if (hasPrototypeKey(data, new Set())) throw new UserError(`${path}: "__proto__" is no name that anything here has`, "leave it out");
  return data as Record<string, unknown>;
}

/** A key that JavaScript would take for something else, at any depth: schemas pass it over in silence. */
function hasPrototypeKey(value: unknown, seen: Set<object>): boolean {
  if (value === null || typeof value !== "object" || seen.has(value)) return false;
  seen.add(value);
  return Object.hasOwn(value, "__proto__") || Object.values(value).some((inner) => hasPrototypeKey(inner, seen));
}

function readSmall(path: string): string {
  let bytes: Buffer;
  try {
    const { size } = statSync(path);
    if (size > largest) throw new UserError(`${path}: ${size} bytes are too many for a configuration (limit ${largest})`);
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new UserError(`${path}: there is no such file`, "check the path");
    if (code === "EISDIR") throw new UserError(`${path} is a folder, not a configuration file`);
    const known = diskError(path, error);
    throw known instanceof UserError ? known : new UserError(`${path}: ${message}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${path} is not UTF-8 text`);
  }
}

/** `hold-out`, `--hold-out` and `hold_out` are `holdOut`. */
export const camelKey = (key: string): string =>
  key.replace(/^--/, "").replace(/([a-zA-Z0-9])[-_]([a-z])/g, (_, before, c) => before + c.toUpperCase());

/** Keys as they are in schemas. Where a schema wants text, a list is that text with commas, and a number its digits. */
export function camelKeys(data: Readonly<Record<string, unknown>>, isText: (key: string) => boolean): Record<string, unknown> {
  const text = (value: unknown) => (Array.isArray(value) ? value.join(",") : typeof value === "number" ? String(value) : value);
  return Object.fromEntries(
    Object.entries(data).map(([given, value]) => {
      const key = camelKey(given);
      return [key, isText(key) ? text(value) : value];
    }),
  );
}
