/** `pushforward resume`: a run that was stopped or killed goes on, to the same numbers as if it had not been. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { toFlags } from "../lab/invocation.ts";
import { readRecord } from "../lab/record.ts";
import { addOptions, parseOptions } from "./options.ts";
import type { Registered } from "./program.ts";

const schema = z.object({
  acceptChanges: z.boolean().default(false).describe("go on although the code or the input files have changed"),
  log: z.string().optional().describe("also log to tensorboard, mlflow=http://…, or both with a comma (default: as before)"),
  stopAt: z.int().min(1).optional().describe("pause after this step"),
  json: z.boolean().default(false).describe("print JSON lines; the last one holds all results"),
  quiet: z.boolean().default(false).describe("print results only"),
});

export function resumeCommand(commands: () => readonly Registered[]): Command {
  const command = new Command("resume")
    .description("let a run that was stopped or killed go on, to bit-identical results")
    .argument("<run>", "folder of the run")
    .addHelpText("after", "\nExample:\n  pushforward resume runs/gapminder");
  return addOptions(command, schema).action(async (folder: string, given: Record<string, unknown>) => {
    await resume(folder, parseOptions(schema, given), commands());
  });
}

async function resume(name: string, options: z.infer<typeof schema>, commands: readonly Registered[]): Promise<void> {
  const folder = resolve(name);
  const { invocation } = await readRecord(folder);
  if (existsSync(join(folder, "results.json"))) {
    const done = { run: name, finished: true, report: join(name, "report.html") };
    process.stdout.write(options.json ? `${JSON.stringify(done)}\n` : `${name} is finished; report: ${done.report}\n`);
    return;
  }
  if (invocation === null)
    throw new UserError(`${name} was begun by a program, not by a command`, "let that program open the same folder again");
  // relative paths mean what they meant; a run that has moved to another machine is resumed from where its data are
  if (existsSync(invocation.cwd)) process.chdir(invocation.cwd);
  const { json, quiet, log, stopAt } = options;
  const again = { ...invocation.options, overwrite: false, out: folder, json, quiet, log, stopAt };
  const { run } = await import("./program.ts");
  const args = [...invocation.command, ...toFlags(again), "--", ...invocation.arguments];
  process.exitCode = await run(args, commands, undefined, {
    loggers: invocation.loggers,
    acceptChanges: options.acceptChanges,
  });
}
