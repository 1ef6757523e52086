/** Command-line options from a zod schema: types, defaults, help, validation, configuration files and JSON schema are declared once. */
import { type Command, CommanderError } from "commander";
import { z } from "zod";
import { nearest, UserError } from "../errors.ts";
import { currentInvocation, flag } from "../lab/invocation.ts";
import { camelKeys, readYaml } from "./config.ts";

type Schema = z.ZodObject;

/** What JSON Schema says about one option. */
interface Property {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
}

function jsonSchema(schema: Schema) {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}

const known = new WeakMap<Schema, Record<string, Property>>();

/** The options of a schema; kept, for a sweep asks a thousand times. */
function properties(schema: Schema): Record<string, Property> {
  const found = known.get(schema) ?? ((jsonSchema(schema).properties ?? {}) as Record<string, Property>);
  known.set(schema, found);
  return found;
}

/** Options of the run itself, which every command that makes runs has besides its own; they decide no number. */
const runOptions = z.object({
  config: z.string().optional().describe("YAML or JSON file of options; those on the command line count more"),
  log: z.string().optional().describe("also log to tensorboard, mlflow=http://…, or both with a comma"),
  stopAt: z.int().min(1).optional().describe("pause after this step; the run goes on when asked again"),
});

const schemas = new WeakMap<Command, Schema>();

/** The options of a command that was made by `addOptions`. */
export const schemaOf = (command: Command): Schema | undefined => schemas.get(command);

/** Adds one option for each key of the schema; descriptions come from `.describe()`, a boolean is a switch. */
export function addOptions(command: Command, schema: Schema): Command {
  schemas.set(command, schema);
  const makesRuns = "out" in schema.shape && "seed" in schema.shape;
  for (const part of makesRuns ? [schema, runOptions] : [schema])
    for (const [key, { type, description = "", default: value, enum: choices }] of Object.entries(properties(part))) {
      // a long list of choices would push all descriptions out of sight; the help of its command explains it
      const list = choices?.join("|") ?? "";
      const placeholder = list.length > 40 ? "name" : list || (type === "integer" || type === "number" ? "n" : "text");
      const shown = value === undefined || value === false ? "" : ` (default: ${String(value)})`;
      command.option(type === "boolean" ? flag(key) : `${flag(key)} <${placeholder}>`, `${description}${shown}`);
    }
  if (makesRuns)
    command.option("--schema", "print the JSON schema of a configuration file").on("option:schema", () => {
      command.configureOutput().writeOut?.(`${JSON.stringify({ ...jsonSchema(schema), additionalProperties: false }, undefined, 2)}\n`);
      throw new CommanderError(0, "pushforward.schema", "schema");
    });
  return command;
}

/**
 * The options that the user gave, in a configuration file or on the command line, validated, with the defaults filled in.
 * @throws UserError  naming the option, what it should be and what it was
 */
export function parseOptions<S extends Schema>(schema: S, given: Readonly<Record<string, unknown>>): z.infer<S> {
  const ofRun: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) (key in runOptions.shape && !(key in schema.shape) ? ofRun : own)[key] = value;
  const run = validate(runOptions.strict(), numbersIn(runOptions, ofRun), flag);
  const inFile = run.config === undefined ? {} : readConfigFile(run.config, schema);
  const options = validate(schema.strict(), { ...inFile, ...numbersIn(schema, own) }, flag) as z.infer<S>;
  const invocation = currentInvocation();
  if (invocation) {
    invocation.options = options;
    invocation.loggers = run.log?.split(",").map((name) => name.trim()) ?? invocation.loggers;
    invocation.stopAt = run.stopAt ?? invocation.stopAt;
  }
  return options;
}

/**
 * Options from a configuration file, checked key by key against the schema.
 * @throws UserError  naming the file and the key, with the nearest one that exists
 */
function readConfigFile(path: string, schema: Schema): Record<string, unknown> {
  const known = properties(schema);
  const options = camelKeys(readYaml(path), (key) => known[key]?.type === "string");
  try {
    validate(schema.partial().strict(), options);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${path}: ${error.message}`, error.hint) : error;
  }
  return options;
}

/** The command line has text only: numbers where the schema wants them. Text that is no number stays text, for the message. */
function numbersIn(schema: Schema, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = properties(schema);
  const typed = Object.entries(given).map(([key, value]) => {
    const numeric = known[key]?.type === "integer" || known[key]?.type === "number";
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
    return [key, numeric && !Number.isNaN(number) ? number : value];
  });
  return Object.fromEntries(typed);
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
    const candidates = where === "" ? Object.keys(schema.shape) : keysAt(schema, issue.path);
    const guess = nearest(issue.keys[0], candidates);
    const shown = (key: string) => (where === "" ? name(key) : `${where}.${key}`);
    throw new UserError(`unknown option ${shown(issue.keys[0])}`, guess && `did you mean ${shown(guess)}?`);
  }
  const value = issue.path.reduce((v: unknown, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], data);
  const got = value === undefined ? "" : ` (got ${JSON.stringify(value)?.slice(0, 100)})`;
  throw new UserError(`${where === "" ? "" : `${where}: `}${lower(issue.message)}${got}`);
}

/** Keys of the object of a schema at a path, as far as JSON Schema knows them. */
function keysAt(schema: Schema, path: readonly PropertyKey[]): string[] {
  type Node = { properties?: Record<string, Node>; anyOf?: Node[]; items?: Node };
  let nodes = [jsonSchema(schema) as Node];
  for (const key of path)
    nodes = nodes.flatMap((n) => [n, ...(n.anyOf ?? [])]).flatMap((n) => n.properties?.[String(key)] ?? n.items ?? []);
  return nodes.flatMap((n) => [n, ...(n.anyOf ?? [])]).flatMap((n) => Object.keys(n.properties ?? {}));
}

/** Zod's messages begin with "Invalid input: expected number, received NaN" and the like: what was received is shown anyway. */
function lower(message: string): string {
  const short = message.replace(/^Invalid (input|option): /, "").replace(/, received .*$/, "");
  return short.charAt(0).toLowerCase() + short.slice(1);
}
