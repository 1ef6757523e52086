/**
 * The command that asks for a run, kept with it so that `pushforward resume` can repeat it, and the code and files that decide its result.
 * The command line sets it around the whole command; a run opened inside picks it up, so that no method has to pass it on.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { createReadStream, globSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

/** A command with its arguments and options. */
export interface Invocation {
  /** Names of the command and its subcommands. */
  readonly command: readonly string[];
  /** Positional arguments, as they were given. */
  readonly arguments: readonly string[];
  /** All options with their defaults written out. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Keys of the options whose values may name files. */
  readonly fileOptions?: readonly string[];
  /** Keys of the switches that are on unless they are turned off, by `--no-…`. */
  readonly onByDefault?: readonly string[];
  /** Where the relative paths among them begin. */
  readonly cwd: string;
  /** Wishes for the run itself, which decide no number of it. */
  readonly loggers: readonly string[];
  /** Steps after which the run shall pause. */
  readonly stopAt?: number;
  /** Go on although code or input files have changed. */
  readonly acceptChanges?: boolean;
  /** The folder of a run from whose state a new one goes on. */
  readonly forkOf?: string;
  /** The program that workers on this machine begin, before the command: script and arguments; default: our own. */
  readonly program?: readonly string[];
}

/** Options that say who does the work: no result depends on them, and the address of a queue may hold a password. */
const whoWorks = ["workers", "queue", "part"];

/** An invocation as a record keeps it: what may be repeated by anyone. */
export const lasting = ({ acceptChanges, fileOptions, forkOf, program, options, ...kept }: Invocation) => ({
  ...kept,
  options: Object.fromEntries(Object.entries(options).filter(([key]) => !whoWorks.includes(key))),
});

const current = new AsyncLocalStorage<Invocation>();

/** Runs a job on behalf of a command. */
export const withInvocation = <T>(invocation: Invocation, job: () => T): T => current.run(invocation, job);

/** The command on whose behalf we work, if there is one. */
export const currentInvocation = (): Invocation | undefined => current.getStore();

/** `holdOut` is `--hold-out`. */
export const flag = (key: string): string => `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** A switch as a command line has it: nothing where it stands as it does by default. */
export const switchFlag = (key: string, value: boolean, onByDefault: readonly string[] = []): string[] => {
  if (value === onByDefault.includes(key)) return [];
  return [value ? flag(key) : flag(key).replace("--", "--no-")];
};

/** Options as a command line has them; `--key=value`, so that no value is taken for a flag. */
export function toFlags(options: Readonly<Record<string, unknown>>, onByDefault?: readonly string[]): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || value === null) return [];
    return typeof value === "boolean" ? switchFlag(key, value, onByDefault) : [`${flag(key)}=${String(value)}`];
  });
}

/** An argument as a shell takes it. */
export const quoted = (text: string): string => (/^[\w.,:+@%/~\\-]+$/.test(text) ? text : `"${text.replace(/["$`]/g, "\\$&")}"`);

/** The command line that repeats the current command, without what only says how it talks. */
export const commandLine = (): string =>
  commandText(lasting(current.getStore() ?? { command: [], arguments: [], options: {}, cwd: "", loggers: [] }));

/** A command as one would type it. */
export function commandText({
  command,
  arguments: args,
  options,
  onByDefault,
}: Pick<Invocation, "command" | "arguments" | "options" | "onByDefault">): string {
  const flags = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || ["json", "quiet", "overwrite"].includes(key)) return [];
    return typeof value === "boolean" ? switchFlag(key, value, onByDefault) : [`${flag(key)} ${quoted(String(value))}`];
  });
  return ["pushforward", ...command, ...args.map(quoted), ...flags].join(" ");
}

/** A file that decides the result. */
export interface InputFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Arguments and file options that name existing files, and the files of those that name folders, with their hashes. */
export async function inputFiles({ arguments: args, options, fileOptions = [], cwd }: Invocation): Promise<InputFile[]> {
  const names = [...args, ...fileOptions.map((key) => options[key]).filter((value) => typeof value === "string")];
  const files: InputFile[] = [];
  for (const name of new Set(names)) {
    const path = resolve(cwd, name);
    const kind = statSync(path, { throwIfNoEntry: false });
    const members = kind?.isFile() ? [""] : kind?.isDirectory() ? filesBelow(path) : [];
    for (const member of members) files.push({ path: join(name, member), ...(await hashFile(join(path, member))) });
  }
  return files;
}

/** A folder of weights or tokenizers has a handful of files; one of a million is no input but a place. */
const mostFiles = 200;

function filesBelow(folder: string): string[] {
  const names: string[] = [];
  for (const entry of globSync("**/*", { cwd: folder, withFileTypes: true })) {
    if (entry.isFile()) names.push(join(entry.parentPath, entry.name).slice(folder.length + 1));
    if (names.length > mostFiles) return [];
  }
  return names.sort();
}

async function hashFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  });
  return { bytes, sha256: hash.digest("hex") };
}

const packageRoot = resolve(fileURLToPath(import.meta.url), "../../..");

/** Version of the package. */
export const version = (): string => JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")).version;

let code: string | undefined;

/** The code that runs: the package's version and the first digits of the hash of its own files, such as "0.1.0+3f9a12c0". */
export function codeVersion(): string {
  if (code === undefined) {
    const here = fileURLToPath(import.meta.url);
    const root = resolve(here, "../..");
    const hash = createHash("sha256");
    for (const file of globSync(`**/*.${here.endsWith(".ts") ? "ts" : "js"}`, { cwd: root }).sort())
      hash.update(file).update(readFileSync(join(root, file)));
    code = `${version()}+${hash.digest("hex").slice(0, 8)}`;
  }
  return code;
}
