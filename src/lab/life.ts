/**
 * The life of a run around the work of a method: options, folder and lock, resuming, progress, Ctrl-C, metrics, checkpoints, the page with
 * its pictures, files, results.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Random, randomStream } from "../array/random.ts";
import { UserError } from "../errors.ts";
import { duration } from "../numbers.ts";
import type { Figure } from "../plots/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { type Artifact, writeArtifact } from "./artifact.ts";
import { type Argument, type Command, type Description, declared, type Outcome } from "./command.ts";
import { interruptedExitCode, wasInterrupted } from "./interrupt.ts";
import { commandLine, version } from "./invocation.ts";
import type { RunOptions } from "./learner.ts";
import type { Reported } from "./metrics.ts";
import { decisive, type Shape, type SharedOptions, sharedOptions } from "./options.ts";
import { partOptions, type WhoWorks } from "./parts.ts";
import { type Progress, type ProgressMode, progress, progressMode } from "./progress.ts";
import { publish } from "./publish.ts";
import type { KeyNumber, ReportTable } from "./report.ts";
import { type Claim, type Config, checkFolder, claimFreeRun, claimRun, type Run } from "./run.ts";

/** Where data come from: a name for folders, a title for people, a file or a package. */
export interface Source {
  readonly name: string;
  readonly title: string;
  readonly source: string;
}

/** A problem that is ready to be worked on. Everything that can be checked has been checked. */
export interface Prepared<Problem> {
  readonly problem: Problem;
  readonly source: Source;
  /** What is done, for the line of progress: "training mlp on wine". */
  readonly label: string;
  /** Name of the folder below `runs`, where --out names none. */
  readonly folder: string;
  readonly steps: number;
  /** Settings that decide the result besides the options, and those that were filled in. */
  readonly config: Config;
  /** Told before the work begins, and again with the results. */
  readonly warnings: readonly string[];
  /** Steps between two evaluations; default: one at the end. */
  readonly evaluateEvery?: number;
  /** What the user may do when a metric is no longer a number. */
  readonly divergedHint?: string;
  /** Which state is the result, and when to stop: see `RunOptions`. */
  readonly best?: RunOptions["best"];
}

/** What came out, in numbers and words; more of it may serve figures and files. */
export interface Findings {
  readonly title: string;
  /** A sentence or two. */
  readonly summary: string;
  readonly numbers: readonly KeyNumber[];
  readonly tables?: readonly ReportTable[];
  /** What the reader should be warned of besides: said before the numbers. */
  readonly warnings: readonly string[];
  /** For programs: results.json. */
  readonly results: Readonly<Record<string, unknown>>;
  /** For people. @param took  the time that the run took */
  readonly text: (took: string) => readonly string[];
  /** Of the command; 0 unless something that was checked is wrong. */
  readonly exitCode?: number;
}

/** What a method is given besides its data: random numbers of its own, and how to show that it lives. */
export interface Desk {
  /** The run's stream; fold it by name. */
  readonly rng: Random;
  /** A line of progress for a part of the work. */
  readonly progress: (label: string, total: number, start?: number) => Progress;
}

type Options<S extends Shape> = SharedOptions & z.infer<z.ZodObject<S>>;

/** What all methods declare, however they work. What `prepare` makes is the problem, or a question that decides it (see choosing.ts). */
export interface MethodSpec<S extends Shape, Data, Problem, Found extends Findings, Asked = Problem> extends Description {
  readonly input: Argument;
  /** Its own options; those of all runs are added. */
  readonly options: z.ZodObject<S>;
  readonly commands?: readonly Command[];
  /** All numbers that its runs write, by name: what a sweep may ask for. */
  readonly metrics: Reported;
  /** Name of its random stream, where it is not that of the method. */
  readonly stream?: string;
  /** @throws UserError */
  readonly load: (input: string | undefined, options: Options<S>) => Promise<Data>;
  /** @throws UserError  for whatever could go wrong later */
  readonly prepare: (data: Data, options: Options<S>, desk: Desk) => Promise<Prepared<Asked>>;
  readonly figures: (found: Found, problem: Problem) => readonly Figure[] | Promise<readonly Figure[]>;
  readonly files?: (found: Found, problem: Problem) => Iterable<Artifact> | AsyncIterable<Artifact>;
}

/** @returns  nothing when it was interrupted */
export type Work<Problem, Found> = (prepared: Prepared<Problem>, run: Run, desk: Desk, who: WhoWorks) => Promise<Found | undefined>;
/** Does one part, given in JSON; whether it came to its end. */
export type Alone<Problem> = (part: string, folder: string, prepared: Prepared<Problem>, desk: Desk) => Promise<boolean>;

/** How a question becomes a problem. */
export interface Settling<Asked, Problem> {
  /** Whether there is work to do for it. @throws UserError  for other hands without work for them */
  readonly open: (asked: Prepared<Asked>, who: WhoWorks) => boolean;
  /** @param place  of the run, where it is open. @returns  nothing when it was interrupted */
  readonly settle: (
    asked: Prepared<Asked>,
    place: { readonly folder: string; readonly id: string } | undefined,
    desk: Desk,
    who: WhoWorks,
  ) => Promise<Prepared<Problem> | undefined>;
}

/** Of methods whose problem is what `prepare` makes. */
export const nothingOpen = { open: () => false, settle: async <P>(asked: P): Promise<P> => asked };

/** How a method works: before the run is begun, in it, and what a worker does for it. */
interface Way<Asked, Problem, Found> {
  readonly settling: Settling<Asked, Problem>;
  readonly work: Work<Problem, Found>;
  readonly alone?: Alone<Asked>;
}

/** The life of a run around its work. */
export function living<S extends Shape, Data, Problem, Found extends Findings, Asked = Problem>(
  spec: MethodSpec<S, Data, Problem, Found, Asked>,
  { work, alone, settling }: Way<Asked, Problem, Found>,
): Command {
  const options = z.object({ ...sharedOptions, ...(alone && partOptions), ...spec.options.shape });
  const live = async ([input]: readonly string[], given: z.infer<typeof options>): Promise<Outcome> => {
    const started = performance.now();
    const chosen = given as Options<S>; // the same options: TypeScript does not merge shapes that are generic
    const { part, ...who } = given as WhoWorks; // where there is an `alone`; nothing elsewhere
    if (who.workers !== undefined && who.queue !== undefined) throw new UserError("give either --workers or --queue, not both");
    if (part !== undefined && !chosen.out) throw new UserError("--part needs --out", "a folder for what comes out of the part");
    await chooseDevice(chosen);
    const mode = progressMode(chosen);
    const { out, overwrite } = chosen;
    const begun = ({ name, source }: Source) => ({
      ...{ command: spec.name, version: version(), dataset: name, source },
      ...decisive(chosen),
    });
    if (out) await checkFolder(out, { command: spec.name }, { overwrite }); // before large files are read
    const desk: Desk = {
      rng: randomStream(chosen.seed).fold(spec.stream ?? spec.name),
      progress: (label, total, start) => progress({ label, total, start, mode }),
    };
    const asked = await spec.prepare(await spec.load(input, chosen), chosen, desk);
    if (alone && part !== undefined && out) {
      if (!(await alone(part, out, asked, desk))) return interrupted(out);
      return { results: { part: out }, text: [`the part is done: ${join(out, "results.json")}`] };
    }
    const { source } = asked;
    const open = settling.open(asked, who);
    const ready = open ? undefined : await settling.settle(asked, undefined, desk, who);
    const configOf = ({ config }: Pick<Prepared<unknown>, "config">) => ({ ...begun(source), ...config });
    const config = configOf(ready ?? asked);
    const { claim, note }: { claim: Claim; note?: string } = out
      ? { claim: await claimRun(out, config, { overwrite, open }) }
      : await claimFreeRun(defaultFolder(asked), config, { overwrite, open });
    const { folder, record } = claim;
    const told = (ready ?? asked).warnings;
    tell([...told, ...(note ? [note] : [])], mode);
    let run: Run | undefined;
    try {
      const prepared = ready ?? (await settling.settle(asked, { folder, id: record.id }, desk, who));
      if (prepared === undefined) return interrupted(folder);
      tell(prepared.warnings.slice(told.length), mode);
      run = await claim.begin(open ? configOf(prepared) : undefined);
      const found = await work(prepared, run, desk, who);
      if (found === undefined) return interrupted(folder);
      const { problem } = prepared;
      const figures = await spec.figures(found, problem);
      for await (const artifact of spec.files?.(found, problem) ?? []) await writeArtifact(run, artifact);
      const seconds = (performance.now() - started) / 1000;
      const warnings = [...prepared.warnings, ...found.warnings];
      const results = { run: folder, ...found.results, seconds, warnings };
      const { title, summary, numbers, tables } = found;
      const provenance = { version: version(), data: source.source, "time taken": duration(seconds) };
      const shown = configOf(prepared);
      await publish(run, { title, summary, numbers, tables, figures, warnings, config: shown, command: commandLine(), provenance });
      await run.complete(results);
      await rm(join(folder, "parts"), { recursive: true, force: true });
      const report = `report: ${join(folder, "report.html")}`;
      const text = [...warnings.map((w) => `note: ${w}`), ...found.text(duration(seconds)), report];
      return { results, text, ...(found.exitCode !== undefined && { exitCode: found.exitCode }) };
    } finally {
      if (run) await run.close();
      else claim.release();
    }
  };
  return declared("method", { ...spec, arguments: [spec.input], options }, live);
}

/** Sets what computes. @throws UserError  for a device that is missing, before any work */
async function chooseDevice({ threads, device }: SharedOptions): Promise<void> {
  if (threads === undefined && device === undefined) return;
  const { configure, jit } = await import("../tensor/index.ts");
  configure({ ...(threads !== undefined && { threads }), ...(device && { device }) });
  if (device === undefined) return;
  const trial = jit((x: Tensor) => x.add(1));
  await trial(1).catch((error: Error) => {
    configure({ device: undefined });
    const [what, hint] = error.message.split(". Install ");
    throw new UserError(`--device ${device}: ${what}`, hint ? `install ${hint}` : "leave it out: the engine chooses");
  });
  await trial.dispose();
}

/** runs/cells for cells.csv: the name of a file without its ending. */
function defaultFolder({ folder, source: { name } }: Pick<Prepared<unknown>, "folder" | "source">): string {
  const short = name.replace(/(?<=.)(\.(csv|tsv|tab|txt|json|jsonl|ndjson|parquet|pq|npz|npy|h5ad|onnx|png))?(\.(gz|zst))?$/i, "");
  return join("runs", folder.replace(name, () => short).replace(/[^\w.-]+/g, "-"));
}

const interrupted = (folder: string): Outcome => ({
  results: { run: folder, interrupted: true },
  text: [`stopped; the same command goes on from ${folder}`],
  exitCode: wasInterrupted() ? interruptedExitCode : 0,
});

/** Says before the work what the reader should know. */
function tell(warnings: readonly string[], mode: ProgressMode): void {
  for (const message of warnings)
    if (mode === "json") process.stdout.write(`${JSON.stringify({ event: "note", message: `note: ${message}` })}\n`);
    else if (mode !== "quiet") process.stderr.write(`note: ${message}\n`);
}
