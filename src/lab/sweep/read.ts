/** The file of a sweep, checked as a whole before anything runs. */
import { nearest, UserError } from "../../errors.ts";
import { type Command, findCommand, type Registered } from "../command.ts";
import { camelKey, camelKeys, readYaml } from "../config-file.ts";
import { checkMetric } from "../metrics.ts";
import { type OptionFacts, optionFacts, validate } from "../options.ts";
import { expand, jobCount, mostJobs, type Sweep, sweepSchema } from "./plan.ts";

/** Options of a run that a sweep sets itself. */
const taken = ["out", "seed", "json", "quiet", "overwrite", "config", "part"];

/**
 * @throws UserError  naming the file and what is wrong in it: an option that the command does not have, a value that it does not take
 */
export async function readSweep(file: string, registry: readonly Registered[]): Promise<Sweep> {
  try {
    const raw = validate(sweepSchema, readYaml(file));
    const { kind, options: schema, check: checkOptions, metrics } = await commandOf(raw.command, registry);
    if (kind !== "method") throw new UserError(`command: "${raw.command}" makes no runs with seeds`);
    const known = Object.keys(schema.shape);
    const text = (key: string) => textual(schema, key);
    const keyed = <T>(part: Record<string, T>): Record<string, T> =>
      Object.fromEntries(Object.entries(part).map(([key, v]) => [checked(camelKey(key), known), v]));
    const sweep: Sweep = {
      ...raw,
      options: withThreads(camelKeys(keyed(raw.options), text) as Sweep["options"], known),
      grid: keyed(raw.grid),
      random: raw.random && { ...raw.random, space: keyed(raw.random.space) },
    };
    check(sweep, known);
    // a mistake in the last of a thousand runs is better found now
    for (const { options } of expand(sweep)) {
      checkOptions(options);
      const reported = metrics(options);
      if (reported) checkMetric(sweep.metric, sweep.command, reported, { byStep: sweep.halving !== undefined });
    }
    return sweep;
  } catch (error) {
    throw error instanceof UserError && !error.message.startsWith(file) ? new UserError(`${file}: ${error.message}`, error.hint) : error;
  }
}

/** What a sweep has to know of the options of its command. */
export const optionFactsOf = async (command: string, registry: readonly Registered[]): Promise<OptionFacts> =>
  optionFacts((await commandOf(command, registry)).options);

/** One thread a run, unless the file says otherwise: the runs share the processors, and give the same bits on every machine. */
const withThreads = (options: Sweep["options"], known: readonly string[]): Sweep["options"] =>
  known.includes("threads") && options.threads === undefined ? { ...options, threads: 1 } : options;

function textual(schema: Command["options"], key: string): boolean {
  return schema.shape[key]?.safeParse("any text at all").success ?? false;
}

function checked(key: string, known: readonly string[]): string {
  if (taken.includes(key))
    throw new UserError(`a sweep sets ${key} itself`, key === "seed" ? "give the seeds under seeds:" : "leave it out");
  if (known.includes(key)) return key;
  const guess = nearest(key, known);
  throw new UserError(`unknown option ${key}`, guess && `did you mean ${guess}?`);
}

function check(sweep: Sweep, known: readonly string[]): void {
  const count = jobCount(sweep);
  if (count > mostJobs)
    throw new UserError(`${count} runs are too many (limit ${mostJobs})`, "a sample of them: random, with lists in its space");
  const parts = [sweep.options, sweep.grid, sweep.random?.space ?? {}].map(Object.keys);
  const twice = parts.flat().find((key, i, all) => all.indexOf(key) !== i);
  if (twice !== undefined) throw new UserError(`${twice} is set twice`, "each option belongs to one of options, grid and random");
  for (const [key, from] of Object.entries(sweep.random?.space ?? {}))
    if (!Array.isArray(from) && !(from.min < from.max && (from.scale === "linear" || from.min > 0)))
      throw new UserError(`random.space.${key}: min must be below max${from.scale === "log" ? ", and positive" : ""}`);
  if (sweep.halving === undefined) return;
  if (!known.includes("steps")) throw new UserError(`halving: ${sweep.command} has no steps`);
  if (parts.flat().includes("steps")) throw new UserError("halving sets steps itself", "give its last round's as halving.max");
  if (sweep.halving.min > sweep.halving.max) throw new UserError("halving: min is above max");
}

async function commandOf(name: string, registry: readonly Registered[]): Promise<Command> {
  try {
    return await findCommand(name, registry);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`command: ${error.message}`, error.hint) : error;
  }
}
