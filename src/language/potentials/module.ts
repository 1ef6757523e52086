/** A potential that a user wrote: a JavaScript module. Needs Node. */
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../../errors.ts";
import type { Potential, Scored } from "./potential.ts";

/**
 * The module's default export takes `{ tokens, text }` and returns log φ (or a promise of it). It may export `intermediate({ tokens, text },
 * t)`, log φ_t of unfinished texts, and `largest`, an upper bound of log φ.
 * @throws UserError  for a module that cannot be loaded, or has no such function
 */
export async function modulePotential(path: string): Promise<Potential> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  let loaded: { default?: unknown; intermediate?: unknown; largest?: unknown };
  try {
    loaded = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new UserError(`${path}: ${(error as Error).message}`, "a potential is a module: export default ({ text }) => 0");
  }
  const { default: score, intermediate, largest } = loaded;
  if (typeof score !== "function")
    throw new UserError(`${path}: its default export is no function`, "export default ({ tokens, text }) => logPhi");
  if (largest !== undefined && !(typeof largest === "number" && Number.isFinite(largest)))
    throw new UserError(`${path}: "largest" is no number`);
  if (intermediate !== undefined && typeof intermediate !== "function") throw new UserError(`${path}: "intermediate" is no function`);
  const each = async (texts: readonly Scored[], f: (text: Scored) => unknown): Promise<number[]> => {
    const logs: number[] = [];
    for (const text of texts) logs.push(await called(path, f, text));
    return logs;
  };
  return {
    name: basename(path),
    logs: (texts) => each(texts, (text) => score(text)),
    ...(typeof intermediate === "function" && { intermediate: (texts, t) => each(texts, (text) => intermediate(text, t)) }),
    ...(typeof largest === "number" && { largest }),
  };
}

async function called(path: string, f: (text: Scored) => unknown, text: Scored): Promise<number> {
  let value: unknown;
  try {
    value = await f(text);
  } catch (error) {
    throw new UserError(`${path} failed for ${JSON.stringify(text.text.slice(0, 200))}: ${(error as Error).message}`);
  }
  if (typeof value !== "number")
    throw new UserError(
      `${path} returns ${value === null ? "null" : typeof value} for ${JSON.stringify(text.text.slice(0, 200))}, not a number`,
    );
  return value;
}
