/**
 * What the product can do, as values: the command line, configuration files, sweeps, resuming, the tour and forms are derived from them.
 * A job does its work in one go; a method makes runs (see method.ts); a group holds others.
 */
import { z } from "zod";
import { nearest, UserError } from "../errors.ts";
import { flag, type Invocation, withInvocation } from "./invocation.ts";
import type { Reported } from "./metrics.ts";
import { givenWithFile, optionFacts, parseOptions, type Shape } from "./options.ts";

/** A positional argument, as "<file>", "[file]" or "[runs...]", and what it is. */
export interface Argument {
  readonly name: string;
  readonly description: string;
}

/** What is said about a command. */
export interface Description {
  /** All words of its name: "graph compress". */
  readonly name: string;
  /** A line in the list of commands. */
  readonly summary: string;
  /** More words for its own help; default: the summary. */
  readonly description?: string;
  readonly examples: readonly string[];
  /** What else its help should tell, after the options. */
  readonly notes?: string;
}

/** What came out: all results for programs, lines of text for people. */
export interface Outcome {
  readonly results: unknown;
  readonly text: readonly string[];
  /** 0 unless something went wrong that is told in the text, such as a run that was stopped. */
  readonly exitCode?: number;
  /** The work itself has gone to standard output: words go to standard error. */
  readonly toStderr?: boolean;
}

/** A description with what it takes to do the work. */
export interface Command extends Description {
  readonly kind: "group" | "job" | "method";
  readonly arguments: readonly Argument[];
  /** All options, defaults written out. */
  readonly options: z.ZodObject;
  readonly commands: readonly Command[];
  /** @throws UserError  for options that `perform` would refuse before it looks at any data */
  check(given: Readonly<Record<string, unknown>>): void;
  /** What its runs can be compared by, with these options; nothing where it makes no runs. */
  metrics(given: Readonly<Record<string, unknown>>): Reported | undefined;
  /**
   * @param given  options by key, as text or as values; defaults are filled in
   * @param wishes  for the runs it makes: see `Invocation`
   * @throws UserError
   */
  perform(args: readonly string[], given: Readonly<Record<string, unknown>>, wishes?: Partial<Invocation>): Promise<Printable>;
}

/** An outcome, and whether it was asked for as JSON. */
export type Printable = Outcome & { readonly json: boolean };

/** A command known by name before its code is loaded. */
export interface Registered {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

interface JobSpec<S extends Shape> extends Description {
  readonly arguments?: readonly Argument[];
  readonly options: z.ZodObject<S>;
  readonly commands?: readonly Command[];
  readonly run: (args: readonly string[], options: z.infer<z.ZodObject<S>>) => Promise<Outcome>;
}

/** Declares work that does not iterate: compress a graph, look at a file, list runs. */
export const job = <S extends Shape>(spec: JobSpec<S>): Command => declared("job", spec, spec.run);

/** Declares a command that only holds others. */
export const group = (spec: Description & { readonly options: z.ZodObject; readonly commands: readonly Command[] }): Command =>
  declared("group", spec, () => {
    throw new UserError(`${spec.name} needs a command`, `one of ${spec.commands.map((c) => c.name.split(" ").at(-1)).join(", ")}`);
  });

/** A command around work whose options have been validated. */
export function declared<S extends Shape>(
  kind: Command["kind"],
  spec: Omit<JobSpec<S>, "run"> & { readonly metrics?: Reported },
  work: (args: readonly string[], options: z.infer<z.ZodObject<S>>) => Promise<Outcome>,
): Command {
  const { name, summary, description, examples, notes, options: schema, arguments: args = [], commands = [] } = spec;
  const perform: Command["perform"] = async (values, given, wishes = {}) => {
    const { options, loggers, stopAt } = parseOptions(schema, given);
    const invocation: Invocation = {
      command: name.split(" "),
      arguments: values,
      options,
      ...optionFacts(schema),
      cwd: process.cwd(),
      ...wishes,
      loggers: loggers ?? wishes.loggers ?? [],
      stopAt: stopAt ?? wishes.stopAt,
    };
    const outcome = await withInvocation(invocation, () => work(values, options));
    return { ...outcome, json: "json" in options && options.json === true };
  };
  const check: Command["check"] = (given) => void parseOptions(schema, given);
  const metrics: Command["metrics"] = () => spec.metrics;
  return { kind, name, summary, description, examples, notes, arguments: args, options: schema, commands, check, metrics, perform };
}

interface ChoiceSpec {
  /** Key of the option that decides. */
  readonly option: string;
  /** What it is without the option, or with a value that no other has. */
  readonly otherwise: Command;
  /** By values of the option. All have the name of the first, and a schema of their own. */
  readonly others: Readonly<Record<string, Command>>;
}

/**
 * Commands of one name, of which an option chooses: `train --model vae`. Flags, help and the schema of a configuration file are those of
 * all together (where they share a key, those of `otherwise` count); each takes only its own, and says to whom others belong.
 */
export function choice({ option, otherwise, others }: ChoiceSpec): Command {
  const all = [...Object.entries(others), [undefined, otherwise] as const];
  const options = z.object(Object.assign({}, ...all.map(([, command]) => command.options.shape)));
  /** The command, and what it is given: options of files too. */
  const chosen = (given: Readonly<Record<string, unknown>>) => {
    const own = givenWithFile(options, given);
    const value = own[option];
    const command = typeof value === "string" && Object.hasOwn(others, value) ? others[value] : otherwise;
    const foreign = Object.keys(own).find((key) => own[key] !== undefined && key in options.shape && !(key in command.options.shape));
    if (foreign === undefined) return { command, own };
    const said = value === undefined ? `without ${flag(option)}` : `with ${flag(option)} ${value}`;
    const homes = all.flatMap(([name, c]) =>
      foreign in c.options.shape ? [name === undefined ? "other models" : `${flag(option)} ${name}`] : [],
    );
    throw new UserError(`${flag(foreign)} does not go ${said}`, `it is an option of ${homes.join(" and ")}`);
  };
  return {
    ...otherwise,
    options,
    check(given) {
      const { command, own } = chosen(given);
      command.check(own);
    },
    metrics(given) {
      const { command, own } = chosen(given);
      return command.metrics(own);
    },
    perform(args, given, wishes) {
      const { command, own } = chosen(given);
      return command.perform(args, own, wishes);
    },
  };
}

/**
 * The command of a name, such as "train compare".
 * @throws UserError  with the nearest name that there is
 */
export async function findCommand(name: string, registry: readonly Registered[]): Promise<Command> {
  const words = name.trim().split(/\s+/);
  let command = await registry.find((c) => c.name === words[0])?.load();
  for (let i = 2; i <= words.length; i++) command = command?.commands.find((c) => c.name === words.slice(0, i).join(" "));
  if (command) return command;
  const guess = nearest(
    words[0],
    registry.map((c) => c.name),
  );
  throw new UserError(`there is no command "${name}"`, guess && `did you mean ${guess}?`);
}
