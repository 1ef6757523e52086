/** What a page wants to be run, checked before a process is begun: the options by the command's own schema, files by where they lie. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import { type Command, findCommand, type Registered } from "../lab/command.ts";
import { flag, quoted, switchFlag } from "../lab/invocation.ts";
import { makesRuns, type OptionInfo, optionFacts, optionInfos } from "../lab/options.ts";
import type { Order } from "./api.ts";
import { checkPlace, type Places } from "./places.ts";

export const orderSchema = z.strictObject({
  command: z.string().max(200),
  arguments: z.array(z.string().max(4096)).max(100),
  options: z.record(z.string().max(100), z.unknown()),
});

/** Options that the studio sets itself, or that would reach beyond it: other files of options, other machines, folders of others. */
const refused: Readonly<Record<string, string>> = {
  json: "the studio sets it itself",
  quiet: "the studio sets it itself",
  part: "the studio sets it itself",
  overwrite: "remove the other run first",
  config: "give the options themselves",
  log: "use the command line",
  queue: "use the command line",
};

export interface CheckedOrder {
  readonly command: Command;
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

/** @throws UserError  for a command that is not there */
export async function readOrder(order: Order, registry: readonly Registered[]): Promise<CheckedOrder> {
  const command = await findCommand(order.command, registry);
  const given = Object.entries(order.options).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const options = Object.fromEntries(given.map(([key, value]) => [key, plain(key, value)]));
  return { command, arguments: order.arguments.filter((text) => text !== ""), options };
}

function plain(key: string, value: unknown): string | number | boolean {
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "string" || value.length > 10_000) throw new UserError(`${flag(key)} takes a text, a number, or true or false`);
  if (value.includes("\0")) throw new UserError(`${flag(key)}: a text cannot hold a NUL`);
  return value;
}

/**
 * Refuses what the command would refuse before it looks at data, and what the studio does not do for a page.
 * @throws UserError
 */
export function checkOrder({ command, arguments: args, options }: CheckedOrder, places: Places): void {
  refuseOptions(options);
  command.check(options);
  for (const text of args) {
    if (text.includes("\0")) throw new UserError("an argument cannot hold a NUL");
    checkPlace(text, true, places);
  }
  const most = command.arguments.some(({ name }) => name.includes("...")) ? 100 : command.arguments.length;
  if (args.length > most)
    throw new UserError(`${command.name} takes ${most === 0 ? "no argument" : `at most ${most}`}, not ${args.length}`);
  const missing = command.arguments.filter(({ name }) => name.startsWith("<"))[args.length];
  if (missing) throw new UserError(`${missing.name} is missing: ${missing.description}`);
  checkFiles(options, optionInfos(command.options), places);
}

/** @throws UserError  for an option that a page may not set, or another that is named */
export function refuseOptions(options: Readonly<Record<string, unknown>>, ...others: string[]): void {
  for (const key of Object.keys(options))
    if (Object.hasOwn(refused, key) || others.includes(key)) throw new UserError(`${flag(key)} cannot be set in the page`, refused[key]);
}

/** @throws UserError  for an option that names a file elsewhere */
export function checkFiles(options: Readonly<Record<string, unknown>>, infos: readonly OptionInfo[], places: Places): void {
  for (const [key, value] of Object.entries(options))
    if (typeof value === "string" && key !== "out")
      checkPlace(
        value,
        infos.some((info) => info.key === key && info.file === true),
        places,
      );
}

/** Whether a page may start it: it makes one run, in a folder that is given. */
export const isStartable = ({ kind, options }: Command): boolean => kind === "method" && makesRuns(options);

/** The words of the command line, as a program is given them. */
export function words({ command, arguments: args, options }: CheckedOrder): string[] {
  const flags = flagsOf(options, command).map(({ flag, value }) => (value === undefined ? flag : `${flag}=${value}`));
  return [...command.name.split(" "), ...flags, ...(args.length > 0 ? ["--", ...args] : [])];
}

/** The line that one would type. */
export function line({ command, arguments: args, options }: CheckedOrder): string {
  const flags = flagsOf(options, command).map(({ flag, value }) => (value === undefined ? flag : `${flag} ${quoted(value)}`));
  const values = args.some((text) => text.startsWith("-")) ? ["--", ...args.map(quoted)] : args.map(quoted);
  return ["pushforward", command.name, ...(values[0] === "--" ? [...flags, ...values] : [...values, ...flags])].join(" ");
}

function flagsOf(options: CheckedOrder["options"], { options: schema }: Command): { flag: string; value?: string }[] {
  const { onByDefault } = optionFacts(schema);
  return Object.entries(options).flatMap(([key, value]) =>
    typeof value === "boolean"
      ? switchFlag(key, value, onByDefault).map((name) => ({ flag: name }))
      : [{ flag: flag(key), value: String(value) }],
  );
}
