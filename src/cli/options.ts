/** The flags of a command line, from declared options. */
import { CommanderError, type Command as Program } from "commander";
import type { z } from "zod";
import { flag } from "../lab/invocation.ts";
import { jsonSchema, type OptionInfo, optionInfos, outerSchema } from "../lab/options.ts";

/** Adds one flag for each option; a boolean is a switch, `--no-…` where it is on by default. */
export function addFlags(program: Program, schema: z.ZodObject): Program {
  for (const option of [...optionInfos(schema), ...optionInfos(outerSchema(schema))]) program.option(flagsOf(option), help(option));
  return program.option("--schema", "print the JSON schema of a configuration file").on("option:schema", () => {
    program.configureOutput().writeOut?.(`${JSON.stringify(jsonSchema(schema), undefined, 2)}\n`);
    throw new CommanderError(0, "pushforward.schema", "schema");
  });
}

function flagsOf({ key, type, choices, short, placeholder, default: value }: OptionInfo): string {
  const name = `${short ? `-${short}, ` : ""}${type === "boolean" && value === true ? flag(key).replace("--", "--no-") : flag(key)}`;
  // a long list of choices would push all descriptions out of sight; the help of its command explains it
  const list = choices.join("|");
  const word = placeholder ?? (list.length > 40 ? "name" : list || (type === "integer" || type === "number" ? "n" : "text"));
  return type === "boolean" ? name : `${name} <${word}>`;
}

const help = ({ description, default: value }: OptionInfo): string =>
  `${description}${value === undefined || typeof value === "boolean" ? "" : ` (default: ${String(value)})`}`;
