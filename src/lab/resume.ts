/** `pushforward resume`: a run that was stopped or killed goes on, to the same numbers as if it had not been. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { type Command, findCommand, job, type Outcome, type Registered } from "./command.ts";
import { talkOptions } from "./options.ts";
import { partOptions } from "./parts.ts";
import { readRecord } from "./record.ts";

const options = z.object({
  acceptChanges: z.boolean().default(false).describe("go on although the code or the input files have changed"),
  log: z.string().optional().describe("also log to tensorboard, mlflow=http://…, or both with a comma (default: as before)"),
  stopAt: z.int().min(1).optional().describe("pause after this step"),
  workers: partOptions.workers,
  queue: partOptions.queue,
  ...talkOptions,
});

export const resumeCommand = (registry: readonly Registered[]): Command =>
  job({
    name: "resume",
    summary: "let a run that was stopped or killed go on",
    description: "let a run that was stopped or killed go on, to bit-identical results",
    arguments: [{ name: "<run>", description: "folder of the run" }],
    examples: ["pushforward resume runs/gapminder"],
    options,
    run: ([folder], given) => resume(folder, given, registry),
  });

async function resume(name: string, given: z.infer<typeof options>, registry: readonly Registered[]): Promise<Outcome> {
  const folder = resolve(name);
  const { invocation } = await readRecord(folder);
  if (existsSync(join(folder, "results.json"))) {
    const report = join(name, "report.html");
    return { results: { run: name, finished: true, report }, text: [`${name} is finished; report: ${report}`] };
  }
  if (invocation === null)
    throw new UserError(`${name} was begun by a program, not by a command`, "let that program open the same folder again");
  const command = await findCommand(invocation.command.join(" "), registry);
  // relative paths mean what they meant; a run that has moved to another machine is resumed from where its data are
  if (existsSync(invocation.cwd)) process.chdir(invocation.cwd);
  const { acceptChanges, ...talk } = given;
  const again = { ...invocation.options, ...talk, overwrite: false, out: folder };
  return command.perform(invocation.arguments, again, { loggers: invocation.loggers, acceptChanges });
}
