/** What the product can do, as plain data for forms. */
import type { Command, Registered } from "../lab/command.ts";
import { optionInfos } from "../lab/options.ts";
import type { CommandInfo } from "./api.ts";

/** What is no work on data, but on runs and on the command itself. */
const apart = ["completion", "resume", "runs", "studio", "sweep", "worker"];

export async function commandInfos(registry: readonly Registered[]): Promise<CommandInfo[]> {
  const commands = await Promise.all(registry.filter(({ name }) => !apart.includes(name)).map(({ load }) => load()));
  return commands.map(infoOf);
}

const infoOf = ({ kind, name, summary, description = summary, examples, arguments: args, options, commands }: Command): CommandInfo => ({
  kind,
  name,
  summary,
  description,
  examples,
  arguments: args,
  options: optionInfos(options),
  commands: commands.map(infoOf),
});
