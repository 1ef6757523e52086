/** Completion of the command line for shells, written from the declared commands. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import { type Command, job, type Registered } from "./command.ts";
import { flag } from "./invocation.ts";
import { optionInfos, outerSchema } from "./options.ts";

/** A command as a shell needs to know it. */
interface Place {
  /** Words of its name; none is the program itself. */
  readonly path: readonly string[];
  readonly children: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly {
    readonly name: string;
    readonly description: string;
    readonly choices: readonly string[];
    readonly takesValue: boolean;
  }[];
}

async function placesOf(registry: readonly Registered[]): Promise<Place[]> {
  const visit = (command: Command): Place[] => {
    const path = command.name.split(" ");
    const infos = command.kind === "group" ? [] : [...optionInfos(command.options), ...optionInfos(outerSchema(command.options))];
    const flags = infos.map(({ key, description, choices, type }) => ({
      ...{ name: flag(key), description: description.split("\n")[0], choices },
      takesValue: type !== "boolean",
    }));
    const children = command.commands.map(({ name, summary }) => ({ name: name.split(" ").at(-1) ?? name, summary }));
    return [
      { path, children, flags: [...flags, { name: "--help", description: "help", choices: [], takesValue: false }] },
      ...command.commands.flatMap(visit),
    ];
  };
  const all = await Promise.all(registry.map(({ load }) => load()));
  const root: Place = { path: [], children: registry.map(({ name, summary }) => ({ name, summary })), flags: [] };
  return [root, ...all.flatMap(visit)];
}

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

/** The script that a shell reads once. */
async function completionScript(shell: Shell, registry: readonly Registered[]): Promise<string> {
  const places = await placesOf(registry);
  if (shell === "fish") return fish(places);
  return shell === "bash" ? bash(places) : `autoload -U +X bashcompinit && bashcompinit\n${bash(places)}`;
}

const joined = (path: readonly string[]): string => path.map((word) => ` ${word}`).join("");

function bash(places: readonly Place[]): string {
  const known = places.filter(({ path }) => path.length > 0).map(({ path }) => `"${joined(path)}"`);
  const values = places.flatMap(({ path, flags }) =>
    flags
      .filter(({ choices }) => choices.length > 0)
      .map(({ name, choices }) => `    "${joined(path)} ${name}") COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$cur")); return;;`),
  );
  const words = places.map(({ path, children, flags }) => {
    const all = [...children.map(({ name }) => name), ...flags.map(({ name }) => name)];
    return `    "${joined(path)}") words="${all.join(" ")}";;`;
  });
  return [
    "_pushforward() {",
    `  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" i`,
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    `    case "$path \${COMP_WORDS[i]}" in`,
    `      ${known.join("|")}) path="$path \${COMP_WORDS[i]}";;`,
    "    esac",
    "  done",
    '  case "$path $prev" in',
    ...values,
    "  esac",
    '  case "$path" in',
    ...words,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '  [[ "$cur" == -* ]] || COMPREPLY+=($(compgen -f -- "$cur"))',
    "}",
    "complete -o filenames -F _pushforward pushforward",
    "",
  ].join("\n");
}

const quoted = (text: string): string => `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;

function fish(places: readonly Place[]): string {
  const known = places.filter(({ path }) => path.length > 0).map(({ path }) => quoted(joined(path)));
  const at = (path: readonly string[]): string => `-n ${quoted(`test (__pushforward_path) = "${joined(path)}"`)}`;
  return [
    "function __pushforward_path",
    '  set -l path ""',
    "  for word in (commandline -opc)[2..]",
    `    if contains -- "$path $word" ${known.join(" ")}`,
    '      set path "$path $word"',
    "    end",
    "  end",
    '  echo "$path"',
    "end",
    ...places.flatMap(({ path, children, flags }) => [
      ...children.map(({ name, summary }) => `complete -c pushforward ${at(path)} -a ${quoted(name)} -d ${quoted(summary)}`),
      ...flags.map(({ name, description, choices, takesValue }) => {
        const value = choices.length > 0 ? ` -xa ${quoted(choices.join(" "))}` : takesValue ? " -r" : "";
        return `complete -c pushforward ${at(path)} -l ${name.slice(2)}${value} -d ${quoted(description)}`;
      }),
    ]),
    "",
  ].join("\n");
}

/** `pushforward completion`: a script for the user's shell. @param registry  the commands that it completes */
export const completionCommand = (registry: readonly Registered[]): Command =>
  job({
    name: "completion",
    summary: "completion of commands and options for bash, zsh and fish",
    arguments: [{ name: "<shell>", description: shells.join(", ") }],
    examples: ['eval "$(pushforward completion bash)"', "pushforward completion fish > ~/.config/fish/completions/pushforward.fish"],
    options: z.object({}),
    async run([name]) {
      const shell = shells.find((known) => known === name);
      if (!shell) throw new UserError(`there is no completion for "${name}"`, `one of ${shells.join(", ")}`);
      return { results: {}, text: [await completionScript(shell, registry)] };
    },
  });
