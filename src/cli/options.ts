/** Command-line options from a zod schema: types, defaults, help and validation are declared once. */
import type { Command } from "commander";
import { z } from "zod";
import { nearest, UserError } from "../data/errors.ts";

type Schema = z.ZodObject;

/** What JSON Schema says about one option. */
interface Property {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
}

/** `holdOut` is `--hold-out`. */
const flag = (key: string): string => `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

function properties(schema: Schema): Record<string, Property> {
  return (z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }).properties ?? {}) as Record<string, Property>;
}

/** Adds one option for each key of the schema; descriptions come from `.describe()`, a boolean is a switch. */
export function addOptions(command: Command, schema: Schema): Command {
  for (const [key, { type, description = "", default: value, enum: choices }] of Object.entries(properties(schema))) {
    const placeholder = choices ? choices.join("|") : type === "integer" || type === "number" ? "n" : "text";
    const shown = value === undefined || value === false ? "" : ` (default: ${String(value)})`;
    command.option(type === "boolean" ? flag(key) : `${flag(key)} <${placeholder}>`, `${description}${shown}`);
  }
  return command;
}

/**
 * The options that the user gave, validated, with the defaults filled in.
 * @throws UserError  naming the option, what it should be and what it was
 */
export function parseOptions<S extends Schema>(schema: S, given: Readonly<Record<string, unknown>>): z.infer<S> {
  const known = properties(schema);
  const typed = Object.entries(given).map(([key, value]) => {
    const numeric = known[key]?.type === "integer" || known[key]?.type === "number";
    // text that is no number stays text, for the message
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
    return [key, numeric && !Number.isNaN(number) ? number : value];
  });
  return validate(schema.strict(), Object.fromEntries(typed), flag) as z.infer<S>;
}

/**
 * Validates plain data. The first problem becomes the message; a key that is not known comes with the nearest one that is.
 * @param name  how a key is shown to the user
 */
export function validate<S extends Schema>(schema: S, data: unknown, name: (key: string) => string = (key) => key): z.infer<S> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue.path.map(String).reduce((path, key) => (path === "" ? name(key) : `${path}.${key}`), "");
  if (issue.code === "unrecognized_keys") {
    const guess = nearest(issue.keys[0], Object.keys(schema.shape));
    throw new UserError(`unknown option ${name(issue.keys[0])}`, guess && `did you mean ${name(guess)}?`);
  }
  const value = issue.path.reduce((v: unknown, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], data);
  throw new UserError(`${where}: ${lower(issue.message)}${value === undefined ? "" : ` (got ${JSON.stringify(value)})`}`);
}

/** Zod's messages begin with "Invalid input: expected number, received NaN" and the like: what was received is shown anyway. */
function lower(message: string): string {
  const short = message.replace(/^Invalid (input|option): /, "").replace(/, received .*$/, "");
  return short.charAt(0).toLowerCase() + short.slice(1);
}
