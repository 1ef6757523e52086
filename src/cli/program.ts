/** The command `pushforward`: finds the subcommand, loads only that one, and turns every error into a message. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { FileFormatError, UserError } from "../errors.ts";
import { type Invocation, withInvocation } from "../lab/invocation.ts";

/** A subcommand, known by name before its code is loaded. */
export interface Registered {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export interface Output {
  out: (text: string) => void;
  error: (text: string) => void;
}

const standard: Output = { out: (text) => process.stdout.write(text), error: (text) => process.stderr.write(text) };

/** Version of the package. */
export function version(): string {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}

/**
 * Runs the command line; resolves to the exit code. Zero means success and nothing else.
 * @param wishes  for the runs it makes: see `Invocation`
 */
export async function run(
  args: readonly string[],
  commands: readonly Registered[],
  output: Output = standard,
  wishes: Partial<Invocation> = {},
): Promise<number> {
  try {
    const program = await build(args, commands, output);
    const invocation: Invocation = { command: [], arguments: [], options: {}, cwd: process.cwd(), loggers: [], ...wishes };
    program.hook("preAction", (_, command) => {
      invocation.command = namesOf(command);
      invocation.arguments = command.args;
    });
    if (args.length === 0) program.outputHelp();
    else await withInvocation(invocation, () => program.parseAsync(args, { from: "user" }));
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    // --help and --version end this way too, and a command that needs a subcommand, after its help
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === "commander.help")) return error.exitCode;
    output.error(describe(error));
    return 1;
  }
}

async function build(args: readonly string[], commands: readonly Registered[], output: Output): Promise<Command> {
  const program = new Command("pushforward")
    .description("Modern methods of probabilistic machine learning that move probability mass.")
    .version(version())
    .showHelpAfterError(false)
    .enablePositionalOptions();
  const wanted = args[0] === "help" ? args[1] : args.find((a) => !a.startsWith("-"));
  for (const { name, summary, load } of commands)
    program.addCommand(name === wanted ? (await load()).summary(summary) : new Command(name).summary(summary));
  for (const command of withChildren(program))
    command.exitOverride().configureOutput({ writeOut: output.out, writeErr: output.out, outputError: () => undefined });
  return program.addHelpText("after", "\nEach command has its own --help, with an example.\n");
}

/** Names from below the program down to the command. */
const namesOf = (command: Command): string[] => (command.parent ? [...namesOf(command.parent), command.name()] : []);

const withChildren = (command: Command): Command[] => [command, ...command.commands.flatMap(withChildren)];

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

function message(what: string, hint?: string): string {
  return `error: ${what}\n${hint ? `  hint: ${hint}\n` : ""}`;
}
