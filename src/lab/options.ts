/** Options as one zod schema: types, defaults, validation, configuration files, help, JSON schema and forms are all read from it. */
import { z } from "zod";
import { nearest, UserError } from "../errors.ts";
import { camelKeys, readYaml } from "./config-file.ts";
import { flag } from "./invocation.ts";

export type Shape = z.ZodRawShape;

/** How a job talks. */
export const talkOptions = {
  json: z.boolean().default(false).describe("print JSON lines; the last one holds all results"),
  quiet: z.boolean().default(false).describe("print results only"),
};

/** Options of everything that makes runs. */
export const sharedOptions = {
  data: z.string().optional().describe("a built-in data set instead of a file"),
  out: z.string().optional().describe("folder for the results"),
  seed: z.int().min(0).default(0).describe("seed of all random numbers"),
  quick: z.boolean().default(false).describe("a short run, to see whether it works"),
  ...talkOptions,
  threads: z.int().min(1).max(1024).optional().describe("threads of the engine (default: physical cores)"),
  device: z
    .enum(["cpu", "wasm", "webgpu", "cuda"])
    .optional()
    .describe(
      "what computes: native, WebAssembly, or a graphics card; each rounds in its own way (default: native or WebAssembly by size)",
    ),
  overwrite: z.boolean().default(false).describe("begin again even if --out holds another run"),
};
export type SharedOptions = z.infer<z.ZodObject<typeof sharedOptions>>;

/** Shared options that decide no number of a run. */
const incidental = ["out", "json", "quiet", "overwrite", "threads", "workers", "queue", "part"] as const;

/** The options that decide the numbers of a run. */
export const decisive = <O extends object>(options: O): Omit<O, (typeof incidental)[number]> =>
  Object.fromEntries(Object.entries(options).filter(([key]) => !incidental.some((name) => name === key))) as Omit<
    O,
    (typeof incidental)[number]
  >;

const fileOption = { config: z.string().optional().describe("YAML or JSON file of options; those on the command line count more") };

/** Wishes for a run itself, which everything that makes runs takes besides its own options; they decide no number. */
const runOptions = {
  ...fileOption,
  log: z.string().optional().describe("also log to tensorboard, mlflow=http://…, or both with a comma"),
  stopAt: z.int().min(1).optional().describe("pause after this step; the run goes on when asked again"),
};

/** What a form or a help text needs to know of an option. */
export interface OptionInfo {
  readonly key: string;
  readonly type: "boolean" | "integer" | "number" | "string";
  readonly description: string;
  readonly default?: unknown;
  readonly choices: readonly string[];
  /** One letter by which it is known too, and a word for its value. */
  readonly short?: string;
  readonly placeholder?: string;
  /** Whether its value may name a file or folder that decides the result. */
  readonly file?: boolean;
}

/** What JSON Schema says about one option; `short`, `placeholder` and `file` come from `.meta()`. */
interface Property {
  readonly type?: OptionInfo["type"];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly short?: string;
  readonly placeholder?: string;
  readonly file?: boolean;
}

/** The JSON schema of a configuration file. */
export const jsonSchema = (schema: z.ZodObject) => ({
  ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }),
  additionalProperties: false,
});

const known = new WeakMap<z.ZodObject, readonly OptionInfo[]>();

/** The options of a schema; kept, for a sweep asks a thousand times. */
export function optionInfos(schema: z.ZodObject): readonly OptionInfo[] {
  const properties = (): Record<string, Property> => (jsonSchema(schema).properties ?? {}) as Record<string, Property>;
  const found =
    known.get(schema) ??
    Object.entries(properties()).map(([key, { type = "string", description = "", enum: choices = [], ...rest }]) => {
      const { short, placeholder, file } = rest;
      return { key, type, description, choices, default: rest.default, short, placeholder, file };
    });
  known.set(schema, found);
  return found;
}

/** Does a schema belong to something that makes runs? */
export const makesRuns = (schema: z.ZodObject): boolean => "out" in schema.shape && "seed" in schema.shape;

/** Keys of the options that may name files, and of the switches that are on unless they are turned off. */
export const optionFacts = (schema: z.ZodObject) => ({
  fileOptions: optionInfos(schema).flatMap(({ key, file }) => (file ? [key] : [])),
  onByDefault: optionInfos(schema).flatMap(({ key, default: value }) => (value === true ? [key] : [])),
});
export type OptionFacts = Readonly<ReturnType<typeof optionFacts>>;

const runSchema = z.object(runOptions);
const fileSchema = z.object(fileOption);

/** The options around a schema: the configuration file, and of runs how they are logged and where they pause. */
export const outerSchema = (schema: z.ZodObject) => (makesRuns(schema) ? runSchema : fileSchema);

/** Options, and the wishes for the run beside them. */
export interface Parsed<O> {
  readonly options: O;
  readonly loggers?: readonly string[];
  readonly stopAt?: number;
}

/**
 * The options that the user gave, in a configuration file or on the command line, validated, with the defaults filled in.
 * @param given  by key; text is taken for numbers where the schema wants them
 * @throws UserError  naming the option, what it should be and what it was
 */
export function parseOptions<S extends Shape>(
  schema: z.ZodObject<S>,
  given: Readonly<Record<string, unknown>>,
): Parsed<z.infer<z.ZodObject<S>>> {
  const outer = outerSchema(schema);
  const ofRun: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) (key in outer.shape && !(key in schema.shape) ? ofRun : own)[key] = value;
  const { config, log, stopAt } = validate(runSchema.strict(), numbersIn(runSchema, ofRun), flag);
  const inFile = config === undefined ? {} : readConfigFile(config, schema);
  const options = validate(schema.strict(), { ...inFile, ...numbersIn(schema, own) }, flag);
  return { options, loggers: log?.split(",").map((name) => name.trim()), stopAt };
}

/** Options with those of their configuration file, which count less, written out. @throws UserError  for a file that does not fit the schema */
export function givenWithFile(schema: z.ZodObject, { config, ...given }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { ...(typeof config === "string" && !("config" in schema.shape) ? readConfigFile(config, schema) : {}), ...given };
}

/**
 * Options from a configuration file, checked key by key against the schema.
 * @throws UserError  naming the file and the key, with the nearest one that exists
 */
function readConfigFile(path: string, schema: z.ZodObject): Record<string, unknown> {
  const texts = new Set(optionInfos(schema).flatMap(({ key, type }) => (type === "string" ? [key] : [])));
  const options = camelKeys(readYaml(path), (key) => texts.has(key));
  try {
    validate(schema.partial().strict(), options);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${path}: ${error.message}`, error.hint) : error;
  }
  return options;
}

/** The command line has text only: numbers where the schema wants them. Text that is no number stays text, for the message. */
function numbersIn(schema: z.ZodObject, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const numeric = new Set(optionInfos(schema).flatMap(({ key, type }) => (type === "integer" || type === "number" ? [key] : [])));
  const typed = Object.entries(given).map(([key, value]) => {
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
    return [key, numeric.has(key) && !Number.isNaN(number) ? number : value];
  });
  return Object.fromEntries(typed);
}

/**
 * Validates plain data. The first problem becomes the message; a key that is not known comes with the nearest one that is.
 * @param name  how a key is shown to the user
 * @throws UserError
 */
export function validate<S extends z.ZodObject>(schema: S, data: unknown, name: (key: string) => string = (key) => key): z.infer<S> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue.path.map(String).reduce((path, key) => (path === "" ? name(key) : `${path}.${key}`), "");
  if (issue.code === "unrecognized_keys") {
    const guess = nearest(issue.keys[0], keysAt(schema, issue.path));
    const shown = (key: string) => (where === "" ? name(key) : `${where}.${key}`);
    throw new UserError(`unknown option ${shown(issue.keys[0])}`, guess && `did you mean ${shown(guess)}?`);
  }
  const value = issue.path.reduce((v: unknown, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], data);
  if (value === undefined && where !== "" && issue.code === "invalid_type") {
    const { description } = optionInfos(schema).find(({ key }) => issue.path.length === 1 && key === issue.path[0]) ?? {};
    throw new UserError(`${where} is missing: ${lower(issue.message)}`, description && `${where} is ${description}`);
  }
  const got = value === undefined ? "" : ` (got ${JSON.stringify(value)?.slice(0, 100)})`;
  throw new UserError(`${where === "" ? "" : `${where}: `}${lower(issue.message)}${got}`);
}

/** Keys of the object of a schema at a path, as far as JSON Schema knows them. */
function keysAt(schema: z.ZodObject, path: readonly PropertyKey[]): string[] {
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
