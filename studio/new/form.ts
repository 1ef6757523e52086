/** A form for a command, made of what the command says of its options. */
import type { CommandInfo, Order } from "../../src/studio/api.ts";

export type Option = CommandInfo["options"][number];
/** What stands in the fields, by key: text, or whether a box is ticked. */
export type Values = Readonly<Record<string, string | boolean>>;

/** How a command talks to a terminal or a scheduler; the page has ways of its own. */
const forTerminals = new Set(["json", "quiet", "part", "config"]);
/** What nearly every run is given. */
const usual = new Set(["data", "steps", "seed", "quick"]);

export const flagOf = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
export const labelOf = (key: string): string => flagOf(key).slice(2).replaceAll("-", " ");

/** Essential options, which are the usual ones and those of the command's first example, and the rest. */
export function fieldsOf({ options, examples }: CommandInfo): { readonly essential: readonly Option[]; readonly rest: readonly Option[] } {
  const words = new Set(examples[0]?.split(/[\s=]+/));
  const isEssential = ({ key, short }: Option): boolean =>
    usual.has(key) || words.has(flagOf(key)) || (short !== undefined && words.has(`-${short}`));
  const shown = options.filter(({ key }) => !forTerminals.has(key));
  return { essential: shown.filter(isEssential), rest: shown.filter((option) => !isEssential(option)) };
}

const textOf = (value: unknown): string => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));

/** What a field shows before it is touched. */
export const initial = ({ type, default: value }: Option): string | boolean => (type === "boolean" ? value === true : textOf(value));

/** The options that differ from their defaults: an empty field is one that was not touched. */
export function changed(options: readonly Option[], values: Values): Record<string, string | boolean> {
  return Object.fromEntries(
    options.flatMap((option) => {
      const value = values[option.key];
      return value === undefined || value === "" || value === initial(option) ? [] : [[option.key, value]];
    }),
  );
}

/** Words of an argument: one, or, where it ends with dots, one a line. */
export const wordsOf = (name: string, text: string): string[] =>
  (name.includes("...") ? text.split("\n") : [text]).map((line) => line.trim()).filter(Boolean);

export const orderOf = (command: CommandInfo, values: Values, words: readonly string[]): Order => ({
  command: command.name,
  arguments: command.arguments.flatMap(({ name }, i) => wordsOf(name, words[i] ?? "")),
  options: changed(command.options, values),
});

/** The option that a message is about: it begins with its flag. */
export const blamed = (options: readonly Option[], error = ""): string | undefined =>
  options.find(({ key }) => new RegExp(`^${flagOf(key)}(?![\\w-])`).test(error))?.key;

/** Fields as the address keeps them, and back. */
export const toQuery = (order: Order, words: readonly string[]): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(order.options).map(([key, value]) => [key, String(value)])),
  ...Object.fromEntries(words.flatMap((word, i) => (word === "" ? [] : [[`argument${i}`, word]]))),
});

export function fromQuery(
  command: CommandInfo,
  query: Readonly<Record<string, string>>,
): { values: Record<string, string | boolean>; words: string[] } {
  const value = (option: Option): string | boolean => {
    const given = query[option.key];
    return given === undefined ? initial(option) : option.type === "boolean" ? given === "true" : given;
  };
  return {
    values: Object.fromEntries(command.options.map((option) => [option.key, value(option)])),
    words: command.arguments.map((_, i) => query[`argument${i}`] ?? ""),
  };
}

/** Every command that makes runs, those within groups too. */
export const makers = (commands: readonly CommandInfo[]): CommandInfo[] =>
  commands.flatMap((command) => [...(command.kind === "method" ? [command] : []), ...makers(command.commands)]);
