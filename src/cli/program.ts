/** The command `pushforward`: finds the subcommand, loads only that one, and turns every error into a message. */
import { readFileSync } from "node:fs";
import { CommanderError, Command as Program } from "commander";
import { FileFormatError, UserError } from "../errors.ts";
import type { Command, Printable, Registered } from "../lab/command.ts";

export interface Output {
  out: (text: string) => void;
  error: (text: string) => void;
}

const standard: Output = { out: (text) => process.stdout.write(text), error: (text) => process.stderr.write(text) };

const version = (): string => JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;

/** Runs the command line; resolves to the exit code. Zero means success and nothing else. */
export async function run(args: readonly string[], commands: readonly Registered[], output: Output = standard): Promise<number> {
  try {
    let code = 0;
    const program = await build(args, commands, output, async (done) => {
      code = print(await done, output);
    });
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    // --help and --version end this way too, and a command that needs a subcommand, after its help
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === "commander.help")) return error.exitCode;
    output.error(describe(error));
    return 1;
  }
}

/** The results: as the last JSON line, or as lines of text. */
function print({ results, text, json, exitCode = 0, toStderr }: Printable, { out, error }: Output): number {
  const lines = json ? [JSON.stringify(results)] : text;
  if (lines.length > 0) (toStderr ? error : out)(`${lines.join("\n")}\n`);
  return exitCode;
}

type Act = (done: Promise<Printable>) => Promise<void>;

async function build(args: readonly string[], commands: readonly Registered[], output: Output, act: Act): Promise<Program> {
  const program = new Program("pushforward")
    .description("Modern methods of probabilistic machine learning that move probability mass.")
    .version(version())
    .showHelpAfterError(false)
    .enablePositionalOptions();
  const wanted = args[0] === "help" ? args[1] : args.find((a) => !a.startsWith("-"));
  for (const { name, summary, load } of commands)
    program.addCommand(name === wanted ? await programOf(await load(), act) : new Program(name).summary(summary));
  for (const command of withChildren(program))
    command.exitOverride().configureOutput({ writeOut: output.out, writeErr: output.out, outputError: () => undefined });
  return program.addHelpText("after", "\nEach command has its own --help, with an example.\n");
}

/** A declared command as commander knows it. Options of a subcommand may stand before its name, unless they are also its parent's. */
async function programOf(command: Command, act: Act): Promise<Program> {
  const { kind, name, summary, description = summary, examples, notes, arguments: values, options, commands } = command;
  const program = new Program(name.split(" ").at(-1)).summary(summary).description(description).enablePositionalOptions();
  for (const value of values) program.argument(value.name, value.description);
  const title = examples.length > 1 ? "Examples" : "Example";
  const example = examples.length === 0 ? "" : `\n${title}:\n${examples.map((line) => `  ${line}`).join("\n")}`;
  program.addHelpText("after", `${notes ? `\n${notes}\n` : ""}${example}`);
  for (const child of commands) program.addCommand(await programOf(child, act));
  if (kind === "group") return program;
  const { addFlags } = await import("./options.ts"); // with the schemas: not needed for the list of commands
  return addFlags(program, options).action((...given: unknown[]) => {
    const self = given.at(-1) as Program; // commander gives the arguments, the options and the command itself
    return act(command.perform(self.args, givenTo(self)));
  });
}

/** Options that were given to a command and to those that it is part of; its own count more. */
const givenTo = (program: Program): Record<string, unknown> => (program.parent ? { ...givenTo(program.parent), ...told(program) } : {});
const told = (program: Program): object =>
  Object.fromEntries(Object.entries(program.opts()).filter(([key]) => program.getOptionValueSource(key) === "cli"));

const withChildren = (command: Program): Program[] => [command, ...command.commands.flatMap(withChildren)];

/** One line for what went wrong and one for what to do; never a stack trace, unless PUSHFORWARD_DEBUG asks for it. */
function describe(error: unknown): string {
  const debug = process.env.PUSHFORWARD_DEBUG ? `\n${error instanceof Error ? error.stack : ""}` : "";
  if (error instanceof UserError) return message(error.message, error.hint) + debug;
  if (error instanceof FileFormatError) return message(error.message) + debug;
  if (error instanceof CommanderError) {
    const [first, suggestion] = error.message.replace(/^error: /, "").split("\n");
    return message(first, suggestion?.replace(/^\((.*)\)$/, "$1").replace(/^Did/, "did") ?? "--help shows the options");
  }
  const text = (error instanceof Error ? error.message : String(error)).split("\n", 1)[0];
  return message(text, debug ? undefined : "this is a fault of the program; PUSHFORWARD_DEBUG=1 shows where it happened") + debug;
}

const message = (what: string, hint?: string): string => `error: ${what}\n${hint ? `  hint: ${hint}\n` : ""}`;
